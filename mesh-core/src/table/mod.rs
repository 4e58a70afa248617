//! What we *run*: an immutable [`Snapshot`], indexed once, asked by every request.
//!
//! Everything here is pure: no clock, no dice, no input or output. [`Snapshot::decide`] takes the roll of a die as an
//! argument; the layers and the command line call the same function.

mod backend_name;
mod compile;
mod decide;
mod dump;
mod effect;
mod explain;
mod hosts;
mod inbound;
mod index;
mod listener;
mod matcher;
mod normal;
mod outbound;
mod request;
mod secured;
mod snapshot;
mod telemetry;
mod viewpoint;

pub use backend_name::BackendName;
pub use decide::{Decision, Missing, Refusal};
pub use dump::{
    Dump, HostDump, InboundDump, ListenerDump, MirrorDump, PolicyDump, RuleDump, ServerDump, TargetDump,
    TokenDump,
};
pub use explain::{
    CorsExplanation, Explanation, MirrorExplanation, PassedOver, Question, RequestUrl, RetryExplanation,
    RuleReference, TargetExplanation,
};
pub use inbound::{
    AuthorizationExplanation, Inbound, InboundLimit, InboundView, Policies, PolicyExplanation, RateLimits,
    RuleExplanation, RuleName, TlsDemands, Tokens, Verdict,
};
pub use matcher::Condition;
pub use normal::{InvalidPath, normalized};
pub use request::RequestView;
pub use secured::Secured;
pub use snapshot::{
    Backend, BackendEndpoint, Chosen, Generation, Listener, ListenerServer, MirrorTarget, Names, Peers, Rule,
    Snapshot, Target, TargetBackend, VirtualHost,
};
pub use telemetry::{
    AccessLog, MetricRule, Metrics, SideTelemetry, Tag, TagOverride, TagValue, Telemetry, Tracing,
};
pub use viewpoint::{GatewayRole, Viewpoint};
