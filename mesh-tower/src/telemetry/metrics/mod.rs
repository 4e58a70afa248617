//! Istio's standard metrics.
//!
//! A request costs a look into a table of handles: what its labels say follows from a few numbers and addresses in memory,
//! and only the first request of a kind makes labels of them. A connection looks once, when it is opened.

mod connections;
mod key;
mod known;
mod labels;
mod operations;
mod register;
mod requests;
mod tags;

pub(super) use connections::Connections;
pub(super) use key::principal;
pub(super) use operations::Operations;

use super::recording::Recording;
use crate::event::{Exchange, Side, Workload};
use key::Key;
use known::{Kind, Known};
use mesh_core::{identity::Identity, table};
pub(super) use register::dropped_lines;
use register::{Register, describe};
use requests::Requests;
use std::{fmt, sync::Arc, time::Duration};
use tags::{Rules, Tags};

/// What Istio's sidecars count of requests and connections, with its names and labels.
pub(super) struct Metrics {
    own: Arc<Own>,
    recording: Recording,
    /// What documents say of them.
    rules: Rules,
    requests: Known<Requests>,
    connections: Known<Connections>,
}

/// Whom the metrics are about.
pub(super) struct Own {
    pub(super) workload: Arc<Workload>,
    /// The host of the service that it is one of.
    pub(super) service: Box<str>,
    /// What it proves with who it is.
    pub(super) identity: Identity,
    /// What requests ask for, where that is told.
    pub(super) operations: Operations,
}

/// The metrics that a connection counts in.
pub(super) struct Counting(Arc<Kind<Connections>>);

impl std::ops::Deref for Counting {
    type Target = Connections;

    fn deref(&self) -> &Connections {
        &self.0.handles
    }
}

impl Metrics {
    pub(super) fn new(own: Arc<Own>, recording: Recording, rules: table::Metrics) -> Self {
        describe(&recording);
        Self {
            rules: Rules::new(rules),
            own,
            recording,
            requests: Known::default(),
            connections: Known::default(),
        }
    }

    /// Whether anything is measured of requests.
    pub(super) fn are_kept(&self) -> bool {
        self.rules.are_kept()
    }

    /// Whether anything is measured of connections.
    pub(super) fn are_kept_of_connections(&self) -> bool {
        self.rules.connections_are_kept()
    }

    /// Whether expressions of documents are evaluated for them.
    pub(super) fn evaluates(&self) -> bool {
        self.rules.evaluates()
    }

    /// How often connections are reported that last.
    pub(super) fn interval(&self) -> Duration {
        self.rules.interval()
    }

    /// A request has ended.
    pub(super) fn record(&self, exchange: &Exchange) {
        self.with(exchange, |requests| requests.record(exchange, &self.recording));
    }

    /// Messages of a call of gRPC have come and gone, and it lasts.
    pub(super) fn pass(&self, exchange: &Exchange, messages: [u64; 2]) {
        self.with(exchange, |requests| requests.pass(messages));
    }

    fn with(&self, exchange: &Exchange, act: impl FnOnce(&Requests)) {
        if !self.rules.are_kept() {
            return;
        }
        let tags = self.rules.tags(exchange, &self.own);
        let make = |is_folded| {
            self.make(exchange, &tags, is_folded, |register| Requests::new(register, exchange.is_grpc))
        };
        let key = Key::of(exchange, tags.digest()).asking(self.own.operations.of(exchange));
        self.requests.with(key, exchange, make, |kind| act(&kind.handles));
    }

    /// What a connection counts in, by what is known of it now; `None` when nothing is measured of connections.
    pub(super) fn connection(&self, exchange: &Exchange) -> Option<Counting> {
        if !self.rules.connections_are_kept() {
            return None;
        }
        let tags = self.rules.tags(exchange, &self.own);
        let make = |is_folded| self.make(exchange, &tags, is_folded, Connections::new);
        let key = Key::of(exchange, tags.digest());
        Some(self.connections.with(key, exchange, make, |kind| Counting(Arc::clone(kind))))
    }

    fn make<H>(
        &self,
        exchange: &Exchange,
        tags: &Tags<'_>,
        is_folded: bool,
        make: impl FnOnce(&Register<'_>) -> H,
    ) -> H {
        let labels = labels::of(exchange, &self.own, is_folded);
        make(&Register { recording: &self.recording, rules: &self.rules, tags, labels: &labels })
    }
}

impl Own {
    /// Istio's name of the side.
    pub(super) fn reporter(side: Side) -> &'static str {
        match side {
            Side::Client => "source",
            Side::Server => "destination",
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
