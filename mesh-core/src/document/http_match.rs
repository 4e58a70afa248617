//! The conditions of an HTTP rule.

use super::{
    node::Value,
    read::{At, Read},
};
use std::collections::BTreeMap;

/// One block of conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HttpMatch {
    /// A name for logs, appended to the rule's. Default: none.
    pub name: String,
    /// The path, without its query. Default: any.
    pub uri: Option<StringMatch>,
    /// The scheme. Default: any.
    pub scheme: Option<StringMatch>,
    /// The method. Default: any.
    pub method: Option<StringMatch>,
    /// The authority as received, port included. Default: any.
    pub authority: Option<StringMatch>,
    /// Headers that must match. Default: none.
    pub headers: BTreeMap<String, StringMatch>,
    /// Headers that must not match. Default: none.
    pub without_headers: BTreeMap<String, StringMatch>,
    /// Query parameters that must match. Default: none.
    pub query_params: BTreeMap<String, StringMatch>,
    /// The port the request came to. Default: any.
    pub port: Option<u32>,
    /// Labels that the client's workload must have. Default: none.
    pub source_labels: BTreeMap<String, String>,
    /// The namespace the client must be in. Default: any.
    pub source_namespace: String,
    /// The gateways where this block applies. Default: those of the VirtualService.
    pub gateways: Vec<String>,
    /// Whether letter case matters in `uri` (exact and prefix). Default: false.
    pub ignore_uri_case: bool,
}

/// A comparison with a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StringMatch {
    /// Anything at all: `{}`.
    Present,
    /// Equal.
    Exact(String),
    /// Starts with.
    Prefix(String),
    /// The whole text matches this RE2 expression.
    Regex(String),
}

impl Read for HttpMatch {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore("statPrefix");
            Self {
                name: f.take("name"),
                uri: f.maybe("uri"),
                scheme: f.maybe("scheme"),
                method: f.maybe("method"),
                authority: f.maybe("authority"),
                headers: f.take("headers"),
                without_headers: f.take("withoutHeaders"),
                query_params: f.take("queryParams"),
                port: f.maybe("port"),
                source_labels: f.take("sourceLabels"),
                source_namespace: f.take("sourceNamespace"),
                gateways: f.take("gateways"),
                ignore_uri_case: f.take("ignoreUriCase"),
            }
        })
    }
}

impl Read for StringMatch {
    fn read(at: At<'_>) -> Option<Self> {
        if at.node.is_null() {
            at.refuse_with("a match cannot be null", "write {} to ask only for presence");
            return None;
        }
        if let Value::Text(_) = &at.node.value {
            at.refuse_with("expected exact, prefix or regex, found text", "write {exact: …}");
            return None;
        }
        at.object(|f| {
            let found = [
                f.maybe("exact").map(Self::Exact),
                f.maybe("prefix").map(Self::Prefix),
                f.maybe("regex").map(Self::Regex),
            ];
            let mut found = found.into_iter().flatten();
            let first = found.next().unwrap_or(Self::Present);
            if found.next().is_some() {
                f.here().refuse_with("exact, prefix and regex exclude one another", "keep one");
            }
            first
        })
    }
}
