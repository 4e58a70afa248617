use super::{bench::Bench, keys::Keys, service::Jwt};
use arc_swap::ArcSwapOption;
use mesh_core::{
    model::TokenRule,
    table::{Inbound, Tokens},
    watch::Handle,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::Instant;
use tower_layer::Layer;

/// Tells the time by which tokens say when they are good.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Wraps a service so that requests reach it with good tokens, or without any.
#[derive(Clone)]
pub struct JwtLayer {
    origin: Origin,
    keys: Keys,
    clock: Clock,
    pub(super) gateway: Option<Gateway>,
    /// The rules of the last table, with their keys.
    bench: Arc<ArcSwapOption<Bench>>,
}

/// Where the rules come from.
#[derive(Clone)]
enum Origin {
    /// They are always these.
    Fixed(Arc<Inbound>),
    /// The table has them.
    Table(Handle),
}

/// A listener of a gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gateway {
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl JwtLayer {
    /// Judges tokens by these rules.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = TokenRule>, keys: Keys) -> Self {
        let tokens = Tokens::new(rules.into_iter().map(Arc::new).collect());
        Self::with_origin(Origin::Fixed(Arc::new(Inbound::of_tokens(tokens))), keys)
    }

    /// Judges tokens by the rules that documents have for the workload: by the newest table of `handle`.
    #[must_use]
    pub fn inbound(handle: Handle, keys: Keys) -> Self {
        Self::with_origin(Origin::Table(handle), keys)
    }

    fn with_origin(origin: Origin, keys: Keys) -> Self {
        Self { origin, keys, clock: Arc::new(SystemTime::now), gateway: None, bench: Arc::default() }
    }

    /// Judges the requests that come in at a gateway's listener, over TLS or not.
    #[must_use]
    pub fn at_gateway(self, port: u16, is_tls: bool) -> Self {
        Self { gateway: Some(Gateway { port, is_tls }), ..self }
    }

    /// The clock by which tokens are good. Default: the system's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// How old the keys are that were fetched, by the address that people are shown.
    pub(crate) fn ages(&self, now: Instant) -> Vec<(String, Duration)> {
        self.keys.ages(now)
    }

    /// The rules for a request, with their keys.
    pub(super) fn bench(&self) -> Arc<Bench> {
        let inbound = match &self.origin {
            Origin::Fixed(inbound) => Arc::clone(inbound),
            // The newest, not the one that is pinned: a caller names that one, and may name one that believed more.
            Origin::Table(handle) => Arc::clone(handle.snapshot().inbound()),
        };
        let last = self.bench.load_full();
        last.filter(|bench| Arc::ptr_eq(&bench.inbound, &inbound)).unwrap_or_else(|| {
            let bench = Arc::new(Bench::new(&inbound, &self.keys));
            self.bench.store(Some(Arc::clone(&bench)));
            bench
        })
    }

    /// The time, in seconds of Unix time. Before its beginning no token is good.
    pub(super) fn now(&self) -> u64 {
        let since = (self.clock)().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(u64::MAX, |since| since.as_secs())
    }
}

impl<S> Layer<S> for JwtLayer {
    type Service = Jwt<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Jwt { inner, layer: self.clone() }
    }
}

impl fmt::Debug for JwtLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayer").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}
