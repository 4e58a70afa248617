//! Documents as values: read, looked into, put together and written again for the mesh to read.

use mesh_core::{
    dialect::Setting,
    document::{Node, Value as Written},
    model::Model,
    source::{Batch, parse},
    watch::{Ledger, Status},
};
use serde_json::{Map, Value};
use std::{fs, path::Path, sync::Arc};

/// The documents of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Value>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let parsed = parse(&bytes, &Arc::from(path.display().to_string()));
    match parsed.fault {
        Some(fault) => Err(fault.to_string()),
        None => Ok(parsed.documents.iter().map(value).filter(Value::is_object).collect()),
    }
}

/// What the mesh reads of documents; those that name no namespace are of `default`.
pub(crate) fn batch(documents: &[Value]) -> Arc<Batch> {
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    Arc::new(Batch::of("documents.yaml".into(), texts.join("\n---\n").as_bytes(), "default"))
}

/// What documents mean together, and how each of them stands.
pub(crate) fn take(documents: &[Value]) -> (Model, Status) {
    Ledger::new(Setting::default()).take(&[batch(documents)])
}

fn value(node: &Node) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Bool(is) => (*is).into(),
        Written::Int(number) => (*number).into(),
        Written::Float(number) => (*number).into(),
        Written::Text(text) => (**text).into(),
        Written::List(items) => items.iter().map(value).collect(),
        Written::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.to_string(), value(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// Whether a document is of a kind, whatever its version; the core group's name is empty.
pub(crate) fn is_kind(document: &Value, group: &str, kind: &str) -> bool {
    let version = text(document, "apiVersion");
    let own = version.split_once('/').map_or("", |(group, _)| group);
    own == group && text(document, "kind") == kind
}

/// A document's name.
pub(crate) fn name(document: &Value) -> &str {
    text(&document["metadata"], "name")
}

/// A document's namespace.
pub(crate) fn namespace(document: &Value) -> &str {
    or(text(&document["metadata"], "namespace"), "default")
}

/// The text of a field; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The items of a field; none when there is none.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text, or another in place of an empty one.
pub(crate) fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// The full name of a service.
pub(crate) fn full_name(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.svc.cluster.local")
}
