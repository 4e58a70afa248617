//! When a name is asked for again.

use super::lookup::Answer;
use std::time::Duration;

/// The time that everybody's answer holds. Who says less wants to be asked for every connection, which no server is.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long to wait after an outcome, of which so many in a row brought no address. `refresh` is the longest wait, and the
/// one after answers that do not say how long they hold.
pub(super) fn wait<E>(outcome: &Result<Answer, E>, in_vain: u32, refresh: Duration) -> Duration {
    let shortest = SHORTEST.min(refresh);
    match outcome {
        Ok(answer) if !answer.addresses.is_empty() && answer.ttl.is_zero() => refresh,
        Ok(answer) if !answer.addresses.is_empty() => answer.ttl.clamp(shortest, refresh),
        _ => shortest.saturating_mul(2_u32.saturating_pow(in_vain.saturating_sub(1))).min(refresh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFRESH: Duration = Duration::from_secs(60);

    fn found(ttl: u64) -> Result<Answer, ()> {
        Ok(Answer { addresses: vec![[127, 0, 0, 1].into()], ttl: Duration::from_secs(ttl) })
    }

    #[test]
    fn an_answer_holds_as_long_as_it_says_within_bounds() {
        for (ttl, seconds) in [(1, 1), (30, 30), (60, 60), (3600, 60), (0, 60)] {
            assert_eq!(wait(&found(ttl), 0, REFRESH), Duration::from_secs(seconds), "{ttl}");
        }
    }

    #[test]
    fn what_is_not_known_is_asked_for_less_and_less() {
        for outcome in [Err(()), Ok(Answer::default())] {
            let waits = [1, 2, 3, 6, 7, 8, 40, u32::MAX].map(|vain| wait(&outcome, vain, REFRESH).as_secs());
            assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60, 60]);
        }
    }

    #[test]
    fn nothing_waits_longer_than_the_mesh_says() {
        let refresh = Duration::from_millis(200);
        for (outcome, in_vain) in [(found(30), 0), (found(0), 0), (Err(()), 1), (Err(()), 9)] {
            assert_eq!(wait(&outcome, in_vain, refresh), refresh);
        }
    }
}
