//! The table decides as a scan of the documents would, written without a table.

use crate::build::*;
use http::Request;
use mesh_core::{
    model::{Block, Conditions, HostPattern, Model, TextMatch, VirtualService},
    table::{Decision, RequestView},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// What a block of the test asks for; each value from a handful, so that requests often meet them.
#[derive(Clone, Debug)]
struct Asked {
    path: Option<TextMatch>,
    method: Option<&'static str>,
    group: Option<TextMatch>,
    not_group: Option<TextMatch>,
    port: Option<u16>,
    namespace: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Sent {
    host: &'static str,
    path: &'static str,
    method: &'static str,
    group: Option<&'static str>,
    port: u16,
}

fn any_text(words: &'static [&'static str]) -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        Just(TextMatch::Present),
        select(words).prop_map(exact),
        select(words).prop_map(prefix),
        select(words).prop_map(|word| regex(&format!("{word}.?"))),
    ]
}

fn any_block() -> impl Strategy<Value = Asked> {
    let group = || option::of(any_text(&["a", "ab"]));
    let path = option::of(any_text(&["/", "/a", "/a/b"]));
    let method = option::weighted(0.3, select(&["GET", "PUT"][..]));
    let port = option::weighted(0.3, select(&[80_u16, 81][..]));
    let namespace = option::weighted(0.3, select(&["shop", "other"][..]));
    (path, method, group(), group(), port, namespace).prop_map(
        |(path, method, group, not_group, port, namespace)| Asked {
            path,
            method,
            group,
            not_group,
            port,
            namespace,
        },
    )
}

const PATTERNS: [&str; 7] = ["*.com", "*.x.com", "a.x.com", "b.x.com", "a.y.com", "*.y.com", "c.com"];
const HOSTS: [&str; 7] = ["a.x.com", "b.x.com", "c.x.com", "a.y.com", "b.y.com", "c.com", "com"];

fn any_sent() -> impl Strategy<Value = Sent> {
    let group = option::of(select(&["a", "ab", "abc", "b"][..]));
    let path = select(&["/", "/a", "/ab", "/a/b", "/b"][..]);
    (select(&HOSTS[..]), path, select(&["GET", "PUT"][..]), group, select(&[80_u16, 81][..]))
        .prop_map(|(host, path, method, group, port)| Sent { host, path, method, group, port })
}

/// Documents: the hosts of a VirtualService, and its routes, each with its blocks.
type Written = Vec<(Vec<&'static str>, Vec<Vec<Asked>>)>;

fn any_documents() -> impl Strategy<Value = Written> {
    vec((vec(select(&PATTERNS[..]), 1..3), vec(vec(any_block(), 0..3), 0..4)), 0..5)
}

fn block(asked: &Asked) -> Block {
    let headers =
        |value: &Option<TextMatch>| value.iter().map(|value| header("x-group", value.clone())).collect();
    let path = asked.path.clone().map(|text| mesh_core::model::PathMatch { text, ignore_case: false });
    let conditions = Conditions {
        path,
        method: asked.method.map(exact),
        headers: headers(&asked.group),
        without_headers: headers(&asked.not_group),
        ..Conditions::default()
    };
    Block { port: asked.port, source_namespace: asked.namespace.map(Into::into), ..when(conditions) }
}

/// Rules named after their document and their place in it, so that the one chosen is known.
fn documents(written: &Written) -> Model {
    let routes = |number: usize, routes: &[Vec<Asked>]| {
        let route = |(place, blocks): (usize, &Vec<Asked>)| {
            answer(&format!("{number}.{place}"), blocks.iter().map(block).collect())
        };
        routes.iter().enumerate().map(route).collect()
    };
    let service = |(number, (hosts, written)): (usize, &(Vec<&str>, Vec<Vec<Asked>>))| -> VirtualService {
        virtual_service(&format!("shop/{number}"), hosts, routes(number, written))
    };
    model(vec![], written.iter().enumerate().map(service).collect(), vec![])
}

/// The rule that a reader of the documents would find, the slow way.
fn scan(written: &Written, sent: &Sent) -> String {
    let specificity = |text: &str| {
        let pattern = pattern(text);
        let rank = if matches!(pattern, HostPattern::Exact(_)) { usize::MAX } else { text.len() };
        pattern.matches(sent.host).then_some(rank)
    };
    // Hosts that are no services are those of rules on this port alone.
    if sent.port != 80 {
        return "pass".to_owned();
    }
    let mut best: Option<(usize, usize)> = None;
    let documents = written.iter().enumerate().filter(|(_, (_, routes))| can_hold(routes));
    for (number, (hosts, _)) in documents {
        for rank in hosts.iter().filter_map(|text| specificity(text)) {
            // Only a more specific pattern takes a host from an older document.
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, number));
            }
        }
    }
    let Some((_, number)) = best else { return "pass".to_owned() };
    let routes = written[number].1.iter().enumerate();
    let mut matching =
        routes.filter(|(_, blocks)| blocks.is_empty() || blocks.iter().any(|asked| holds(asked, sent)));
    matching.next().map_or("refuse".to_owned(), |(place, _)| format!("{number}.{place}"))
}

