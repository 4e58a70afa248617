//! A long list of rules is decided as if each rule were asked in turn.

use crate::build::*;
use http::Request;
use mesh_core::{
    model::{Conditions, Model, PathMatch, QueryMatch, TextMatch},
    table::{Decision, RequestView, Snapshot},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

const PATHS: [&str; 8] = ["/", "/a", "/a/", "/a/b", "/a/bc", "/A", "/b", "/é"];
const VALUES: [&str; 4] = ["a", "ab", "abc", "b"];
const HEADERS: [&str; 3] = ["x-group", "x-colour", "host"];
const PARAMETERS: [&str; 2] = ["q", "r"];

fn any_text(words: &'static [&'static str]) -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        1 => Just(TextMatch::Present),
        6 => select(words).prop_map(exact),
        3 => select(words).prop_map(prefix),
        1 => select(words).prop_map(|word| regex(&format!("{word}(a|b)?.?"))),
        1 => select(words).prop_map(|word| regex(&format!("(?i){word}|b+"))),
    ]
}

fn any_conditions() -> impl Strategy<Value = Conditions> {
    let path = (any_text(&PATHS), prop::bool::weighted(0.2))
        .prop_map(|(text, ignore_case)| PathMatch { text, ignore_case });
    let named = |names: &'static [&'static str]| option::weighted(0.5, (select(names), any_text(&VALUES)));
    (option::weighted(0.6, path), named(&HEADERS), named(&HEADERS), named(&PARAMETERS)).prop_map(
        |(path, with, without, query)| Conditions {
            path,
            headers: with.into_iter().map(|(name, value)| header(name, value)).collect(),
            without_headers: without.into_iter().map(|(name, value)| header(name, value)).collect(),
            query: query.into_iter().map(|(name, value)| QueryMatch { name: name.into(), value }).collect(),
            ..Conditions::default()
        },
    )
}

#[derive(Clone, Debug)]
struct Sent {
    path: &'static str,
    query: Vec<(&'static str, &'static str)>,
    headers: Vec<(&'static str, &'static str)>,
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let query = vec((select(&PARAMETERS[..]), select(&VALUES[..])), 0..3);
    // Some in several lines; none of them the host, which is in the URL.
    let headers = vec((select(&HEADERS[..2]), select(&VALUES[..])), 0..4);
    (select(&PATHS[..]), query, headers).prop_map(|(path, query, headers)| Sent { path, query, headers })
}

fn request(sent: &Sent) -> Request<()> {
    let query: Vec<_> = sent.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path = sent.path.replace('é', "%C3%A9");
    let request = Request::get(format!("http://a.com{path}?{}", query.join("&")));
    let with = |request: http::request::Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    sent.headers.iter().fold(request, with).body(()).expect("a request")
}

fn rules(conditions: &[Conditions]) -> Model {
    let route = |(number, conditions): (usize, &Conditions)| {
        answer(&number.to_string(), vec![when(conditions.clone())])
    };
    let routes = conditions.iter().enumerate().map(route).collect();
    model(vec![], vec![virtual_service("shop/a", &["a.com"], routes)], vec![])
}

fn chosen(table: &Snapshot, view: &RequestView<'_>) -> Option<String> {
    match table.decide(view, 0) {
        Decision::Answer(chosen) => Some(table.rule(chosen).name.to_string()),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_first_rule_that_matches_alone_is_the_one_that_is_found_among_many(
        conditions in vec(any_conditions(), 1..80),
        sent in vec(any_sent(), 8),
    ) {
        let table = table(&rules(&conditions));
        // A table of one rule has nothing to look up.
        let alone: Vec<_> =
            conditions.iter().map(|one| crate::build::table(&rules(std::slice::from_ref(one)))).collect();
        for sent in sent {
            let request = request(&sent);
            let view = RequestView::outbound(&request);
            let first = alone.iter().position(|table| chosen(table, &view).is_some());
            prop_assert_eq!(chosen(&table, &view), first.map(|number| number.to_string()), "{:?}", sent);
        }
    }
}

#[test]
fn a_request_that_could_meet_very_many_rules_still_meets_the_first() {
    let path = format!("/{}", "a".repeat(60));
    let mut conditions: Vec<_> = (2..=path.len())
        .map(|length| Conditions {
            path: Some(PathMatch { text: prefix(&path[..length]), ignore_case: false }),
            headers: vec![header("x-group", exact("nobody"))],
            ..Conditions::default()
        })
        .collect();
    let last = conditions.len();
    conditions.push(Conditions { headers: Vec::new(), ..conditions[30].clone() });
    let table = table(&rules(&conditions));
    let request = Request::get(format!("http://a.com{path}")).body(()).expect("a request");
    assert_eq!(chosen(&table, &RequestView::outbound(&request)), Some(last.to_string()));
}
