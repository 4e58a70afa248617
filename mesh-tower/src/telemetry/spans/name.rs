//! What spans are called, by Istio's rules.

use crate::event::{Exchange, Side, Traced};
use mesh_core::{
    model::TextMatch,
    table::{Condition, Rule},
};

/// What the span of a request is called: as its caller says, or else by the service, its port and the paths that the rule
/// is for.
pub(super) fn of(exchange: &Exchange, traced: &Traced, service: &str) -> String {
    let said = traced.operation.as_ref().and_then(|operation| operation.to_str().ok());
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        return said.to_owned();
    }
    match exchange.side {
        Side::Client => operation(exchange).unwrap_or_else(|| format!("egress {}", exchange.authority)),
        Side::Server => match &exchange.arrival {
            Some(arrival) => format!("{service}:{}/*", arrival.local().port()),
            None => format!("{service}/*"),
        },
    }
}

/// What the span of that which a gateway sends on is called.
pub(super) fn of_forwarded(exchange: &Exchange) -> String {
    match &exchange.backend {
        Some(backend) => format!("router {} egress", backend.name),
        None => format!("egress {}", exchange.authority),
    }
}

/// `reviews.default.svc.cluster.local:9080/*`: the one service that a rule is for, or else the rule and what it is for.
fn operation(exchange: &Exchange) -> Option<String> {
    let backend = exchange.backend.as_ref();
    let rule = exchange.rule();
    let path = rule.map_or_else(|| "/*".to_owned(), |rule| path(rule, exchange));
    match (rule, backend) {
        (Some(rule), Some(backend)) if rule.targets.len() > 1 => {
            let document = rule.name.split('.').next().unwrap_or_default();
            Some(format!("{document}:{}{path}", backend.name.port))
        }
        (_, Some(backend)) => Some(format!("{}:{}{path}", backend.name.host, backend.name.port)),
        // Nobody was chosen: the mesh answered itself, or refused.
        (Some(rule), None) => match &*rule.targets {
            [target] => Some(format!("{}{path}", target.host)),
            _ => Some(format!("{}{path}", rule.name)),
        },
        (None, None) => None,
    }
}

/// The paths that a rule is for, as far as they are those of this request.
fn path(rule: &Rule, exchange: &Exchange) -> String {
    let asked = exchange.kept.heads.as_ref().map_or("/", |heads| heads.uri.path());
    let paths = rule.conditions.iter().filter_map(|condition| match condition {
        Condition::Path(path) => Some(path),
        _ => None,
    });
    let matched = paths.into_iter().find(|path| path.matches(asked));
    match matched.map(|path| &path.text) {
        Some(TextMatch::Exact(path)) => path.to_string(),
        Some(TextMatch::Prefix(prefix)) => format!("{prefix}*"),
        Some(TextMatch::Regex(pattern)) => pattern.as_str().to_owned(),
        Some(TextMatch::Present) | None => "/*".to_owned(),
    }
}
