//! Tags of spans.

use super::{Site, log_format};
use crate::{
    document::{self, Path},
    model::CustomTag,
};
use http::HeaderName;
use std::{collections::BTreeMap, sync::Arc};

pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, document::CustomTag>,
) -> BTreeMap<Arc<str>, CustomTag> {
    let tag = |(name, written): (&String, &document::CustomTag)| {
        let at = at.key(name);
        if name.is_empty() {
            site.check.refuse(&at, "tag name may not be empty");
        }
        Some((Arc::from(name.as_str()), self::tag(site, &at, name, written)?))
    };
    written.iter().filter_map(tag).collect()
}

fn tag(site: Site<'_>, at: &Path<'_>, name: &str, written: &document::CustomTag) -> Option<CustomTag> {
    use document::CustomTag as Written;
    let empty = |field: &str, what: &str| {
        site.check.refuse(&at.field(field), format!("{what} may not be empty"));
        None
    };
    let default = |source: &document::TagSource| {
        Some(source.default_value.as_str()).filter(|text| !text.is_empty()).map(Arc::from)
    };
    match written {
        Written::Unset => {
            let remedy = "write literal, environment, header or formatter";
            site.check.refuse_with(at, format!("tag '{name}' may not have a nil value"), remedy);
            None
        }
        Written::Literal(text) if text.is_empty() => empty("literal", "literal tag value"),
        Written::Literal(text) => Some(CustomTag::Literal(text.as_str().into())),
        Written::Environment(source) if source.name.is_empty() => {
            empty("environment", "environment tag name")
        }
        Written::Environment(source) => {
            Some(CustomTag::Environment { name: source.name.as_str().into(), default: default(source) })
        }
        Written::Header(source) if source.name.is_empty() => empty("header", "header tag name"),
        Written::Header(source) => {
            let at = at.field("header");
            let parsed = HeaderName::from_bytes(source.name.as_bytes());
            let reason = || format!("header name {} is not a valid header name", source.name);
            let name = site.check.accept(&at.field("name"), parsed.map_err(|_| reason()))?;
            Some(CustomTag::Header { name, default: default(source) })
        }
        Written::Formatter(text) if text.is_empty() => empty("formatter", "formatter tag value"),
        Written::Formatter(text) => {
            let at = at.field("formatter");
            log_format::check(site, &at.field("value"), text);
            Some(CustomTag::Formatted(text.as_str().into()))
        }
    }
}
