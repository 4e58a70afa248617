//! The samples of the last seconds.

use super::Sample;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// How far rates look back.
const SPAN: Duration = Duration::from_secs(10);
/// What has come in less time than this says nothing of a rate.
const LEAST: Duration = Duration::from_millis(500);

/// The samples of one process.
#[derive(Debug, Default)]
pub(in crate::console) struct Window {
    samples: VecDeque<(Instant, Sample)>,
}

impl Window {
    /// Another sample, taken at this moment.
    pub(in crate::console) fn push(&mut self, at: Instant, sample: Sample) {
        self.samples.push_back((at, sample));
        // One that is as old as the span, or older, is what the newest is compared with.
        while self.samples.get(1).is_some_and(|(second, _)| at.duration_since(*second) >= SPAN) {
            self.samples.pop_front();
        }
    }

    /// What the newest sample says; nothing before there is one.
    pub(in crate::console) fn totals(&self) -> Option<&Sample> {
        self.samples.back().map(|(_, sample)| sample)
    }

    /// How much came a second in the span; nothing before there are two samples.
    pub(in crate::console) fn rates(&self) -> Sample {
        let (Some((from, oldest)), Some((to, newest))) = (self.samples.front(), self.samples.back()) else {
            return Sample::default();
        };
        let passed = to.duration_since(*from);
        if passed < LEAST {
            return Sample::default();
        }
        let seconds = passed.as_secs_f64();
        let rate =
            newest.iter().map(|(call, totals)| (call.clone(), totals.since(oldest.get(call), seconds)));
        rate.filter(|(_, totals)| totals.count > 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn at(count: u32) -> Sample {
        sample(&format!("istio_requests_total{{reporter=\"source\",response_code=\"200\"}} {count}\n"))
    }

    fn rate(window: &Window) -> f64 {
        window.rates().values().map(|totals| totals.count).sum()
    }

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let (start, mut window) = (Instant::now(), Window::default());
        let second = |seconds| start + Duration::from_secs(seconds);
        window.push(second(0), Sample::default());
        assert_eq!(rate(&window), 0.0);
        window.push(second(2), at(20));
        assert_eq!(rate(&window), 10.0, "a kind of call that is new was never there before");
        window.push(second(10), at(20));
        assert_eq!(rate(&window), 2.0);
        window.push(second(12), at(20));
        assert_eq!(rate(&window), 0.0, "what is longer ago than the span is forgotten");
        assert_eq!(window.samples.len(), 3);
        window.push(second(22), at(5));
        assert_eq!(rate(&window), 0.5, "the process began again");
    }
}
