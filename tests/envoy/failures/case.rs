//! What a case is made of.

use super::script::Step;
use http::Method;
use serde_json::{Value, json};

/// A service whose endpoints do what a script says, the documents about it, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Case {
    /// What is to be seen, as a sentence.
    pub(super) name: &'static str,
    /// The service's protocol, as the name of its port begins.
    pub(super) protocol: &'static str,
    /// A rule of a VirtualService, without its destination.
    pub(super) rule: Value,
    /// The `trafficPolicy` of a DestinationRule.
    pub(super) policy: Value,
    /// How many endpoints there are that do what the script says.
    pub(super) endpoints: usize,
    /// How many more there are where nobody listens.
    pub(super) dead: usize,
    /// Whether all endpoints but the first are in another locality than the client.
    pub(super) is_spread: bool,
    pub(super) script: Vec<Step>,
    pub(super) ask: Ask,
    pub(super) times: Times,
    /// How many of the first answers do not count: at which endpoint the turns begin is a matter of chance.
    pub(super) unasked: usize,
    /// Where the mesh does something else on purpose, or cannot help it, and why.
    pub(super) differs: Option<&'static str>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: Sent,
}

/// A request's body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent {
    Nothing,
    /// So many bytes, which are said to be so many.
    Known(usize),
    /// So many bytes, in pieces.
    Streamed(usize),
}

/// How often a case is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Times {
    /// One request after the other.
    InTurn(usize),
    /// So many at once.
    AtOnce(usize),
}

/// A service that speaks HTTP/1.1.
pub(super) fn http(name: &'static str, script: &[Step]) -> Case {
    let ask = Ask { method: Method::GET, path: "/a?b=c", headers: &[], body: Sent::Nothing };
    Case {
        name,
        protocol: "http",
        rule: json!({}),
        // Envoy's choice among endpoints would else be a matter of chance.
        policy: json!({"loadBalancer": {"simple": "ROUND_ROBIN"}}),
        endpoints: 1,
        dead: 0,
        is_spread: false,
        script: script.to_vec(),
        ask,
        times: Times::InTurn(1),
        unasked: 0,
        differs: None,
    }
}

/// A service that speaks HTTP/2.
pub(super) fn http2(name: &'static str, script: &[Step]) -> Case {
    Case { protocol: "http2", ..http(name, script) }
}

/// A service that speaks gRPC.
pub(super) fn grpc(name: &'static str, script: &[Step]) -> Case {
    const HEADERS: &[(&str, &str)] = &[("content-type", "application/grpc"), ("te", "trailers")];
    let case = Case { protocol: "grpc", ..http(name, script) };
    case.ask(Method::POST, Sent::Known(5)).headers(HEADERS)
}

impl Case {
    /// What the rule says about retries; the wait before them is the shortest there is.
    pub(super) fn retries(self, mut retries: Value) -> Self {
        if retries["attempts"] != 0 {
            retries["backoff"] = json!("1ms");
        }
        self.rule("retries", retries)
    }

    /// So many more tries after what 5xx means.
    pub(super) fn again(self, attempts: u32) -> Self {
        self.retries(json!({"attempts": attempts, "retryOn": "5xx"}))
    }

    /// No more tries.
    pub(super) fn never_again(self) -> Self {
        self.retries(json!({"attempts": 0}))
    }

    /// The rule's timeout.
    pub(super) fn timeout(self, timeout: &str) -> Self {
        self.rule("timeout", json!(timeout))
    }

    pub(super) fn rule(mut self, field: &str, value: Value) -> Self {
        self.rule[field] = value;
        self
    }

    pub(super) fn policy(mut self, field: &str, value: Value) -> Self {
        self.policy[field] = value;
        self
    }

    pub(super) fn endpoints(self, alive: usize, dead: usize) -> Self {
        Self { endpoints: alive, dead, ..self }
    }

    pub(super) fn ask(mut self, method: Method, body: Sent) -> Self {
        (self.ask.method, self.ask.body) = (method, body);
        self
    }

    pub(super) fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.ask.headers = headers;
        self
    }

    pub(super) fn in_turn(self, times: usize) -> Self {
        Self { times: Times::InTurn(times), ..self }
    }

    /// The first answers do not count.
    pub(super) fn without_first(self, unasked: usize) -> Self {
        Self { unasked, ..self }
    }

    pub(super) fn at_once(self, times: usize) -> Self {
        Self { times: Times::AtOnce(times), ..self }
    }

    /// The mesh does something else here, for a reason.
    pub(super) fn differs(self, why: &'static str) -> Self {
        Self { differs: Some(why), ..self }
    }
}
