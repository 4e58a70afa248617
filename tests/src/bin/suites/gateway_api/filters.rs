//! What an HTTPRoute does to requests and responses.

use super::{Cluster, rules::NewPath};
use crate::documents::{list, text};
use serde_json::{Map, Value, json};

/// What filters do: the new path, and fields of a rule in Istio's words.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) path: Option<NewPath>,
    pub(super) fields: Map<String, Value>,
}

/// Reads filters; `from` is the namespace of their route.
pub(super) fn read(cluster: Cluster<'_>, filters: &[Value], from: &str) -> Result<Changes, String> {
    let mut changes = Changes::default();
    for filter in filters {
        match text(filter, "type") {
            "RequestHeaderModifier" => changes.headers("request", &filter["requestHeaderModifier"])?,
            "ResponseHeaderModifier" => changes.headers("response", &filter["responseHeaderModifier"])?,
            "RequestRedirect" => changes.redirect(&filter["requestRedirect"])?,
            "URLRewrite" => changes.rewrite(&filter["urlRewrite"])?,
            "RequestMirror" => changes.mirror(cluster, &filter["requestMirror"], from)?,
            other => return Err(format!("filters of type {other}")),
        }
    }
    Ok(changes)
}

impl Changes {
    fn headers(&mut self, of: &str, written: &Value) -> Result<(), String> {
        let headers = self.fields.entry("headers").or_insert_with(|| json!({}));
        for operation in ["set", "add"] {
            for item in list(written, operation) {
                let name = text(item, "name").to_ascii_lowercase();
                let former = &mut headers[of][operation][&name];
                if operation == "add" && !former.is_null() {
                    return Err("a header that is added twice".to_owned());
                }
                *former = item["value"].clone();
            }
        }
        if written["remove"].is_array() {
            headers[of]["remove"] = written["remove"].clone();
        }
        Ok(())
    }

    fn redirect(&mut self, written: &Value) -> Result<(), String> {
        let mut redirect = json!({"redirectCode": written["statusCode"].as_u64().unwrap_or(302)});
        for (from, to) in [("scheme", "scheme"), ("hostname", "authority"), ("port", "port")] {
            if !written[from].is_null() {
                redirect[to] = written[from].clone();
            }
        }
        if written["port"].is_null() {
            let is_scheme_new = written["scheme"].is_string();
            let port = if is_scheme_new { "FROM_PROTOCOL_DEFAULT" } else { "FROM_REQUEST_PORT" };
            redirect["derivePort"] = port.into();
        }
        self.path = new_path(&written["path"])?;
        self.fields.insert("redirect".to_owned(), redirect);
        Ok(())
    }

    fn rewrite(&mut self, written: &Value) -> Result<(), String> {
        if let Some(host) = written["hostname"].as_str() {
            self.fields.insert("rewrite".to_owned(), json!({"authority": host}));
        }
        self.path = new_path(&written["path"])?;
        Ok(())
    }

    fn mirror(&mut self, cluster: Cluster<'_>, written: &Value, from: &str) -> Result<(), String> {
        let backend = &written["backendRef"];
        let Some(host) = cluster.backend(backend, from)? else { return Ok(()) };
        let fraction = &written["fraction"];
        let share = match (written["percent"].as_f64(), fraction["numerator"].as_f64()) {
            (Some(percent), _) => percent,
            (None, Some(part)) => part * 100.0 / fraction["denominator"].as_f64().unwrap_or(100.0),
            (None, None) => 100.0,
        };
        let destination = json!({"host": host, "port": {"number": backend["port"]}});
        let mirror = json!({"destination": destination, "percentage": {"value": share}});
        let mirrors = self.fields.entry("mirrors").or_insert_with(|| json!([]));
        mirrors.as_array_mut().into_iter().for_each(|mirrors| mirrors.push(mirror.clone()));
        Ok(())
    }
}

fn new_path(written: &Value) -> Result<Option<NewPath>, String> {
    match written["type"].as_str() {
        None => Ok(None),
        Some("ReplaceFullPath") => Ok(Some(NewPath::Full(text(written, "replaceFullPath").to_owned()))),
        Some("ReplacePrefixMatch") => {
            Ok(Some(NewPath::Prefix(text(written, "replacePrefixMatch").to_owned())))
        }
        Some(other) => Err(format!("a path that is replaced by {other}")),
    }
}
