//! Faults as SARIF 2.1.0, which code review tools show beside the lines they are about.

use mesh_core::{
    dialect::{CODES, Code},
    document::{Fault, Place, Severity},
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

/// The rule of faults that have no code of Istio's.
const NO_CODE: &str = "mesh";

/// One run of `meshctl` with a result for each fault, in their order; `folder` is the absolute one that it ran in.
pub(super) fn log(faults: &[Fault], folder: &Path) -> Value {
    let ids: BTreeSet<_> = faults.iter().map(rule_id).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let rules: Vec<_> = ids.iter().map(|id| rule(id)).collect();
    let results: Vec<_> = faults.iter().map(|fault| result(fault, &ids, folder)).collect();
    let version = env!("CARGO_PKG_VERSION");
    let driver = json!({"name": "meshctl", "version": version, "semanticVersion": version, "rules": rules});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    })
}

fn rule_id(fault: &Fault) -> &'static str {
    fault.code.unwrap_or(NO_CODE)
}

fn rule(id: &str) -> Value {
    let Some(Code { id, severity, title, help, .. }) = CODES.iter().find(|code| code.id == id) else {
        let title = "The mesh refuses this document, or reads it otherwise than its writer may have meant.";
        let help = "The message says what is wrong and, in parentheses, what to do about it.";
        return json!({"id": id, "shortDescription": {"text": title}, "help": {"text": help}});
    };
    json!({
        "id": id,
        "shortDescription": {"text": format!("{title}.")},
        "help": {"text": help},
        "helpUri": help_uri(id),
        "defaultConfiguration": {"level": level(*severity)},
    })
}

/// Where a code's own project describes it.
fn help_uri(id: &str) -> String {
    match id.starts_with("KIA") {
        true => "https://kiali.io/docs/features/validations/".to_owned(),
        false => {
            format!("https://istio.io/latest/docs/reference/config/analysis/{}/", id.to_lowercase())
        }
    }
}

fn result(fault: &Fault, ids: &[&str], folder: &Path) -> Value {
    let id = rule_id(fault);
    let mut location = Map::new();
    location.insert("physicalLocation".into(), physical(&fault.place, folder));
    if let Some(logical) = logical(fault) {
        location.insert("logicalLocations".into(), json!([logical]));
    }
    json!({
        "ruleId": id,
        "ruleIndex": ids.iter().position(|other| *other == id),
        "level": level(fault.severity),
        "message": {"text": message(fault)},
        "locations": [location],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// What is wrong and what to do; single braces would stand for arguments (SARIF 2.1.0, section 3.11.5).
fn message(Fault { reason, remedy, .. }: &Fault) -> String {
    let text = remedy.as_ref().map_or_else(|| reason.clone(), |remedy| format!("{reason} ({remedy})"));
    text.replace('{', "{{").replace('}', "}}")
}

/// The file and line; a fault of a whole file has no region, since lines are counted from 1.
fn physical(place: &Place, folder: &Path) -> Value {
    let artifact = artifact(place.file(), folder);
    match place.line() {
        0 => json!({"artifactLocation": artifact}),
        line => json!({"artifactLocation": artifact, "region": {"startLine": line}}),
    }
}

/// The file: relative where it is below the folder, which stands for the root of the sources.
fn artifact(file: &str, folder: &Path) -> Value {
    let path = without_dots(&folder.join(file));
    match path.strip_prefix(without_dots(folder)) {
        Ok(below) => json!({"uri": encoded(below), "uriBaseId": "%SRCROOT%"}),
        Err(_) => json!({"uri": format!("file://{}", encoded(&path))}),
    }
}

/// The path without `.` and `..`, by its text alone: a link stays the file that the user named.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The path as that of a URI (RFC 3986): a colon is encoded too, since in front it would end a scheme.
fn encoded(path: &Path) -> String {
    let mut uri = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => {}
            other => {
                if path.has_root() || !uri.is_empty() {
                    uri.push('/');
                }
                encode(&other.as_os_str().to_string_lossy(), &mut uri);
            }
        }
    }
    uri
}

fn encode(segment: &str, uri: &mut String) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The object and the field within it, as far as they are known.
fn logical(Fault { object, path, .. }: &Fault) -> Option<Value> {
    match (&**object, &**path) {
        ("", "") => None,
        (object, "") => Some(json!({"name": object, "fullyQualifiedName": object, "kind": "object"})),
        ("", path) => Some(json!({"name": path, "fullyQualifiedName": path, "kind": "property"})),
        (object, path) => {
            let full = format!("{object}: {path}");
            Some(json!({"name": path, "fullyQualifiedName": full, "kind": "property"}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(file: &str, code: Option<&'static str>) -> Fault {
        Fault { code, ..Fault::error(Place::new(file, 0), "no") }
    }

    #[test]
    fn rules_are_the_distinct_codes_in_order() {
        let faults =
            [fault("a", None), fault("b", Some("IST0109")), fault("c", None), fault("d", Some("IST0101"))];
        let log = log(&faults, Path::new("/work"));
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["IST0101", "IST0109", "mesh"]);
        assert_eq!(rules[0]["helpUri"], "https://istio.io/latest/docs/reference/config/analysis/ist0101/");
        assert_eq!(rules[0]["defaultConfiguration"]["level"], "error");
        assert!(rules.iter().all(|rule| rule["help"]["text"].is_string()), "{rules:?}");
        let indexes: Vec<_> = run["results"].as_array().unwrap().iter().map(|it| &it["ruleIndex"]).collect();
        assert_eq!(indexes, [2, 1, 2, 0]);
    }

    #[test]
    fn a_file_below_the_folder_is_relative_and_another_one_is_not() {
        let uri = |file: &str| artifact(file, Path::new("/home/me"))["uri"].clone();
        assert_eq!(uri("./mesh/a.yaml"), "mesh/a.yaml");
        assert_eq!(uri("/home/me/mesh/a.yaml"), "mesh/a.yaml");
        assert_eq!(uri("../me/a.yaml"), "a.yaml");
        assert_eq!(uri("../you/a.yaml"), "file:///home/you/a.yaml");
        assert_eq!(uri("c:a b/é#%.yaml"), "c%3Aa%20b/%C3%A9%23%25.yaml");
    }

    #[test]
    fn a_fault_says_how_much_it_matters_and_of_what_it_is() {
        let levels = [Severity::Error, Severity::Warning, Severity::Info].map(level);
        assert_eq!(levels, ["error", "warning", "note"]);
        assert_eq!(message(&fault("a", None).with_remedy("write {0}")), "no (write {{0}})");
        assert_eq!(logical(&fault("a", None)), None);
        let whole = Fault { object: "Service/a".into(), ..fault("a", None) };
        assert_eq!(logical(&whole).unwrap()["fullyQualifiedName"], "Service/a");
        let field = Fault { path: "spec.ports[0]".into(), ..whole };
        assert_eq!(logical(&field).unwrap()["fullyQualifiedName"], "Service/a: spec.ports[0]");
    }
}
