//! How long an endpoint takes to answer: a peak that is forgotten exponentially.
//!
//! A slow answer counts at once and in full, quick ones only little by little, and what is not asked is forgiven: an
//! endpoint that got slow is left at once and tried again carefully.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// One unit of the clock by which latencies are forgotten.
const TICK: Duration = Duration::from_micros(100);

/// What an endpoint that never answered costs while it is asked: more than any that did.
const UNKNOWN: f64 = 1e9;

/// The latency of one endpoint: its peak in seconds as bits of a float, and the tick of that in the lower half. One
/// number, so that both change together.
#[derive(Debug, Default)]
pub(super) struct Latency(AtomicU64);

/// By what clock latencies are forgotten, and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forgetting {
    /// When the ticks began.
    pub(super) begun: Instant,
    /// The time after which a latency counts 1/e.
    pub(super) decay: Duration,
}

impl Latency {
    /// Takes an answer into account that took so long.
    pub(super) fn answered(&self, took: Duration, now: Instant, by: Forgetting) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |state| {
            let (peak, took) = (unpack(state).0, took.as_secs_f64());
            let kept = by.kept(state, now);
            // Whatever is slower than what is left of the peak is the new peak.
            let next =
                if took >= peak * kept || peak == 0.0 { took } else { peak * kept + took * (1.0 - kept) };
            Some(pack(next, by.tick(now)))
        });
    }

    /// Takes into account that no answer came, for so long.
    pub(super) fn gave_up(&self, waited: Duration, now: Instant, by: Forgetting) {
        let state = self.0.load(Relaxed);
        if waited.as_secs_f64() > unpack(state).0 * by.kept(state, now) {
            self.answered(waited, now, by);
        }
    }

    /// What a request costs that comes to so many under way.
    pub(super) fn cost(&self, active: u32, now: Instant, by: Forgetting) -> f64 {
        let state = self.0.load(Relaxed);
        match unpack(state).0 {
            0.0 if active == 0 => 0.0,
            0.0 => UNKNOWN * f64::from(active),
            peak => peak * by.kept(state, now) * (f64::from(active) + 1.0),
        }
    }
}

impl Forgetting {
    fn tick(self, now: Instant) -> u32 {
        // Comes round after five days, when the share of what is kept is wrong once.
        (now.saturating_duration_since(self.begun).as_nanos() / TICK.as_nanos()) as u32
    }

    /// The share of a peak that is left.
    fn kept(self, state: u64, now: Instant) -> f64 {
        let elapsed = TICK.as_secs_f64() * f64::from(self.tick(now).wrapping_sub(unpack(state).1));
        (-elapsed / self.decay.as_secs_f64().max(1e-6)).exp()
    }
}

fn pack(peak: f64, tick: u32) -> u64 {
    u64::from((peak.max(f64::from(f32::MIN_POSITIVE)) as f32).to_bits()) << 32 | u64::from(tick)
}

fn unpack(state: u64) -> (f64, u32) {
    (f64::from(f32::from_bits((state >> 32) as u32)), state as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(by: Forgetting, millis: u64) -> Instant {
        by.begun + Duration::from_millis(millis)
    }

    /// The cost in milliseconds at a time, after answers that took so many milliseconds at theirs.
    fn cost(answers: &[(u64, u64)], active: u32, millis: u64) -> f64 {
        let by = Forgetting { begun: Instant::now(), decay: Duration::from_secs(1) };
        let latency = Latency::default();
        for (at, took) in answers {
            latency.answered(Duration::from_millis(*took), after(by, *at), by);
        }
        latency.cost(active, after(by, millis), by) * 1000.0
    }

    fn is_near(cost: f64, expected: f64) {
        assert!((cost - expected).abs() < 0.01 * expected, "{cost} for {expected}");
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_a_quick_one_little_by_little() {
        is_near(cost(&[(0, 10), (0, 200)], 0, 0), 200.0);
        is_near(cost(&[(0, 200), (0, 10)], 0, 0), 200.0);
        let kept = (-0.5_f64).exp();
        is_near(cost(&[(0, 200), (500, 10)], 0, 500), 200.0 * kept + 10.0 * (1.0 - kept));
    }

    #[test]
    fn what_is_not_asked_is_forgiven() {
        is_near(cost(&[(0, 200)], 0, 1000), 200.0 / std::f64::consts::E);
        is_near(cost(&[(0, 200)], 0, 5000), 200.0 * (-5.0_f64).exp());
    }

    #[test]
    fn each_request_under_way_costs_as_much_again_and_who_never_answered_is_tried_once() {
        is_near(cost(&[(0, 100)], 3, 0), 400.0);
        assert_eq!(cost(&[], 0, 0), 0.0);
        assert!(cost(&[], 1, 0) > cost(&[(0, 60_000)], 9, 0));
    }

    #[test]
    fn who_was_given_up_on_was_at_least_as_slow() {
        let by = Forgetting { begun: Instant::now(), decay: Duration::from_secs(1) };
        let latency = Latency::default();
        latency.answered(Duration::from_millis(50), by.begun, by);
        latency.gave_up(Duration::from_millis(5), by.begun, by);
        is_near(latency.cost(0, by.begun, by), 0.05);
        latency.gave_up(Duration::from_millis(500), by.begun, by);
        is_near(latency.cost(0, by.begun, by), 0.5);
    }
}
