//! What the mesh measures of itself.

use super::Config;
use crate::{stack::Parts, telemetry::Recording};
use mesh_core::watch::Status;
use mesh_core::{identity::Identity, watch::Handle};
use metrics::{describe_gauge, gauge};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

/// How often it is looked what time has changed by itself: that nobody is ejected any more.
const LOOK: Duration = Duration::from_secs(10);

/// What Istio's sidecars say of their version.
const BUILD: &str = "istio_build";
const GENERATION: &str = "mesh_table_generation";
const PUBLISHED: &str = "mesh_table_published_timestamp_seconds";
const REFUSED: &str = "mesh_documents_refused";
const EXPIRY: &str = "mesh_certificate_expiry_timestamp_seconds";
const EJECTED: &str = "mesh_ejected_endpoints";
const OPEN: &str = "mesh_open_connections";
const ACTIVE: &str = "mesh_active_requests";
const PENDING: &str = "mesh_pending_requests";
const KEYS: &str = "mesh_jwks_age_seconds";

/// Measures the mesh itself. Clones measure the same.
#[derive(Clone, Debug)]
pub(crate) struct Gauges(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    recording: Recording,
    status: watch::Receiver<Arc<Status>>,
    identity: Identity,
    parts: Parts,
    /// What was told and was not nothing: what is over has to be told, too.
    told: Mutex<BTreeSet<Told>>,
}

/// A measure, and what it is of.
type Told = (&'static str, &'static str, String);

impl Gauges {
    pub(crate) fn new(
        config: &Config,
        status: watch::Receiver<Arc<Status>>,
        identity: Identity,
        parts: Parts,
    ) -> Self {
        let (recording, told) = (config.recording.clone(), Mutex::default());
        let gauges = Self(Arc::new(Inner { recording, status, identity, parts, told }));
        gauges.0.record(describe);
        gauges
    }

    /// Measures whenever something changes, for ever. To stop, drop the future.
    pub(super) async fn follow(self, mut handle: Handle) {
        let (mut status, mut certificates) = (self.0.status.clone(), self.0.identity.changes());
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(_) = handle.published() => self.0.record(published),
                Ok(()) = status.changed() => {}
                Ok(()) = certificates.changed() => {}
                _ = look.tick() => {}
            }
            self.update();
        }
    }

    /// Measures everything but when a table was published.
    pub(crate) fn update(&self) {
        self.0.record(|| self.0.measure());
    }
}

impl Inner {
    fn record(&self, measure: impl FnOnce()) {
        match self.recording.recorder() {
            Some(recorder) => metrics::with_local_recorder(&*recorder, measure),
            None => measure(),
        }
    }

    fn measure(&self) {
        let status = self.status.borrow().clone();
        gauge!(BUILD, "component" => "proxy", "tag" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!(GENERATION).set(status.generation.0 as f64);
        let refused: BTreeSet<_> = status
            .faults
            .iter()
            .filter(|fault| fault.is_refusal())
            .map(|fault| (fault.place.file().clone(), fault.object.clone()))
            .collect();
        gauge!(REFUSED).set(refused.len() as f64);
        if let Some(current) = self.identity.current() {
            gauge!(EXPIRY).set(seconds(current.not_after));
        }
        self.tell(self.several());
    }

    /// What there are several of, and how much: only where that is not nothing.
    fn several(&self) -> BTreeMap<Told, f64> {
        let now = Instant::now();
        let ejected = self.parts.ejections.counts(now);
        let ejected = ejected.iter().map(|(backend, count)| (EJECTED, backend.to_string(), *count as f64));
        let snapshot = self.parts.handle.snapshot();
        let pools = snapshot.backends().flat_map(|backend| {
            let now = self.parts.connection.counts(&backend.name);
            let counts = [(OPEN, now.connections), (ACTIVE, now.active), (PENDING, now.pending)];
            let counts = counts.into_iter().filter(|(_, count)| *count > 0);
            counts.map(|(name, count)| (name, backend.name.to_string(), f64::from(count)))
        });
        let of_backends =
            ejected.chain(pools).map(|(name, backend, count)| ((name, "backend", backend), count));
        let ages = self.parts.jwt.ages(now).into_iter();
        let ages = ages.map(|(address, age)| ((KEYS, "address", address), age.as_secs_f64()));
        of_backends.chain(ages).filter(|(_, value)| *value > 0.0).collect()
    }

    fn tell(&self, now: BTreeMap<Told, f64>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, label, of) in told.iter().filter(|told| !now.contains_key(told)) {
            gauge!(*name, *label => of.clone()).set(0.0);
        }
        for ((name, label, of), value) in &now {
            gauge!(*name, *label => of.clone()).set(*value);
        }
        // Once told to be none it need not be told again.
        *told = now.into_keys().collect();
    }
}

fn published() {
    gauge!(PUBLISHED).set(seconds(SystemTime::now()));
}

fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn describe() {
    describe_gauge!(BUILD, "The version of the mesh that this process is linked with.");
    describe_gauge!(GENERATION, "How many routing tables this process has published.");
    describe_gauge!(PUBLISHED, metrics::Unit::Seconds, "When the last routing table was published.");
    describe_gauge!(REFUSED, "Documents that are wrong now, so that their last good version serves, if any.");
    describe_gauge!(EXPIRY, metrics::Unit::Seconds, "When the certificate of this process expires.");
    describe_gauge!(EJECTED, "Endpoints that are left alone for a while, by backend.");
    describe_gauge!(OPEN, "Connections that are open to a backend.");
    describe_gauge!(ACTIVE, "Requests that are under way to a backend.");
    describe_gauge!(PENDING, "Requests that wait for a connection to a backend.");
    describe_gauge!(
        KEYS,
        metrics::Unit::Seconds,
        "The age of an issuer's keys, by where they are fetched from."
    );
}
