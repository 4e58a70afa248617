//! How long requests took: counted in steps of less than a hundredth, in memory that does not grow.

use std::time::Duration;

/// Each power of two is divided into so many steps.
const STEPS: u32 = 128;
/// For how many powers of two there is room: 2⁴⁰ ns are 18 minutes.
const POWERS: u32 = 40;

/// How many requests took how long.
#[derive(Debug)]
pub(super) struct Latencies {
    steps: Box<[u64]>,
    count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { steps: vec![0; (STEPS * POWERS) as usize].into(), count: 0 }
    }
}

impl Latencies {
    /// One more.
    pub(super) fn note(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let step = step(nanos).min(self.steps.len() - 1);
        self.steps[step] += 1;
        self.count += 1;
    }

    /// Those of another one, too.
    pub(super) fn add(&mut self, other: &Self) {
        self.steps.iter_mut().zip(&other.steps).for_each(|(sum, more)| *sum += more);
        self.count += other.count;
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// What this share of them took at most; nothing, if there are none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among requests"
    )]
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = (self.count as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let step = self.steps.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        Duration::from_nanos(step.map_or(0, middle))
    }
}

/// The step of a time: below [`STEPS`] nanoseconds each has one, and from there on they grow with it.
fn step(nanos: u64) -> usize {
    let power = nanos.max(u64::from(STEPS)).ilog2() - STEPS.ilog2();
    usize::try_from(u64::from(power * STEPS) + (nanos >> power)).unwrap_or(usize::MAX)
}

/// The middle of the times of a step.
fn middle(step: usize) -> u64 {
    let (step, steps) = (step as u64, u64::from(STEPS));
    if step < 2 * steps {
        return step;
    }
    let power = step / steps - 1;
    ((step - power * steps) << power) + (1 << power) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_to_a_hundredth() {
        for nanos in (0..300).chain([1_000, 17_400, 65_535, 65_536, 1 << 20, 10_000_000_000]) {
            let told = middle(step(nanos));
            assert!(told.abs_diff(nanos) * 128 <= nanos, "{nanos} is told as {told}");
        }
    }

    #[test]
    fn quantiles_are_those_of_all() {
        let (mut all, mut other) = (Latencies::default(), Latencies::default());
        (1..=50).for_each(|micros| all.note(Duration::from_micros(micros)));
        (51..=100).for_each(|micros| other.note(Duration::from_micros(micros)));
        all.add(&other);
        assert_eq!(all.count(), 100);
        for (share, micros) in [(0.5, 50), (0.99, 99), (1.0, 100)] {
            let told = all.quantile(share);
            assert!(told.abs_diff(Duration::from_micros(micros)) * 100 < told, "{share}: {told:?}");
        }
    }

    #[test]
    fn nothing_took_no_time_and_ages_are_kept() {
        assert_eq!(Latencies::default().quantile(0.99), Duration::ZERO);
        let mut ages = Latencies::default();
        ages.note(Duration::MAX);
        assert!(ages.quantile(0.5) > Duration::from_secs(60));
    }
}
