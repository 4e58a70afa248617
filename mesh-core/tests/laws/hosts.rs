//! Host names, patterns for them, and who is found to own a name.

use crate::build::{answer, model, table, virtual_service};
use http::HeaderMap;
use mesh_core::{
    model::{Host, HostPattern, Model},
    table::{Decision, RequestView},
};
use std::{net::IpAddr, sync::Arc};

/// How many patterns one table gets: pairs and triples of them are compared.
const MOST: usize = 12;

/// Holds all laws against the lines of a text, each taken for a name, a pattern and an authority.
pub(crate) fn hold(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let patterns: Vec<HostPattern> = lines.iter().filter_map(|line| parsed(line)).take(MOST).collect();
    let names: Vec<Host> = lines.iter().filter_map(|line| Host::parse(line).ok()).collect();
    for a in &patterns {
        assert!(a.covers(a), "{a} covers itself");
        for name in &names {
            let is_meant = means(&a.to_string(), name.as_str());
            assert_eq!(a.matches(name.as_str()), is_meant, "{a} and {name}");
            assert_eq!(a.covers(&HostPattern::Exact(name.clone())), is_meant, "{a} and {name}");
        }
        for b in &patterns {
            two(a, b, &names);
            for c in patterns.iter().filter(|c| a.covers(b) && b.covers(c)) {
                assert!(a.covers(c), "{a} covers {b} covers {c}");
            }
        }
    }
    if !patterns.is_empty() {
        owners(&patterns, &lines);
    }
}

/// The pattern of a text, which its `Display` gives back in lower case.
fn parsed(text: &str) -> Option<HostPattern> {
    let pattern = HostPattern::parse(text).ok()?;
    let written = pattern.to_string();
    assert_eq!(HostPattern::parse(&written).as_ref(), Ok(&pattern), "{text:?}");
    assert_eq!(written, text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase());
    assert!(written.strip_prefix("*.").unwrap_or(&written).len() <= 253);
    let is_address = |name: &str| name.parse::<IpAddr>().is_ok();
    assert!(!written.strip_prefix("*.").is_some_and(is_address), "{text:?}: addresses have no subdomains");
    Some(pattern)
}

/// What Istio's documentation says that a pattern means.
fn means(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|rest| !rest.is_empty()),
        None => pattern == host,
    }
}

fn two(a: &HostPattern, b: &HostPattern, names: &[Host]) {
    if a.covers(b) && b.covers(a) {
        assert_eq!(a, b);
    }
    let narrower = a.narrower(b);
    assert_eq!(narrower, b.narrower(a), "{a} and {b}");
    for name in names.iter().map(Host::as_str) {
        let is_of_both = a.matches(name) && b.matches(name);
        let is_of_narrower = narrower.is_some_and(|narrower| narrower.matches(name));
        assert_eq!(is_of_narrower, is_of_both, "{name} of {a} and {b}");
        assert!(!a.covers(b) || !b.matches(name) || a.matches(name), "{a} covers {b} but not {name}");
    }
}

/// Gives each pattern a VirtualService, and asks whose every authority is.
fn owners(patterns: &[HostPattern], authorities: &[&str]) {
    let service = |(number, pattern): (usize, &HostPattern)| {
        let rules = vec![answer(&number.to_string(), vec![])];
        Arc::new(virtual_service(&format!("shop/{number}"), &[&pattern.to_string()], rules))
    };
    let virtual_services = patterns.iter().enumerate().map(service).collect();
    let table = table(&Model { virtual_services, ..model(vec![], vec![], vec![]) });
    let headers = HeaderMap::new();
    for authority in authorities.iter().copied().filter(|authority| !authority.starts_with('[')) {
        let view = RequestView {
            method: "GET",
            scheme: "http",
            authority,
            path: "/",
            query: None,
            headers: &headers,
            port: 80,
            listener: None,
            claims: None,
        };
        let decided = match table.decide(&view, 0) {
            Decision::Answer(chosen) => Some(table.rule(chosen).name.to_string()),
            _ => None,
        };
        let found = owner(patterns, authority).map(|number| number.to_string());
        assert_eq!(decided, found, "{authority:?}");
        let explained = table.explain(&view);
        assert_eq!(explained.rule.map(|rule| rule.name), found, "{authority:?}");
        let domain = found.and_then(|number| Some(patterns[number.parse::<usize>().ok()?].to_string()));
        assert_eq!(explained.matched_domain, domain, "{authority:?}");
    }
}

/// The number of the pattern that an authority belongs to: the longest that means its host, and of equals the first.
fn owner(patterns: &[HostPattern], authority: &str) -> Option<usize> {
    let host = authority.split(':').next()?;
    if host.is_empty() {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let length = |pattern: &HostPattern| match pattern {
        // No name of DNS is longer than this.
        HostPattern::Exact(_) | HostPattern::Suffix(_) if host.len() > 253 => None,
        HostPattern::Exact(name) => (name.as_str() == host).then_some(usize::MAX),
        other => {
            let text = other.to_string();
            means(&text, &host).then_some(text.len())
        }
    };
    let found =
        patterns.iter().enumerate().rev().filter_map(|(number, pattern)| Some((length(pattern)?, number)));
    found.max_by_key(|(length, _)| *length).map(|(_, number)| number)
}