/// Whether any rule can hold here, whatever a request is like; documents without one are as good as not there.
fn can_hold(routes: &[Vec<Asked>]) -> bool {
    let is_here = |asked: &Asked| {
        asked.port.is_none_or(|port| port == 80)
            && asked.namespace.is_none_or(|namespace| namespace == "shop")
    };
    routes.iter().any(|blocks| blocks.is_empty() || blocks.iter().any(is_here))
}

fn holds(asked: &Asked, sent: &Sent) -> bool {
    let group = |asked: &TextMatch| sent.group.is_some_and(|group| compare(asked, group));
    asked.path.as_ref().is_none_or(|path| compare(path, sent.path))
        && asked.method.is_none_or(|method| method == sent.method)
        && asked.group.as_ref().is_none_or(group)
        && !asked.not_group.as_ref().is_some_and(group)
        && asked.port.is_none_or(|port| port == sent.port)
        && asked.namespace.is_none_or(|namespace| namespace == "shop")
}

fn compare(asked: &TextMatch, text: &str) -> bool {
    match asked {
        TextMatch::Present => true,
        TextMatch::Exact(exact) => **exact == *text,
        TextMatch::Prefix(prefix) => text.strip_prefix(&**prefix).is_some(),
        // The patterns of this test are a word and one character that may be missing.
        TextMatch::Regex(pattern) => {
            let word = pattern.as_str().trim_end_matches(".?");
            text.strip_prefix(word).is_some_and(|rest| rest.len() <= 1)
        }
    }
}

fn request(sent: &Sent) -> Request<()> {
    let url = format!("http://{}:{}{}", sent.host, sent.port, sent.path);
    let request = Request::builder().method(sent.method).uri(url);
    let request = sent.group.into_iter().fold(request, |request, group| request.header("x-group", group));
    request.body(()).expect("a request")
}

proptest! {
    #[test]
    fn a_decision_is_the_first_match_of_a_scan(
        written in any_documents(),
        sent in any_sent(),
        roll: u32,
    ) {
        let table = table(&documents(&written));
        let request = request(&sent);
        let view = RequestView::outbound(&request);
        let decided = match table.decide(&view, roll) {
            Decision::Answer(chosen) | Decision::Forward(chosen) => table.rule(chosen).name.to_string(),
            Decision::Pass => "pass".to_owned(),
            Decision::Refuse(_) => "refuse".to_owned(),
        };
        prop_assert_eq!(&decided, &scan(&written, &sent));
        let explanation = table.explain(&view);
        let explained = match explanation.outcome {
            "passthrough" => "pass".to_owned(),
            _ => explanation.rule.map_or("refuse".to_owned(), |rule| rule.name),
        };
        prop_assert_eq!(decided, explained);
    }
}
