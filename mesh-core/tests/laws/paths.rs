//! Request targets: how they are taken apart, rewritten and redirected.

use crate::build::{forward, model, route, service, table, to, virtual_service, when};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, uri::PathAndQuery};
use mesh_core::{
    model::{
        Action, Conditions, PathMatch, Pattern, Redirect, RedirectPort, RegexRewrite, Rewrite, TextMatch,
    },
    table::{Decision, RequestView, Rule, Snapshot},
};
use regex_automata::nfa::thompson::pikevm::PikeVM;

/// Longest target that a URI can hold, in bytes, with room for a scheme and an authority.
const LONGEST: usize = 60_000;

/// A rule that changes paths, and a target for it.
struct Case<'a> {
    asked: Option<PathMatch>,
    replacement: &'a str,
    found: Option<PikeVM>,
    authority: &'a str,
    target: &'a str,
}

/// Holds all laws against a text of six lines: how the path is compared (`exact`, `prefix`, `regex`, with `any` for any
/// letter case, or anything else for not at all), with what, what is put in its place, what a substitution finds, an
/// authority, and a target.
pub(crate) fn hold(text: &str) {
    let mut lines = text.splitn(6, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (kind, asked) = (line(), line());
    let text = match kind.trim_end_matches(" any") {
        "exact" => Some(TextMatch::Exact(asked.into())),
        "prefix" => Some(TextMatch::Prefix(asked.into())),
        "regex" => Pattern::parse(asked).ok().map(TextMatch::Regex),
        _ => None,
    };
    let asked = text.map(|text| PathMatch { text, ignore_case: kind.ends_with(" any") });
    let (replacement, pattern) = (line(), line());
    let found = PikeVM::new(pattern).ok();
    let case = Case { asked, replacement, found, authority: line(), target: line() };
    taken_apart(case.target);
    case.rewritten(pattern);
    case.redirected();
}

/// A path and a query are what a URI says they are.
fn taken_apart(target: &str) {
    let Ok(uri) = format!("http://a.com{target}").parse::<Uri>() else { return };
    let request = Request::get(uri).body(()).expect("a request");
    let view = RequestView::outbound(&request);
    assert!(!view.path.contains('?') && !view.path.is_empty());
    let whole = view.query.map_or(view.path.to_owned(), |query| format!("{}?{query}", view.path));
    let of_uri = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    // A URI may leave out the slash of an empty path.
    assert!(whole == of_uri || whole == format!("/{of_uri}"), "{whole:?} of {of_uri:?}");
    let without_fragment = target.split('#').next().unwrap_or_default();
    assert!(of_uri == without_fragment || without_fragment.is_empty() || !target.starts_with(['/', '?']));
}

impl Case<'_> {
    /// A path is replaced as far as it was compared, at whatever byte that ends.
    fn rewritten(&self, pattern: &str) {
        let rewrite = Rewrite { path: Some(self.replacement.into()), ..Rewrite::default() };
        if let Some(path) = self.decided(rewrite, |rule, view| rule.rewritten_path(view).map(Into::into)) {
            let expected = self.replaced().filter(|path| path != self.path());
            assert_eq!(path, expected.clone().map(|path| self.with_query(&path)), "{:?}", self.asked);
            self.is_good(expected.as_deref(), path);
        }
        let (Some(found), Ok(pattern)) = (&self.found, regex::Regex::new(pattern)) else { return };
        let replacement = self.replacement.replace('$', "$$").into();
        let rewrite =
            Rewrite { path_regex: Some(RegexRewrite { pattern, replacement }), ..Rewrite::default() };
        if let Some(path) = self.decided(rewrite, |rule, view| rule.rewritten_path(view).map(Into::into)) {
            let expected = substituted(found, self.path(), self.replacement);
            let expected = (expected != self.path()).then_some(expected);
            assert_eq!(path, expected.clone().map(|path| self.with_query(&path)), "{:?}", found);
            self.is_good(expected.as_deref(), path);
        }
    }

    /// A redirect leads to the path that a rewrite would make.
    fn redirected(&self) {
        let (path, prefix) = match &self.asked {
            Some(PathMatch { text: TextMatch::Prefix(_), .. }) => (None, Some(self.replacement.into())),
            _ => (Some(self.replacement.into()), None),
        };
        let redirect = Redirect {
            status: StatusCode::FOUND,
            scheme: Some("https".into()),
            authority: (!self.authority.is_empty()).then(|| self.authority.into()),
            port: RedirectPort::Keep,
            path,
            prefix,
        };
        let action = Action::Redirect(redirect);
        let location = |rule: &Rule, view: &RequestView<'_>| rule.redirect_location(view);
        let Some(location) = self.asked_of(action, Rewrite::default(), location) else { return };
        let path = match &self.asked {
            _ if self.replacement.is_empty() => self.path().to_owned(),
            Some(PathMatch { text: TextMatch::Prefix(_), .. }) => self.replaced().expect("a replacement"),
            _ => self.replacement.to_owned(),
        };
        let target = if path.contains('?') { path } else { self.with_query(&path) };
        let authority = if self.authority.is_empty() { "a.com" } else { self.authority };
        assert_eq!(location, format!("https://{authority}{target}"));
        let is_good = target.starts_with('/') && !target.contains('#');
        let are_good = is_good && target.parse::<PathAndQuery>().is_ok();
        if are_good && authority.parse::<http::uri::Authority>().is_ok() && location.len() < LONGEST {
            assert!(location.parse::<Uri>().is_ok(), "{location:?}");
            assert!(HeaderValue::try_from(&location).is_ok(), "{location:?}");
        }
    }

    fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    fn with_query(&self, path: &str) -> String {
        [path].into_iter().chain(self.query()).collect::<Vec<_>>().join("?")
    }

    /// The path with the replacement in the place of what was compared; nothing when nothing is to be put there.
    fn replaced(&self) -> Option<String> {
        let path = self.path();
        let rest = match &self.asked {
            Some(PathMatch { text: TextMatch::Prefix(prefix), .. }) => &path.as_bytes()[prefix.len()..],
            Some(_) => &[],
            // Every path begins with a slash; those that do not are replaced in whole.
            None => path.strip_prefix(|first: char| first.is_ascii()).unwrap_or_default().as_bytes(),
        };
        let whole = [self.replacement.as_bytes(), rest].concat();
        (!self.replacement.is_empty()).then(|| String::from_utf8(whole).expect("a character is never cut"))
    }

    /// Good parts make a good target.
    fn is_good(&self, path: Option<&str>, rewritten: Option<String>) {
        let (Some(path), Some(rewritten)) = (path, rewritten) else { return };
        let is_good = |text: &str| text.parse::<PathAndQuery>().is_ok() && !text.contains(['?', '#']);
        let is_query_good =
            self.query().is_none_or(|query| format!("/?{query}").parse::<PathAndQuery>().is_ok());
        if path.starts_with('/') && is_good(path) && is_query_good && rewritten.len() < LONGEST {
            let target: PathAndQuery = rewritten.parse().expect("good parts make a good target");
            assert_eq!(target.path(), path);
        }
    }

    fn decided<T>(&self, rewrite: Rewrite, ask: impl Fn(&Rule, &RequestView<'_>) -> T) -> Option<T> {
        let Action::Forward(destinations) = forward("", vec![], vec![to(HOST, 1)]).action else {
            return None;
        };
        self.asked_of_any(Action::Forward(destinations), rewrite, ask)
    }

    fn asked_of<T>(
        &self,
        action: Action,
        rewrite: Rewrite,
        ask: impl Fn(&Rule, &RequestView<'_>) -> Option<T>,
    ) -> Option<T> {
        self.asked_of_any(action, rewrite, ask).flatten()
    }

    /// What is said of the only rule, if it is for the request.
    fn asked_of_any<T>(
        &self,
        action: Action,
        rewrite: Rewrite,
        ask: impl Fn(&Rule, &RequestView<'_>) -> T,
    ) -> Option<T> {
        let blocks = self
            .asked
            .iter()
            .map(|asked| when(Conditions { path: Some(asked.clone()), ..Conditions::default() }));
        let mut rule = route("", blocks.collect(), action);
        rule.rewrite = rewrite;
        let rules = virtual_service("shop/a", &["a.com"], vec![rule]);
        let table: Snapshot = table(&model(vec![service("product.shop")], vec![rules], vec![]));
        let headers = HeaderMap::new();
        let view = RequestView {
            method: "GET",
            scheme: "http",
            authority: "a.com",
            path: self.path(),
            query: self.query(),
            headers: &headers,
            port: 80,
            listener: None,
            claims: None,
        };
        let _ = table.explain(&view);
        match table.decide(&view, 0) {
            Decision::Forward(chosen) | Decision::Answer(chosen) => Some(ask(table.rule(chosen), &view)),
            _ => None,
        }
    }
}

const HOST: &str = "product.shop.svc.cluster.local";

/// Replaces all that a pattern finds, by an engine of its own.
fn substituted(found: &PikeVM, path: &str, replacement: &str) -> String {
    let (mut whole, mut last) = (String::new(), 0);
    for place in found.find_iter(&mut found.create_cache(), path) {
        whole.push_str(&path[last..place.start()]);
        whole.push_str(replacement);
        last = place.end();
    }
    whole + &path[last..]
}
