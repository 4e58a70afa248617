//! Requests at a steady pace, and when each was answered.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// When requests were answered. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Answered(Arc<Mutex<Vec<SystemTime>>>);

impl Answered {
    fn note(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(SystemTime::now());
    }

    /// How many were answered a second in the time before a moment.
    pub(super) fn rate(&self, lasting: Duration, until: SystemTime) -> f64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.iter().filter(|at| **at <= until && **at > until - lasting).count();
        count as f64 / lasting.as_secs_f64()
    }
}

/// Makes a request as often as `every` says, late ones too, until the visitors are dropped.
pub(super) fn steady<S, F, R>(
    visitors: &mut JoinSet<()>,
    every: Duration,
    mut state: S,
    mut visit: F,
) -> Answered
where
    S: Send + 'static,
    F: FnMut(S) -> R + Send + 'static,
    R: Future<Output = S> + Send + 'static,
{
    let answered = Answered::default();
    let noted = answered.clone();
    visitors.spawn(async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            ticks.tick().await;
            state = visit(state).await;
            noted.note();
        }
    });
    answered
}
