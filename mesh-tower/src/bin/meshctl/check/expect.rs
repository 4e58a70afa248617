//! What a case expects, as written.

use http::StatusCode;
use mesh_core::{
    document::{At, Fields, HeaderOperations, Headers, Read, Value},
    model::AbortStatus,
    model::Share,
};
use std::time::Duration;

/// What a case expects of a decision; what is `None` or empty is not compared.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    pub(super) outcome: Option<&'static str>,
    pub(super) route: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) backend: Option<Backend>,
    pub(super) split: Option<Vec<Part>>,
    pub(super) redirect: Option<Redirect>,
    pub(super) rewrite: Rewrite,
    pub(super) request_headers: HeaderOperations,
    pub(super) response_headers: HeaderOperations,
    pub(super) timeout: Option<Duration>,
    pub(super) fault: Fault,
    pub(super) retries: Option<Retries>,
    pub(super) mirror: Option<Vec<Mirror>>,
    pub(super) cors: Option<&'static str>,
}

/// A destination, as far as it is named.
#[derive(Debug, Default)]
pub(super) struct Backend {
    pub(super) host: Option<String>,
    pub(super) subset: Option<String>,
    pub(super) port: Option<u16>,
}

/// A destination and its share.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) backend: Backend,
    pub(super) weight: Option<u32>,
}

/// The `location` of a redirect.
#[derive(Debug)]
pub(super) struct Redirect(pub(super) String);

/// What is sent on.
#[derive(Debug, Default)]
pub(super) struct Rewrite {
    pub(super) path: Option<String>,
    pub(super) authority: Option<String>,
}

/// What is injected.
#[derive(Debug, Default)]
pub(super) struct Fault {
    pub(super) delay: Option<Delay>,
    pub(super) abort: Option<Abort>,
}

/// A wait, and the share of requests that it is for.
#[derive(Debug)]
pub(super) struct Delay {
    pub(super) lasting: Option<Duration>,
    pub(super) share: Option<Share>,
}

/// An error, and the share of requests that it is for.
#[derive(Debug)]
pub(super) struct Abort {
    pub(super) status: Option<u16>,
    pub(super) grpc_status: Option<u8>,
    pub(super) share: Option<Share>,
}

/// When a failed request is tried again, as far as it is named.
#[derive(Debug)]
pub(super) struct Retries {
    pub(super) attempts: Option<u32>,
    pub(super) on: Option<String>,
    pub(super) per_try_timeout: Option<Duration>,
}

/// A destination that gets copies, and the share of requests that are copied.
#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) backend: Backend,
    pub(super) share: Option<Share>,
}

/// What may become of a request from a page of another origin.
const CORS: [(&str, i64, &str); 4] = [
    ("silent", 0, "silent"),
    ("granted", 1, "granted"),
    ("preflight", 2, "preflight"),
    ("ignored", 3, "ignored"),
];

/// What may become of a request.
const OUTCOMES: [(&str, i64, &str); 5] = [
    ("forward", 0, "forward"),
    ("redirect", 1, "redirect"),
    ("respond", 2, "respond"),
    ("passthrough", 3, "passthrough"),
    ("refuse", 4, "refuse"),
];

impl Read for Expectation {
    fn read(at: At<'_>) -> Option<Self> {
        if at.node.entries().is_empty() && matches!(at.node.value, Value::Map(_)) {
            // A case that cannot fail says nothing.
            at.refuse_with("expects nothing", "name a part of the decision, such as status or backend");
        }
        at.object(|f| {
            let headers: Headers = f.take("headers");
            Self {
                outcome: f.maybe::<Outcome>("outcome").map(|outcome| outcome.0),
                route: f.maybe("route"),
                status: f.maybe::<Status>("status").map(|status| status.0),
                backend: f.maybe("backend"),
                split: f.maybe("split"),
                redirect: f.maybe("redirect"),
                rewrite: f.take("rewrite"),
                request_headers: joined(headers.request, f.take("requestHeaders")),
                response_headers: joined(headers.response, f.take("responseHeaders")),
                timeout: f.maybe("timeout"),
                fault: f.take("fault"),
                retries: f.maybe("retries"),
                mirror: f.maybe::<Mirrors>("mirror").map(|mirrors| mirrors.0),
                cors: f.maybe::<Cors>("cors").map(|cors| cors.0),
            }
        })
    }
}

