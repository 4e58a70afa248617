//! Rules that hand over to another VirtualService: the requests that both match take the other's rules.
//!
//! One level deep, for HTTP alone. Each rule of the delegate is narrowed by the conditions of the rule that hands over;
//! one that asks for something else than that rule does is left out, as Istio leaves it out.

use crate::model::{
    Action, Block, ClaimMatch, Conditions, CorsPolicy, HeaderEdits, HeaderMatch, Injection, Line, Mirror,
    RetryPolicy, Rewrite, Route, TextMatch, VirtualService,
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Namespace and name of a VirtualService.
pub(in crate::dialect) type Name = (Arc<str>, Arc<str>);

/// A VirtualService of which some rules hand over to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its own rules, and everything else about it.
    pub rules: VirtualService,
    /// The rules that hand over.
    pub handovers: Vec<Handover>,
}

/// A rule that hands over, and what it gives along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// How many of the VirtualService's own rules come before it.
    pub after: usize,
    /// The namespace and name of the delegate.
    pub to: (Arc<str>, Arc<str>),
    /// Its name.
    pub name: Arc<str>,
    /// Its conditions.
    pub blocks: Vec<Block>,
    /// Changes of the request, for rules of the delegate that make none.
    pub rewrite: Rewrite,
    /// Header changes on the request, for rules of the delegate that change no header.
    pub request_headers: HeaderEdits,
    /// Header changes on the response, likewise.
    pub response_headers: HeaderEdits,
    /// The time, for rules of the delegate that have none.
    pub timeout: Option<Duration>,
    /// When to try again, for rules of the delegate that do not say.
    pub retries: Option<RetryPolicy>,
    /// Who gets copies, for rules of the delegate that give none.
    pub mirrors: Vec<Mirror>,
    /// What pages of other origins may ask, for rules of the delegate that do not say.
    pub cors: Option<Arc<CorsPolicy>>,
    /// The faults, for rules of the delegate that have none.
    pub injection: Injection,
}

/// The rules of a root with those of its delegates in place. A delegate that does not exist, or is not exported to the
/// root's namespace, gives none.
pub(in crate::dialect) fn expand(root: &Root, delegates: &HashMap<Name, &VirtualService>) -> VirtualService {
    let mut routes = Vec::with_capacity(root.rules.routes.len());
    let mut own = root.rules.routes.iter();
    let mut taken = 0;
    for handover in &root.handovers {
        routes.extend(own.by_ref().take(handover.after - taken).cloned());
        taken = handover.after;
        let delegate = delegates.get(&handover.to);
        let delegate = delegate.filter(|delegate| delegate.export.reaches(&root.rules.namespace));
        let leaves = delegate.into_iter().flat_map(|delegate| &delegate.routes);
        routes.extend(leaves.filter_map(|leaf| handover.narrow(leaf)).map(Arc::new));
    }
    routes.extend(own.cloned());
    VirtualService { routes, ..root.rules.clone() }
}

impl Handover {
    /// The rule that this would be if it handed over to nobody.
    pub(super) fn into_route(self, line: Line, action: Action) -> Route {
        let Self { name, blocks, rewrite, request_headers, response_headers, .. } = self;
        let Self { timeout, retries, mirrors, cors, injection, .. } = self;
        Route {
            name,
            line,
            blocks,
            action,
            rewrite,
            request_headers,
            response_headers,
            timeout,
            retries,
            mirrors,
            cors,
            injection,
        }
    }

    /// A rule of the delegate, for the requests that this rule hands over; `None` when there can be none.
    fn narrow(&self, leaf: &Route) -> Option<Route> {
        let changes_headers = !leaf.request_headers.is_empty() || !leaf.response_headers.is_empty();
        let headers = if changes_headers {
            (&leaf.request_headers, &leaf.response_headers)
        } else {
            (&self.request_headers, &self.response_headers)
        };
        Some(Route {
            name: joined(&self.name, &leaf.name),
            line: leaf.line.clone(),
            blocks: both(&self.blocks, &leaf.blocks)?,
            action: leaf.action.clone(),
            rewrite: if leaf.rewrite == Rewrite::default() { &self.rewrite } else { &leaf.rewrite }.clone(),
            request_headers: headers.0.clone(),
            response_headers: headers.1.clone(),
            timeout: leaf.timeout.or(self.timeout),
            retries: leaf.retries.as_ref().or(self.retries.as_ref()).cloned(),
            mirrors: if leaf.mirrors.is_empty() { &self.mirrors } else { &leaf.mirrors }.clone(),
            cors: leaf.cors.as_ref().or(self.cors.as_ref()).cloned(),
            injection: if leaf.injection == Injection::default() { self.injection } else { leaf.injection },
        })
    }
}

/// The blocks that ask for what both ask for; `None` when a block of the leaf asks for something else than every block of
/// the root.
fn both(root: &[Block], leaf: &[Block]) -> Option<Vec<Block>> {
    if root.is_empty() || leaf.is_empty() {
        return Some([root, leaf].concat());
    }
    let mut blocks = Vec::new();
    for leaf in leaf {
        let before = blocks.len();
        blocks.extend(root.iter().filter_map(|root| narrowed(root, leaf)));
        if blocks.len() == before {
            return None;
        }
    }
    Some(blocks)
}

