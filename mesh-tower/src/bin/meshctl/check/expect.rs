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
    /// Parts that are named although nothing decides them yet.
    pub(super) undecided: Vec<&'static str>,
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
                undecided: undecided(f),
            }
        })
    }
}

fn undecided(f: &mut Fields<'_>) -> Vec<&'static str> {
    ["mirror", "retries"].into_iter().filter(|name| f.maybe::<Anything>(name).is_some()).collect()
}

fn joined(mut both: HeaderOperations, other: HeaderOperations) -> HeaderOperations {
    both.set.extend(other.set);
    both.add.extend(other.add);
    both.remove.extend(other.remove);
    both
}

/// A value that is not looked at.
struct Anything;

impl Read for Anything {
    fn read(_: At<'_>) -> Option<Self> {
        Some(Self)
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
