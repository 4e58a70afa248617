//! Comparisons of text: the whole, the beginning, a regular expression.

use crate::build::{answer, exact, model, path, prefix, table, virtual_service, when};
use http::HeaderMap;
use mesh_core::{
    model::{Conditions, PathMatch, Pattern, TextMatch},
    table::{Decision, RequestView},
};
use regex_automata::{Anchored, Input, MatchKind, nfa::thompson::pikevm::PikeVM};

/// Holds all laws against a text of two or three lines: what is asked for, and what it is compared with.
pub(crate) fn hold(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let Some(asked) = lines.next() else { return };
    let sent: Vec<&str> = lines.collect();
    plain(asked, &sent);
    if let Ok(pattern) = Pattern::parse(asked) {
        regex(pattern, &sent);
    }
}

fn plain(asked: &str, all_sent: &[&str]) {
    assert!(all_sent.iter().all(|sent| TextMatch::Present.matches(sent)));
    let lower_asked = asked.to_ascii_lowercase();
    for sent in all_sent {
        let lower_sent = sent.to_ascii_lowercase();
        let is_beginning = |text: &str, beginning: &str| text.as_bytes().starts_with(beginning.as_bytes());
        for (text, ignore_case, is_match) in [
            (exact(asked), false, asked == *sent),
            (exact(asked), true, lower_asked == lower_sent),
            (prefix(asked), false, is_beginning(sent, asked)),
            (prefix(asked), true, is_beginning(&lower_sent, &lower_asked)),
        ] {
            let path = PathMatch { text: text.clone(), ignore_case };
            assert_eq!(path.matches(sent), is_match, "{path:?} and {sent:?}");
            assert!(ignore_case || text.matches(sent) == is_match, "{text} and {sent:?}");
            assert!(!path.is_everything() || !sent.starts_with('/') || is_match, "{path:?} is everything");
        }
    }
    for text in [exact(asked), prefix(asked)] {
        for ignore_case in [false, true] {
            indexed(&PathMatch { text: text.clone(), ignore_case }, all_sent);
        }
    }
}

/// A pattern matches when some way through it ends where the text does.
fn regex(pattern: Pattern, all_sent: &[&str]) {
    let engine = PikeVM::builder()
        .configure(PikeVM::config().match_kind(MatchKind::All))
        .build(pattern.as_str())
        .expect("what the mesh compiles is a pattern");
    let mut cache = engine.create_cache();
    let path = PathMatch { text: TextMatch::Regex(pattern), ignore_case: false };
    for sent in all_sent {
        let input = Input::new(*sent).anchored(Anchored::Yes);
        // Among all ways the longest is found.
        let is_match =
            engine.find_iter(&mut cache, input).next().is_some_and(|found| found.end() == sent.len());
        assert_eq!(path.matches(sent), is_match, "{path:?} and {sent:?}");
        assert!(!path.is_everything() || is_match || sent.contains('\n'), "{path:?} is everything");
    }
    indexed(&path, all_sent);
}

/// A rule of a list that is long enough for an index is found exactly when its condition holds.
fn indexed(asked: &PathMatch, all_sent: &[&str]) {
    let condition = when(Conditions { path: Some(asked.clone()), ..Conditions::default() });
    let others = (0..7).map(|number| answer("other", vec![path(exact(&format!("never {number}")))]));
    let rules = [answer("asked", vec![condition])].into_iter().chain(others).collect();
    let table = table(&model(vec![], vec![virtual_service("shop/a", &["a.com"], rules)], vec![]));
    let headers = HeaderMap::new();
    for path in all_sent.iter().copied() {
        let view = RequestView {
            method: "GET",
            scheme: "http",
            authority: "a.com",
            path,
            query: None,
            headers: &headers,
            port: 80,
            listener: None,
            claims: None,
        };
        let is_found = match table.decide(&view, 0) {
            Decision::Answer(chosen) => *table.rule(chosen).name == *"asked",
            _ => false,
        };
        assert_eq!(is_found, asked.matches(path), "{asked:?} and {path:?}");
        let explained = table.explain(&view).rule.is_some_and(|rule| rule.name == "asked");
        assert_eq!(explained, is_found, "{asked:?} and {path:?}");
    }
}
