//! Documents within documents: the MeshConfig that a ConfigMap holds as text.

use super::yaml::{Parsed, parse};
use crate::document::{self, Fault, Node, Origin, Reading, Value};

/// The key of a ConfigMap under which Istio keeps its MeshConfig.
const MESH: &str = "mesh";

/// Reads what a document of a file says, with the documents within it.
pub(super) fn read(mut root: Node, origin: &Origin, namespace: &str) -> Vec<Reading> {
    match unfold(&mut root, origin) {
        None => document::read_from(&root, origin, namespace),
        Some(fault) => vec![Reading::Bad { key: None, faults: vec![fault], draft: None }],
    }
}

/// Puts the values in place of the text of a MeshConfig, each with its line in the file; gives the mistake in the text, if
/// there is one.
fn unfold(root: &mut Node, origin: &Origin) -> Option<Fault> {
    if let Some(Value::List(items)) = member(root, "items").map(|items| &mut items.value) {
        return items.iter_mut().find_map(|item| unfold(item, origin));
    }
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_text);
    if root.get("kind").and_then(Node::as_text) != Some("ConfigMap") || name != Some("istio") {
        return None;
    }
    let mesh = member(member(root, "data")?, MESH)?;
    let before = mesh.line.saturating_sub(1);
    let Parsed { documents, fault } = parse(mesh.as_text()?.as_bytes(), origin.file());
    if let Some(fault) = fault {
        let place = origin.line(before + fault.place.line());
        return Some(Fault { place, ..fault });
    }
    if let Some(mut inner) = documents.into_iter().next() {
        lower(&mut inner, before);
        *mesh = inner;
    }
    None
}

fn member<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|entry| *entry.key == *key).map(|entry| &mut entry.value)
}

fn lower(node: &mut Node, by: u32) {
    node.line = node.line.saturating_add(by);
    match &mut node.value {
        Value::List(elements) => elements.iter_mut().for_each(|element| lower(element, by)),
        Value::Map(entries) => {
            for entry in entries {
                entry.line = entry.line.saturating_add(by);
                lower(&mut entry.value, by);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}
