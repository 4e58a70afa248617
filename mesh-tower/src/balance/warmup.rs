//! How much of its weight a new endpoint gets.

use mesh_core::model::Warmup;
use std::time::Duration;

/// The least share there is: an endpoint without any would never be warm.
const LEAST: f64 = 0.001;

/// The share of its weight that an endpoint of this age gets: 1 when it is warm.
pub(super) fn share(warmup: &Warmup, age: Duration) -> f64 {
    if age >= warmup.duration {
        return 1.0;
    }
    let grown = age.as_secs_f64() / warmup.duration.as_secs_f64();
    let grown = grown.powf(1000.0 / f64::from(warmup.aggression));
    grown.max(warmup.minimum.percent() / 100.0).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::Share;

    #[test]
    fn an_endpoint_grows_from_the_minimum_to_its_weight() {
        let minimum = Share::from_percent(10.0).unwrap();
        for (aggression, seconds, expected) in [
            (1000, 0, 0.1),
            (1000, 3, 0.1),
            (1000, 30, 0.5),
            (1000, 60, 1.0),
            (1000, 99, 1.0),
            (2000, 15, 0.5),
            (500, 30, 0.25),
        ] {
            let warmup = Warmup { duration: Duration::from_secs(60), minimum, aggression };
            let share = share(&warmup, Duration::from_secs(seconds));
            assert!((share - expected).abs() < 1e-9, "{aggression} {seconds}: {share}");
        }
    }

    #[test]
    fn even_the_newest_endpoint_gets_something() {
        let warmup = Warmup { duration: Duration::from_secs(60), minimum: Share::NONE, aggression: 1000 };
        assert!(share(&warmup, Duration::ZERO) > 0.0);
    }
}
