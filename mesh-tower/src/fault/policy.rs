//! Which faults a request meets.

use crate::Routed;
use http::Extensions;
use mesh_core::model::{AbortStatus, Injection};
use std::time::Duration;

/// Where the faults are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// Here.
    Fixed(Injection),
    /// In the rule that matched.
    Routed,
}

impl Origin {
    /// The faults for a request; `None` when there is nothing to roll for.
    pub(super) fn injection(&self, extensions: &Extensions) -> Option<Injection> {
        let injection = match self {
            Self::Fixed(injection) => *injection,
            Self::Routed => extensions.get::<Routed>()?.rule()?.route.injection,
        };
        (injection != Injection::default()).then_some(injection)
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// First it waits.
    pub(super) delay: Option<Duration>,
    /// Then it ends.
    pub(super) abort: Option<AbortStatus>,
}

/// Judges one request. `roll` gives random numbers; what is not injected needs none.
pub(super) fn judge(injection: Injection, roll: impl Fn() -> u32) -> Verdict {
    Verdict {
        delay: injection.delay.filter(|delay| delay.share.takes(roll())).map(|delay| delay.lasting),
        abort: injection.abort.filter(|abort| abort.share.takes(roll())).map(|abort| abort.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::{Abort, Delay, Share};
    use std::cell::RefCell;

    #[test]
    fn each_die_decides_its_own_fault() {
        let share = Share::from_percent(50.0).unwrap();
        let (lasting, status) = (Duration::from_secs(3), AbortStatus::Grpc(14));
        let injection =
            Injection { delay: Some(Delay { lasting, share }), abort: Some(Abort { status, share }) };
        let (hit, miss) = (0, u32::MAX);
        for (delay_roll, abort_roll) in [(hit, hit), (hit, miss), (miss, hit), (miss, miss)] {
            let expected = Verdict {
                delay: (delay_roll == hit).then_some(lasting),
                abort: (abort_roll == hit).then_some(status),
            };
            let rolls = RefCell::new(vec![abort_roll, delay_roll]);
            assert_eq!(judge(injection, || rolls.borrow_mut().pop().unwrap()), expected);
        }
    }

    #[test]
    fn nothing_configured_is_nothing_to_roll_for() {
        assert_eq!(Origin::Fixed(Injection::default()).injection(&Extensions::new()), None);
        assert_eq!(Origin::Routed.injection(&Extensions::new()), None);
        assert_eq!(judge(Injection::default(), || unreachable!("nothing is rolled for")), Verdict::default());
    }
}
