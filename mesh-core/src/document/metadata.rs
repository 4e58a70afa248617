//! What every object says about itself.

use super::{
    kind::Kind,
    object::Key,
    read::{At, Read},
    timestamp::Timestamp,
};
use std::collections::BTreeMap;

/// The `metadata` of an object, as far as the mesh uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace, with the default filled in.
    pub namespace: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was made, if it has been in a cluster.
    pub created: Option<Timestamp>,
}

impl Metadata {
    /// What identifies the object that it is of.
    pub(super) fn key(&self, kind: Kind) -> Key {
        Key { kind, namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl Read for Metadata {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            if !f.has("name") {
                f.here().refuse_with("name is missing", "give the object a name");
            }
            Self {
                name: f.maybe("name").map(|Name(name)| name).unwrap_or_default(),
                namespace: f.maybe("namespace").map(|Namespace(name)| name).unwrap_or_default(),
                labels: f.take("labels"),
                annotations: f.take("annotations"),
                created: f.maybe("creationTimestamp"),
            }
        })
    }
}

/// The name of an object: a DNS-1123 subdomain.
struct Name(String);

impl Read for Name {
    fn read(at: At<'_>) -> Option<Self> {
        let name = String::read(at)?;
        if name.len() > 253 || !name.split('.').all(is_dns_label) {
            let remedy = "use lower-case letters, digits, '-' and '.', at most 253 of them";
            at.refuse_with(format!("{name:?} is not a valid DNS subdomain"), remedy);
            return None;
        }
        Some(Self(name))
    }
}

/// The name of a namespace: a DNS-1123 label, or empty for the default one.
struct Namespace(String);

impl Read for Namespace {
    fn read(at: At<'_>) -> Option<Self> {
        let name = String::read(at)?;
        if name.len() > 63 || !(name.is_empty() || is_dns_label(&name)) {
            let remedy = "use lower-case letters, digits and '-', at most 63 of them";
            at.refuse_with(format!("{name:?} is not a valid DNS label"), remedy);
            return None;
        }
        Some(Self(name))
    }
}

/// Whether `label` is a label of DNS-1123, of any length.
fn is_dns_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}
