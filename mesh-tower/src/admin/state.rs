//! What pages tell of.

use super::moment::since_1970;
use crate::{
    event::Workload,
    mesh::{Config, Gauges, is_wanted},
    recorder::Recorder,
    serve::Drain,
    stack::Parts,
};
use mesh_core::{
    identity::Identity,
    table::{GatewayRole, Viewpoint},
    watch::Status,
};
use std::{sync::Arc, time::SystemTime};
use tokio::sync::watch;

/// The parts of a process that pages tell of. None of them holds the mesh itself, which ends though pages are served.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) parts: Parts,
    pub(crate) status: watch::Receiver<Arc<Status>>,
    pub(crate) identity: Identity,
    pub(crate) drain: Drain,
    pub(crate) gauges: Gauges,
    /// None where somebody else's recorder is the one of the process.
    pub(crate) recorder: Option<Recorder>,
}

impl State {
    /// Why this process is not to get requests now, if it is not.
    pub(super) fn unready(&self) -> Option<String> {
        if self.drain.has_started() {
            return Some("it drains".into());
        }
        if self.status.borrow().generation.0 == 0 {
            return Some("its documents are not read yet".into());
        }
        if !is_wanted(&self.config, &self.parts.handle) {
            return None;
        }
        let missing = self.identity.valid(SystemTime::now()).err()?;
        let why = self.identity.fault().map(|fault| format!(": {fault}")).unwrap_or_default();
        Some(format!("{missing}{why}"))
    }

    /// Who this is, as it asks for decisions.
    pub(super) fn viewpoint(&self) -> Viewpoint {
        let Config { namespace, labels, gateway, .. } = &self.config;
        Viewpoint {
            namespace: namespace.clone(),
            labels: labels.clone(),
            gateway: gateway.clone(),
            ..Viewpoint::default()
        }
    }

    pub(super) fn is_gateway(&self) -> bool {
        self.config.gateway != GatewayRole::None
    }

    pub(super) fn workload(&self) -> Workload {
        self.config.workload()
    }
}

/// How many seconds are left until a moment; 0 when it is over.
pub(super) fn seconds_until(moment: SystemTime) -> u64 {
    since_1970(moment).saturating_sub(since_1970(SystemTime::now())).as_secs()
}
