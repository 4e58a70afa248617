//! Paths and queries, usual and strange.

use super::{one, percent};
use fastrand::Rng;

/// Paths that rules name and requests have.
pub(crate) const PATHS: [&str; 14] = [
    "/",
    "/shop",
    "/shop/",
    "/shop/cart",
    "/Shop/Cart",
    "/shopping",
    "/api/v1/items",
    "/api/v1/items/42",
    "/api/v2",
    "/a%20b/c",
    "/shop;v=1/cart",
    "/%C3%A4pfel",
    "/style.css",
    "/x~y_z-1",
];

/// Prefixes that rules name.
pub(crate) const PREFIXES: [&str; 9] =
    ["/", "/shop", "/shop/", "/SHOP", "/api/", "/api/v1", "/a%20", "/shop;v", "/s"];

/// Patterns, and paths that they match.
pub(crate) const PATTERNS: [(&str, &[&str]); 7] = [
    (".*", &["/", "/shop/cart"]),
    ("/api/v[0-9]+/.*", &["/api/v1/items", "/api/v22/"]),
    ("/shop(/.*)?", &["/shop", "/shop/cart"]),
    (".*\\.(css|png)", &["/style.css", "/shop/a.png"]),
    ("/[a-z]+", &["/shop", "/shopping"]),
    ("(?i)/shop/.*", &["/SHOP/x", "/shop/cart"]),
    ("/shop/[^/]+", &["/shop/cart", "/shop/42"]),
];

/// Paths that no rule names: dots, doubled and escaped slashes, escapes that need none.
const STRANGE: [&str; 16] = [
    "/shop/../api/v1/items",
    "/shop/./cart",
    "/shop/..",
    "/../shop",
    "/shop//cart",
    "//shop",
    "/shop/%2e%2e/api/v2",
    "/shop%2Fcart",
    "/shop%2fcart",
    "/%73hop",
    "/shop\\cart",
    "/shop/cart/.",
    "/shop/...",
    "/%7Euser",
    "/shop%5Ccart",
    "/api/v1/items/%",
];

const QUERIES: [&str; 14] = [
    "q=1",
    "q=1&q=2",
    "q=2&q=1",
    "q=",
    "q",
    "Q=1",
    "flag&q=10",
    "a=1&b=2",
    "a=1;q=1",
    "q=%31",
    "%71=1",
    "q=a+b",
    "&&q=1",
    "q=x=1",
];

/// A path for no rule in particular.
pub(crate) fn any_path(rng: &mut Rng) -> String {
    if percent(rng, 25) { one(rng, &STRANGE).to_owned() } else { one(rng, &PATHS).to_owned() }
}

/// A query, or none.
pub(crate) fn any_query(rng: &mut Rng) -> Option<String> {
    percent(rng, 40).then(|| one(rng, &QUERIES).to_owned())
}
