//! Medians, spreads, and ratios within a round.

use crate::{contender::Contender, message::Taken, usage};
use serde::Serialize;
use std::time::Duration;

/// What one contender did in one turn.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    /// Requests that were answered as they should be, a second.
    rps: f64,
    /// What half of the requests took at most, in microseconds.
    p50_us: f64,
    /// What 99 of 100 requests took at most, in microseconds.
    p99_us: f64,
    /// The processor's time for a request, of all processes it passes, in microseconds: or seconds for a million.
    cpu_us: f64,
    /// How many requests were not answered as they should be.
    failures: u64,
    /// What everybody else had of the machine meanwhile, as a share of all of it.
    others: f64,
}

/// What one contender did in all rounds of a case.
#[derive(Debug)]
pub(crate) struct Series {
    /// Who.
    pub(crate) contender: Contender,
    /// Its turns, one a round.
    pub(crate) samples: Vec<Sample>,
    /// The peak of the memory of the caller, of proxies, and of the origin, in KiB.
    pub(crate) memory: Vec<u64>,
}

/// The middle of the rounds, and half of the way from the least to the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) median: f64,
    pub(super) spread: f64,
}

/// What is reported of one contender in a case.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) contender: Contender,
    pub(super) rps: Figure,
    pub(super) p50_us: Figure,
    pub(super) p99_us: Figure,
    /// Processor seconds for 1,000 requests.
    pub(super) cpu_s_per_1000: Figure,
    /// The peak of all processes' memory, in MiB.
    pub(super) memory_mib: f64,
    /// The same of the caller, of proxies and of the origin, each for itself.
    pub(super) memory_mib_each: Vec<f64>,
    pub(super) failures: u64,
    /// Whom it is compared with; none, if that one did not take part.
    pub(super) peer: Option<Contender>,
    /// Requests a second as a multiple of the peer's in the same round.
    pub(super) rps_ratio: Option<Figure>,
    /// The processor's time for a request as a multiple of the peer's in the same round.
    pub(super) cpu_ratio: Option<Figure>,
    pub(super) rounds: Vec<Sample>,
}

impl Sample {
    /// Of what came of a turn, and the time of the processor that it took, and that others took.
    #[expect(clippy::cast_precision_loss, reason = "a turn has fewer requests than a float can count")]
    pub(crate) fn new(taken: &Taken, used: Duration, others: Duration) -> Self {
        let requests = (taken.requests as f64).max(1.0);
        let elapsed = taken.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            rps: taken.requests as f64 / elapsed,
            others: others.as_secs_f64() / elapsed / usage::cores() as f64,
            p50_us: micros(taken.p50),
            p99_us: micros(taken.p99),
            cpu_us: micros(used) / requests,
            failures: taken.failures,
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl Figure {
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(greatest)) = (values.first(), values.last()) else { return Self::default() };
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Self { median: f64::midpoint(low, high), spread: (greatest - least) / 2.0 }
    }

    /// One series divided by another, round by round.
    pub(super) fn ratio(of: &[Sample], to: &[Sample], value: impl Fn(&Sample) -> f64) -> Self {
        Self::of(of.iter().zip(to).map(|(of, to)| value(of) / value(to)))
    }
}

impl Summary {
    /// Of all that took part in a case.
    pub(super) fn of(series: Vec<Series>) -> Vec<Self> {
        let summaries = series.iter().map(|one| {
            let peer = series.iter().find(|other| other.contender == one.contender.peer());
            Self::of_one(one, peer)
        });
        summaries.collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "memory is less than a float can count")]
    fn of_one(series: &Series, peer: Option<&Series>) -> Self {
        let samples = &series.samples;
        let figure = |value: fn(&Sample) -> f64| Figure::of(samples.iter().map(value));
        let ratio = |value: fn(&Sample) -> f64| peer.map(|peer| Figure::ratio(samples, &peer.samples, value));
        let each: Vec<f64> = series.memory.iter().map(|kib| *kib as f64 / 1024.0).collect();
        Self {
            contender: series.contender,
            rps: figure(|sample| sample.rps),
            p50_us: figure(|sample| sample.p50_us),
            p99_us: figure(|sample| sample.p99_us),
            // Microseconds for one are milliseconds for a thousand.
            cpu_s_per_1000: figure(|sample| sample.cpu_us / 1e3),
            memory_mib: each.iter().sum(),
            memory_mib_each: each,
            failures: samples.iter().map(|sample| sample.failures).sum(),
            peer: peer.map(|peer| peer.contender),
            rps_ratio: ratio(|sample| sample.rps),
            cpu_ratio: ratio(|sample| sample.cpu_us),
            rounds: samples.clone(),
        }
    }

    /// What everybody else had of the machine while all of these had their turns: the median, as a share.
    pub(super) fn others(all: &[Self]) -> f64 {
        Figure::of(all.iter().flat_map(|one| &one.rounds).map(|sample| sample.others)).median
    }

    /// A figure of this one as a multiple of another's, in the same round.
    pub(super) fn against(&self, other: &Self, what: What) -> Figure {
        Figure::ratio(&self.rounds, &other.rounds, |sample| match what {
            What::Rps => sample.rps,
            What::Cpu => sample.cpu_us,
            What::P99 => sample.p99_us,
        })
    }
}

/// A figure that contenders are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Rps,
    Cpu,
    P99,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rps: f64) -> Sample {
        Sample { rps, p50_us: 1.0, p99_us: 2.0, cpu_us: 10.0, failures: 0, others: 0.5 }
    }

    #[test]
    fn the_middle_and_the_spread_are_of_all_rounds() {
        assert_eq!(Figure::of([3.0, 1.0, 2.0]), Figure { median: 2.0, spread: 1.0 });
        assert_eq!(Figure::of([4.0, 1.0, 2.0, 3.0]), Figure { median: 2.5, spread: 1.5 });
        assert_eq!(Figure::of([]), Figure::default());
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        // Twice as many in each round, though the second round was slow for both.
        let (of, to) = ([sample(200.0), sample(20.0)], [sample(100.0), sample(10.0)]);
        let ratio = Figure::ratio(&of, &to, |sample| sample.rps);
        assert_eq!(ratio, Figure { median: 2.0, spread: 0.0 });
    }

    #[test]
    fn who_has_no_peer_is_compared_with_nobody() {
        let series =
            |contender, rps| Series { contender, samples: vec![sample(rps)], memory: vec![1024, 2048] };
        let both = Summary::of(vec![series(Contender::Hyper, 10.0), series(Contender::Mesh, 11.0)]);
        assert_eq!(both[1].rps_ratio, Some(Figure { median: 1.1, spread: 0.0 }));
        assert!((both[1].memory_mib - 3.0).abs() < 1e-9);
        assert!((Summary::others(&both) - 0.5).abs() < 1e-9);
        let alone = Summary::of(vec![series(Contender::MeshMtls, 11.0)]);
        assert_eq!((alone[0].peer, alone[0].rps_ratio), (None, None));
    }

    #[test]
    fn a_turn_without_an_answer_has_no_rate() {
        let taken = Taken { failures: 7, ..Taken::default() };
        let sample = Sample::new(&taken, Duration::from_millis(1), Duration::ZERO);
        assert!(sample.rps.abs() < 1e-9 && sample.failures == 7);
    }
}