fn joined(mut both: HeaderOperations, other: HeaderOperations) -> HeaderOperations {
    both.set.extend(other.set);
    both.add.extend(other.add);
    both.remove.extend(other.remove);
    both
}

struct Cors(&'static str);

impl Read for Cors {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&CORS).map(Self)
    }
}

impl Read for Retries {
    /// `3`, or as Istio writes it: `{attempts: 3, retryOn: "5xx,409", perTryTimeout: 1s}`.
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Map(_) => at.object(|f| Self {
                attempts: f.maybe("attempts"),
                on: f.maybe("retryOn"),
                per_try_timeout: f.maybe("perTryTimeout"),
            }),
            _ => u32::read(at).map(|attempts| Self {
                attempts: Some(attempts),
                on: None,
                per_try_timeout: None,
            }),
        }
    }
}

impl Read for Mirror {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            backend: Backend::fields(f),
            share: f.maybe::<Percentage>("percentage").map(|percentage| percentage.0),
        })
    }
}

/// One, or a list of them.
struct Mirrors(Vec<Mirror>);

impl Read for Mirrors {
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Map(_) => Mirror::read(at).map(|mirror| Self(vec![mirror])),
            _ => Vec::read(at).map(Self),
        }
    }
}

struct Outcome(&'static str);

impl Read for Outcome {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&OUTCOMES).map(Self)
    }
}

struct Status(u16);

impl Read for Status {
    fn read(at: At<'_>) -> Option<Self> {
        let status = u16::read(at)?;
        if StatusCode::from_u16(status).is_err() {
            at.refuse_with(format!("{status} is no status of HTTP"), "write one from 100 to 599");
        }
        Some(Self(status))
    }
}

impl Backend {
    fn fields(f: &mut Fields<'_>) -> Self {
        Self { host: f.maybe("host"), subset: f.maybe("subset"), port: f.maybe("port") }
    }
}

impl Read for Backend {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(Self::fields)
    }
}

impl Read for Part {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { backend: Backend::fields(f), weight: f.maybe("weight") })
    }
}

impl Read for Redirect {
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Map(_) => at.object(|f| f.maybe("location").map(Self)).flatten(),
            _ => String::read(at).map(Self),
        }
    }
}

impl Read for Rewrite {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { path: f.maybe("path"), authority: f.maybe("authority") })
    }
}

impl Read for Fault {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { delay: f.maybe("delay"), abort: f.maybe("abort") })
    }
}

impl Read for Delay {
    /// `3s`, or as Istio writes it: `{fixedDelay: 3s, percentage: {value: 10}}`.
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Map(_) => at.object(|f| Self {
                lasting: f.maybe("fixedDelay"),
                share: f.maybe::<Percentage>("percentage").map(|percentage| percentage.0),
            }),
            _ => Duration::read(at).map(|lasting| Self { lasting: Some(lasting), share: None }),
        }
    }
}

impl Read for Abort {
    /// `503`, or as Istio writes it: `{httpStatus: 503, percentage: {value: 10}}`.
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Map(_) => at.object(|f| Self {
                status: f.maybe::<Status>("httpStatus").map(|status| status.0),
                grpc_status: f.maybe::<GrpcStatus>("grpcStatus").map(|status| status.0),
                share: f.maybe::<Percentage>("percentage").map(|percentage| percentage.0),
            }),
            _ => {
                Status::read(at).map(|status| Self { status: Some(status.0), grpc_status: None, share: None })
            }
        }
    }
}

struct GrpcStatus(u8);

impl Read for GrpcStatus {
    fn read(at: At<'_>) -> Option<Self> {
        let names: Vec<_> =
            (0..).zip(AbortStatus::GRPC).map(|(number, name)| (name, i64::from(number), number)).collect();
        at.choice(&names).map(Self)
    }
}

/// `10`, or `{value: 10}`.
struct Percentage(Share);

impl Read for Percentage {
    fn read(at: At<'_>) -> Option<Self> {
        let percent = match at.node.value {
            Value::Map(_) => return at.object(|f| f.maybe::<Self>("value")).flatten(),
            #[expect(clippy::cast_precision_loss, reason = "whatever is beyond 100 is refused")]
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            _ => {
                at.expected("a percentage");
                return None;
            }
        };
        let share = Share::from_percent(percent).map(Self);
        if share.is_none() {
            at.refuse_with(format!("{percent} is no percentage"), "write one from 0.0001 to 100, or 0");
        }
        share
    }
}
