//! What several of the benchmarks share: a mesh of many services, as text, and a real Envoy.
//!
//! # What a request could wait for
//!
//! No thread waits for another one on the way of a client's request in the steady state: the tables are loaded from cells
//! of [arc-swap](https://docs.rs/arc-swap), which readers load without a lock, and counts are atomic. Whoever finds that a
//! table is older than the request's own makes the next one beside it and swaps it in, and whoever comes second does the
//! same work for nothing instead of waiting. What there is besides:
//!
//! | where | what | who could wait there |
//! |---|---|---|
//! | telemetry | a mutex beside the handles by kind of request | the first request of a kind: whoever finds its kind does not ask for it |
//! | telemetry | queues of fixed size for what has ended, for lines of the log, for spans | nobody: where they are full the newest is let go, and counted |
//! | telemetry | the waker of the task that brings spans | one of the hundredth part of requests that is traced, for a few instructions, when another one ends at the same moment |
//! | recorder | mutexes around families and series | whoever makes a series, or renders them; recording is atomic |
//! | fault, balance, route | dice | nobody: each thread has its own. Those with a seed share one, behind a mutex, and are for replays |
//! | retry | a mutex around the list of endpoints that were tried | nobody: a list belongs to one request, whose tries one task makes, on one thread at a time |
//! | retry | a mutex around a body that comes as it is sent | the task that judges an early answer, while the connection's own task takes a frame of that request's body. A body that is all here has none |
//! | timeout | a cell for the moment when the body was sent | nobody: what fills it is a look at the clock |
//! | resolve | a mutex around names | the first request to a backend of another generation that has names |
//! | connection | a queue without a lock for connections of HTTP/1.1 that rest, a list in a cell for those of HTTP/2 | nobody |
//! | connection | a mutex around the line of those who wait for a connection | those alone that wait for one anyway: an empty line is seen without it |
//! | connection | a mutex around names of hosts that documents do not know, and one around the TLS that is offered | whoever opens a connection |
//! | mirror | a channel without a bound for what copies get of a body | nobody: what is sent is put there, and copies are bounded by an atomic count |
//!
//! Below the mesh there are locks that any client of hyper and tokio has: h2's around the streams of one connection, which
//! all requests over it share; tokio's around the timers of a runtime, which a request with a timeout asks twice, and
//! around the readiness of a socket; and the allocator's. `strace -f -k -e futex` of many requests on two threads shows
//! calls by threads that have nothing to do, by the allocator and by tokio's timers, and none by the mesh.

pub mod envoy;
pub mod product;

use std::fmt::Write;

/// The VirtualService of service `number`, as a document of its own: testers see the new version, and everybody else is
/// split, with this weight for the old one.
#[must_use]
pub fn virtual_service(number: usize, weight: usize) -> String {
    let other = 100 - weight;
    format!(
        "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: service-{number}
  namespace: shop
spec:
  hosts:
  - service-{number}
  http:
  - match:
    - headers:
        x-group:
          exact: test
    route:
    - destination:
        host: service-{number}
        subset: new
  - route:
    - destination:
        host: service-{number}
        subset: old
      weight: {weight}
    - destination:
        host: service-{number}
        subset: new
      weight: {other}
---
"
    )
}

/// So many VirtualServices in one text; one of them, if `changed` names it, with other weights.
#[must_use]
pub fn virtual_services(count: usize, changed: Option<usize>) -> String {
    (0..count).map(|number| virtual_service(number, if changed == Some(number) { 80 } else { 90 })).collect()
}

/// The services that the rules are for, and their subsets.
#[must_use]
pub fn services(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "apiVersion: v1
kind: Service
metadata:
  name: service-{number}
  namespace: shop
spec:
  ports:
  - name: http
    port: 80
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: service-{number}
  namespace: shop
spec:
  host: service-{number}
  subsets:
  - name: old
    labels:
      version: old
  - name: new
    labels:
      version: new
---
"
        );
    }
    text
}

/// So many rules of `service-0` for a prefix each, and one for all that is left; one of them is another, if it is named.
#[must_use]
pub fn rules(size: usize, changed: Option<usize>) -> String {
    let rules: String = (0..size).map(|number| rule(number, changed == Some(number))).collect();
    let head = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: service-0
  namespace: shop
spec:
  hosts:
  - service-0
  http:
";
    format!("{head}{rules}  - route:\n    - destination:\n        host: service-0\n---\n")
}

/// The rule for a prefix, to the old version or to the new one.
#[must_use]
pub fn rule(number: usize, is_new: bool) -> String {
    let subset = if is_new { "new" } else { "old" };
    format!(
        "  - match:
    - uri:
        prefix: /prefix/{number}/
    route:
    - destination:
        host: service-0
        subset: {subset}
"
    )
}

/// A policy that lets one caller do one thing.
#[must_use]
pub fn policy(number: usize, method: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: policy-{number}
  namespace: shop
spec:
  action: ALLOW
  rules:
  - from:
    - source:
        principals:
        - cluster.local/ns/shop/sa/caller-{number}
    to:
    - operation:
        methods:
        - {method}
        paths:
        - /api/{number}/*
---
"
    )
}
