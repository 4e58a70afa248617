//! What is written to logs of requests.

use super::{Expression, Sides};
use std::sync::Arc;

/// What is said of logs of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLogRule {
    /// At which end of calls.
    pub sides: Sides,
    /// Who gets entries, by name; who got them before when empty.
    pub providers: Vec<Arc<str>>,
    /// Whether they get none.
    pub is_disabled: bool,
    /// The requests of which they get an entry; all when `None`.
    pub filter: Option<Arc<Expression>>,
}

/// What an entry of a log looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of Envoy's usual text, in Istio's order.
    #[default]
    Text,
    /// An object of JSON with Istio's usual keys.
    Json,
    /// This text, in which command operators such as `%REQ(X)%` stand for facts. A line end is part of it, where one is
    /// wanted.
    TextOf(Arc<str>),
    /// An object of JSON like this one, in which texts may hold command operators.
    JsonOf(Arc<serde_json::Map<String, serde_json::Value>>),
}
