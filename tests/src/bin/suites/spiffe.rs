//! SPIFFE ids: what is one, what it says, and by which other names Istio knows a workload.

use crate::{
    documents::{list, text},
    judgement::Outcome,
};
use mesh_core::identity::{SpiffeId, TrustDomain};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A text that is an id, or none, by the specification.
pub(crate) fn id(row: &Value) -> Outcome {
    let Some(valid) = row["valid"].as_bool() else { return Outcome::unsaid("no verdict") };
    let expected = valid.then(|| (text(row, "trust_domain").to_owned(), text(row, "path").to_owned()));
    let id = SpiffeId::parse(text(row, "input"));
    Outcome::of(&expected, &id.ok().map(|id| (id.trust_domain().to_owned(), id.path().to_owned())))
}

/// One of Istio's own tests.
pub(crate) fn of_istio(row: &Value) -> Outcome {
    match text(row, "id").split('/').nth(1) {
        Some("TestGenSpiffeURI") => generated(row),
        Some("TestExpandWithTrustDomains") => expanded(row),
        Some("TestIdentity") => workload(row),
        _ => Outcome::unsaid("no judge"),
    }
}

fn generated(row: &Value) -> Outcome {
    // As a MeshConfig is read.
    let domain = text(row, "trustDomain").replace('@', ".");
    let id = TrustDomain::parse(&domain).and_then(|domain| {
        SpiffeId::of_workload(&domain, text(row, "namespace"), text(row, "serviceAccount"))
    });
    Outcome::of(&Ok(text(row, "expectedURI").to_owned()), &id.map(|id| id.to_string()))
}

/// What is no id stays as it is, and counts for nobody.
fn expanded(row: &Value) -> Outcome {
    let texts = |key| list(row, key).iter().filter_map(Value::as_str);
    let domains: Vec<_> = texts("trustDomains").filter_map(|name| TrustDomain::parse(name).ok()).collect();
    let expand = |written: &str| match SpiffeId::parse(written) {
        Ok(id) => id.by_all_names(&domains).map(|name| name.to_string()).collect(),
        Err(_) => vec![written.to_owned()],
    };
    let got: BTreeSet<String> = texts("spiffeURI").flat_map(expand).collect();
    let want = row["want"].as_object().into_iter().flat_map(Map::keys).cloned();
    Outcome::of(&want.collect(), &got)
}

fn workload(row: &Value) -> Outcome {
    if text(row, "input").contains("//sa/") {
        return Outcome::unsaid("a segment is empty: Istio takes that, and no SPIFFE id has it");
    }
    let field = |name| text(&row["expected"], name).to_owned();
    let expected = (!row["expected"].is_null())
        .then(|| [field("TrustDomain"), field("Namespace"), field("ServiceAccount")]);
    let id = SpiffeId::parse(text(row, "input")).ok();
    let got = id.as_ref().and_then(|id| {
        let (namespace, account) = id.workload()?;
        Some([id.trust_domain(), namespace, account].map(str::to_owned))
    });
    Outcome::of(&expected, &got)
}
