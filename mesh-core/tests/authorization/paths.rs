//! Paths, with wildcards and templates.

use crate::world::*;

fn paths(list: &str) -> String {
    format!("{{to: [{{operation: {list}}}]}}")
}

fn at(path: &str) -> Sent {
    sent("GET", &format!("http://product{path}"))
}

#[test]
fn a_path_is_compared_without_its_query() {
    is_for(&paths("{paths: [/a]}"), &[at("/a"), at("/a?b=/c")], &[at("/a/"), at("/A"), at("/ab")]);
    is_for(
        &paths("{paths: ['/a/*', '*/info', /b]}"),
        &[at("/a/"), at("/a/b"), at("/x/info"), at("/b")],
        &[at("/a"), at("/info/x")],
    );
    is_for(&paths("{paths: ['*']}"), &[at("/"), at("/a")], &[]);
    is_for(&paths("{notPaths: ['/a*']}"), &[at("/b")], &[at("/a"), at("/ab")]);
}

#[test]
fn segments_of_a_template_may_be_anything() {
    is_for(
        &paths("{paths: ['/allow/admin/{**}', '/foo/{*}/bar/{**}', '/store/{**}/cart']}"),
        &[at("/allow/admin/"), at("/allow/admin/a/b"), at("/foo/a/bar/b"), at("/store/a/b/cart")],
        &[at("/allow/admin"), at("/foo/a/b/bar/c"), at("/foo//bar/b"), at("/store/cart/a")],
    );
}
