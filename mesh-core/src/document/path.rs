//! Where in a document something stands: `spec.http[0].route[1].weight`.

use std::fmt;

/// A field path, built on the stack while a document is read, so that a faultless document allocates none.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The document itself.
    Root,
    /// A field of what the first part names.
    Field(&'a Path<'a>, &'a str),
    /// An element of the list that the first part names, counted from 0.
    Index(&'a Path<'a>, usize),
    /// A key of the map that the first part names: a header's name, a label's.
    Key(&'a Path<'a>, &'a str),
}

impl<'a> Path<'a> {
    /// The path of one of this object's fields.
    #[must_use]
    pub fn field(&'a self, name: &'a str) -> Path<'a> {
        Path::Field(self, name)
    }

    /// The path of one of this list's elements, counted from 0.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }

    /// The path of one of this map's keys.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            // Anybody can write anything for a field's name, line breaks included; a fault is one line all the same.
            Path::Field(Path::Root, name) => write!(f, "{}", name.escape_debug()),
            Path::Field(parent, name) => write!(f, "{parent}.{}", name.escape_debug()),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Path::Key(parent, key) => write!(f, "{parent}[{key:?}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_istio_users_write_it() {
        let spec = Path::Root.field("spec");
        let http = spec.field("http");
        let rule = http.index(0);
        let headers = rule.field("headers");
        assert_eq!(headers.key("X-group").to_string(), "spec.http[0].headers[\"X-group\"]");
    }
}