/// The conditions of both blocks; `None` when they exclude one another.
fn narrowed(root: &Block, leaf: &Block) -> Option<Block> {
    let is_case_ignored = |block: &Block| block.conditions.path.as_ref().is_some_and(|path| path.ignore_case);
    let differ = |a: Option<u16>, b: Option<u16>| a.zip(b).is_some_and(|(a, b)| a != b);
    let labels_differ = root
        .source_labels
        .iter()
        .any(|(key, value)| leaf.source_labels.get(key).is_some_and(|other| other != value));
    let namespaces = root.source_namespace.as_ref().zip(leaf.source_namespace.as_ref());
    let places_differ = !root.attachments.is_empty()
        && leaf.attachments.iter().any(|place| !root.attachments.contains(place));
    if is_case_ignored(root) != is_case_ignored(leaf)
        || differ(root.port, leaf.port)
        || labels_differ
        || namespaces.is_some_and(|(a, b)| a != b)
        || places_differ
    {
        return None;
    }
    let labels = root.source_labels.iter().chain(&leaf.source_labels);
    let places = if leaf.attachments.is_empty() { &root.attachments } else { &leaf.attachments };
    Some(Block {
        name: joined(&root.name, &leaf.name),
        conditions: conditions(&root.conditions, &leaf.conditions)?,
        port: leaf.port.or(root.port),
        source_labels: labels.map(|(key, value)| (key.clone(), value.clone())).collect(),
        source_namespace: leaf.source_namespace.clone().or_else(|| root.source_namespace.clone()),
        attachments: places.clone(),
    })
}

fn conditions(root: &Conditions, leaf: &Conditions) -> Option<Conditions> {
    let path = |conditions: &Conditions| conditions.path.as_ref().map(|path| path.text.clone());
    if excludes(path(root).as_ref(), path(leaf).as_ref()) {
        return None;
    }
    Some(Conditions {
        path: leaf.path.clone().or_else(|| root.path.clone()),
        method: narrower(root.method.as_ref(), leaf.method.as_ref())?,
        scheme: narrower(root.scheme.as_ref(), leaf.scheme.as_ref())?,
        authority: narrower(root.authority.as_ref(), leaf.authority.as_ref())?,
        headers: headers(&root.headers, &leaf.headers)?,
        without_headers: headers(&root.without_headers, &leaf.without_headers)?,
        query: named(&root.query, &leaf.query, |query| &*query.name, |query| &query.value)?,
        claims: claims(&root.claims, &leaf.claims)?,
        without_claims: claims(&root.without_claims, &leaf.without_claims)?,
    })
}

fn headers(root: &[HeaderMatch], leaf: &[HeaderMatch]) -> Option<Vec<HeaderMatch>> {
    named(root, leaf, |header| header.name.as_str(), |header| &header.value)
}

fn claims(root: &[ClaimMatch], leaf: &[ClaimMatch]) -> Option<Vec<ClaimMatch>> {
    named(root, leaf, |claim| &*claim.path, |claim| &claim.value)
}

/// What both ask for under their names; `None` when they ask for different things under one.
fn named<T: Clone, N: PartialEq + ?Sized>(
    root: &[T],
    leaf: &[T],
    name: impl Fn(&T) -> &N,
    value: impl Fn(&T) -> &TextMatch,
) -> Option<Vec<T>> {
    let mut all = leaf.to_vec();
    for asked in root {
        match leaf.iter().find(|other| name(other) == name(asked)) {
            Some(other) if excludes(Some(value(asked)), Some(value(other))) => return None,
            Some(_) => {}
            None => all.push(asked.clone()),
        }
    }
    Some(all)
}

/// The narrower of two comparisons of one text; the outer `None` when they exclude one another.
fn narrower(root: Option<&TextMatch>, leaf: Option<&TextMatch>) -> Option<Option<TextMatch>> {
    (!excludes(root, leaf)).then(|| leaf.or(root).cloned())
}

/// Whether what a leaf asks for is not surely within what its root asks for. Of a regex nothing is sure.
fn excludes(root: Option<&TextMatch>, leaf: Option<&TextMatch>) -> bool {
    let (Some(root), Some(leaf)) = (root, leaf) else { return false };
    match (root, leaf) {
        (TextMatch::Present, _) | (_, TextMatch::Present) => false,
        (TextMatch::Regex(_), _) | (_, TextMatch::Regex(_)) | (TextMatch::Exact(_), TextMatch::Prefix(_)) => {
            true
        }
        (TextMatch::Exact(root), TextMatch::Exact(leaf)) => root != leaf,
        (TextMatch::Prefix(root), TextMatch::Exact(leaf) | TextMatch::Prefix(leaf)) => {
            !leaf.starts_with(&**root)
        }
    }
}

fn joined(root: &Arc<str>, leaf: &Arc<str>) -> Arc<str> {
    match (&**root, &**leaf) {
        ("", _) => Arc::clone(leaf),
        (_, "") => Arc::clone(root),
        (root, leaf) => format!("{root}-{leaf}").into(),
    }
}
