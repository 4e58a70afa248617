//! Differences as people read them.

use crate::{
    generate::Target,
    istiod::Door,
    outcome::Outcome,
    world::{World, pretty},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// A request that the two sides treat differently, the rules that may be for it, and what each side does.
pub(crate) fn difference(
    world: &World,
    target: &Target,
    ours: &BTreeSet<Outcome>,
    envoys: &BTreeSet<Outcome>,
) -> String {
    let rules: Vec<String> =
        world.virtual_services.iter().filter(|rules| may_be_for(rules, target)).map(pretty).collect();
    let doors = match target.door {
        Door::Mesh(_) => String::new(),
        Door::Gateway(_) => {
            world.gateways.iter().map(|gateway| format!("---\n{}", pretty(gateway))).collect()
        }
    };
    let headers: String = target.all_headers().map(|(name, value)| format!("\n{name}: {value:?}")).collect();
    let Target { door, method, path, .. } = target;
    format!(
        "\n=== world {}, {door:?}\n{}{doors}\n{method} {path}{headers}\n\nEnvoy: {envoys:#?}\n\nthe mesh: {ours:#?}\n",
        world.number,
        rules.join("---\n"),
    )
}

/// Whether a VirtualService names the request's host, in whatever form.
fn may_be_for(rules: &Value, target: &Target) -> bool {
    let host = target.authority.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let names = |pattern: &str| match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern.split('.').next() == host.split('.').next(),
    };
    rules["spec"]["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str).any(names)
}
