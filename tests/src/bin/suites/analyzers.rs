//! Documents together, and what Istio's analyzers say of each of them.

use crate::{judgement::Outcome, suite::read};
use mesh_core::{
    dialect::Setting,
    document::{Document, Fault, Reading},
    source::Batch,
    watch::Ledger,
};
use serde::Deserialize;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

/// The file that lists the cases.
pub(crate) const INDEX: &str = "analyzers_index.json";

/// The codes that each analyzer can give. What a case says is about its own analyzer alone.
const CODES: &[(&str, &[&str])] = &[
    ("deployment.ServiceAssociationAnalyzer", &["IST0116", "IST0137"]),
    ("destinationrule.CaCertificateAnalyzer", &["IST0128", "IST0129"]),
    ("destinationrule.PodNotSelectedAnalyzer", &["IST0173", "IST0174"]),
    ("gateway.CertificateAnalyzer", &["IST0138"]),
    ("gateway.ConflictingGatewayAnalyzer", &["IST0101", "IST0145"]),
    ("gateway.IngressGatewayPortAnalyzer", &["IST0101", "IST0162"]),
    ("gateway.SecretAnalyzer", &["IST0101", "IST0161"]),
    ("schemaValidation.CollectionValidationAnalyzer", &["IST0106", "IST0130", "IST0131"]),
    ("service.PortNameAnalyzer", &["IST0118", "IST0150"]),
    ("serviceentry.ConflictingServiceEntryProtocolAnalyzer", &["IST0177"]),
    ("serviceentry.ProtocolAddressesAnalyzer", &["IST0134"]),
    ("telemetry.DefaultSelectorAnalyzer", &["IST0160"]),
    ("telemetry.ProviderAnalyzer", &["IST0157"]),
    ("telemetry.SelectorAnalyzer", &["IST0101", "IST0159"]),
    ("virtualservice.ConflictingMeshGatewayHostsAnalyzer", &["IST0109"]),
    ("virtualservice.DestinationRuleAnalyzer", &["IST0101"]),
    ("virtualservice.GatewayAnalyzer", &["IST0101", "IST0132", "IST0165"]),
];

/// Why nothing can be said of the other analyzers' subjects.
const UNSAID: &[(&str, &str)] = &[
    ("annotations.", "the annotations are those of Istio's sidecar, which is not there"),
    ("maturity.", "the annotations are those of Istio's sidecar, which is not there"),
    ("authn.", "what policies refer to is not analysed yet"),
    ("authz.", "what policies refer to is not analysed yet"),
    ("conditions.", "conditions are what a control plane reports, which is not there"),
    ("deployment.ApplicationUID", "no user is reserved for a sidecar, which is not there"),
    ("envoyfilter.", "there is no Envoy to patch"),
    ("externalcontrolplane.", "webhooks lead to a control plane, which is not there"),
    ("injection.", "no sidecar is injected"),
    ("k8sgateway.", "documents of the Gateway API are not read yet"),
    ("telemetry.", "deprecated providers are not told of"),
];

/// One case of the index.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    analyzer: String,
    /// The documents, relative to the index.
    input_files: Vec<String>,
    /// The settings of the whole mesh, if they are not the defaults.
    mesh_config: Option<String>,
    expected: Vec<Message>,
}

/// What an analyzer says of one object.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    code: String,
    kind: String,
    /// `namespace/name`, or a name in the default namespace.
    resource: String,
}

/// Judges every case, by analyzer.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let cases: Vec<Case> = read(&folder.join(INDEX))?;
    cases.iter().map(|case| Ok((case.analyzer.clone(), case.id.clone(), outcome(folder, case)?))).collect()
}

fn outcome(folder: &Path, case: &Case) -> Result<Outcome, String> {
    let Some((_, codes)) = CODES.iter().find(|(analyzer, _)| *analyzer == case.analyzer) else {
        let reason = UNSAID.iter().find(|(analyzer, _)| case.analyzer.starts_with(analyzer));
        return Ok(Outcome::unsaid(reason.map_or("no judge for this analyzer yet", |(_, reason)| reason)));
    };
    if case.mesh_config.is_some() {
        return Ok(Outcome::unsaid("the settings of the whole mesh are not read from documents yet"));
    }
    let batches = case.input_files.iter().map(|file| batch(folder, file)).collect::<Result<Vec<_>, _>>()?;
    let Ok(faults) = catch_unwind(AssertUnwindSafe(|| faults(&batches))) else {
        let (expected, got) = (say(&case.expected), "a panic".to_owned());
        return Ok(Outcome::Differs { expected, got, fault: None });
    };
    let mut told: Vec<_> = faults.iter().filter_map(|fault| message(fault, &batches)).collect();
    told.retain(|message| codes.contains(&message.code.as_str()));
    told.sort();
    let mut expected: Vec<_> = case.expected.iter().map(whole).collect();
    expected.sort();
    Ok(match told == expected {
        true => Outcome::Agrees,
        false => Outcome::Differs { expected: say(&expected), got: say(&told), fault: None },
    })
}

/// Reads a file, with all that it says in lower case where it names something: Istio's analyzers are tried with names
/// that have capital letters, which Kubernetes refuses.
fn batch(folder: &Path, file: &str) -> Result<Arc<Batch>, String> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = |line: &str| match line.trim_start().starts_with("name: ") {
        true => line.to_ascii_lowercase(),
        false => line.to_owned(),
    };
    let text = text.lines().map(line).collect::<Vec<_>>().join("\n");
    Ok(Arc::new(Batch::of(file.into(), text.as_bytes(), "default")))
}

fn faults(batches: &[Arc<Batch>]) -> Vec<Fault> {
    Ledger::new(Setting::default()).take(batches).1.faults
}

/// A fault as Istio names it. Whatever a document is refused for is a fault of its schema.
fn message(fault: &Fault, batches: &[Arc<Batch>]) -> Option<Message> {
    let code = fault.code.or(fault.is_refusal().then_some("IST0106"))?;
    let kind = fault.object.split('/').next().unwrap_or_default();
    let metadata = &document(fault, batches)?.metadata;
    let resource = format!("{}/{}", metadata.namespace, metadata.name);
    Some(Message { code: code.to_owned(), kind: kind.to_owned(), resource })
}

/// The document that a fault is about: the last one that starts above it.
fn document<'b>(fault: &Fault, batches: &'b [Arc<Batch>]) -> Option<&'b Document> {
    let batch = batches.iter().find(|batch| batch.file == *fault.place.file())?;
    let documents = batch.readings.iter().filter_map(|reading| match reading {
        Reading::Good { document, .. } => Some(&**document),
        Reading::Bad { .. } | Reading::Skipped { .. } => None,
    });
    documents.take_while(|document| document.place.line() <= fault.place.line()).last()
}

fn whole(message: &Message) -> Message {
    let resource = message.resource.to_ascii_lowercase();
    let resource = if resource.contains('/') { resource } else { format!("default/{resource}") };
    Message { resource, ..message.clone() }
}

fn say(messages: &[Message]) -> String {
    let messages: Vec<_> =
        messages.iter().map(|it| format!("{} {}/{}", it.code, it.kind, it.resource)).collect();
    format!("[{}]", messages.join(", "))
}
