//! Chance, from one place.

use std::sync::{Arc, Mutex};

/// A source of random numbers: the thread's own by default, or a seeded one that a test can replay.
#[derive(Clone, Debug, Default)]
pub struct Dice(Option<Arc<Mutex<fastrand::Rng>>>);

impl Dice {
    /// Dice that give the same rolls in every run. Clones share one sequence, behind a lock: for tests and replays.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// The next random number.
    #[must_use]
    pub fn roll(&self) -> u32 {
        match &self.0 {
            None => fastrand::u32(..),
            Some(seeded) => match seeded.lock() {
                Ok(mut rng) => rng.u32(..),
                // A panic elsewhere cannot leave the generator in a bad state.
                Err(poisoned) => poisoned.into_inner().u32(..),
            },
        }
    }
}
