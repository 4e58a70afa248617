//! Credentials are renewed in time, and what there is holds until its end.

use crate::authority::{Authority, leaf_of, valid_between};
use mesh_core::identity::{Credentials, Identity, IssueFault, Issuer, NoIdentity, rotate};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{sync::Notify, task::JoinHandle, time::Instant};

const PRODUCT: &str = "spiffe://cluster.local/ns/shop/sa/product";
const MIDDLE: u32 = u32::MAX / 2;

/// Gives what a test put there; and notes when it was asked.
#[derive(Clone, Default)]
struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<Credentials, IssueFault>>>,
    asked: Mutex<Vec<Instant>>,
    changed: Notify,
}

impl Issuer for Scripted {
    async fn issue(&mut self) -> Result<Credentials, IssueFault> {
        self.0.asked.lock().expect("whole").push(Instant::now());
        let mut answers = self.0.answers.lock().expect("whole");
        answers.pop_front().unwrap_or_else(|| Err(IssueFault::new("away")))
    }

    async fn changed(&mut self) {
        self.0.changed.notified().await;
    }
}

/// A rotation under way, with a clock that stands where tokio's does.
struct World {
    authority: Authority,
    issuer: Scripted,
    identity: Identity,
    start: Instant,
    began: SystemTime,
    task: JoinHandle<()>,
}

impl World {
    fn new(
        answers: impl FnOnce(&dyn Fn(u64) -> Credentials) -> Vec<Result<Credentials, IssueFault>>,
    ) -> Self {
        let (authority, issuer) = (Authority::new(), Scripted::default());
        let (identity, start) = (Identity::default(), Instant::now());
        // Certificates have whole seconds.
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let valid_for = |seconds| credentials(&authority, began, seconds);
        issuer.0.answers.lock().expect("whole").extend(answers(&valid_for));
        let clock = move || began + start.elapsed();
        let task = tokio::spawn(rotate(issuer.clone(), identity.clone(), || MIDDLE, clock));
        Self { authority, issuer, identity, start, began, task }
    }

    fn give(&self, seconds: u64) {
        let credentials = credentials(&self.authority, self.began, seconds);
        self.issuer.0.answers.lock().expect("whole").push_back(Ok(credentials));
    }

    /// The seconds at which the issuer was asked.
    fn asked(&self) -> Vec<u64> {
        let asked = self.issuer.0.asked.lock().expect("whole");
        asked.iter().map(|at| (*at - self.start).as_secs()).collect()
    }

    fn valid(&self) -> Result<Arc<Credentials>, NoIdentity> {
        self.identity.valid(self.began + self.start.elapsed())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Those that are valid from the beginning on for so many seconds.
fn credentials(authority: &Authority, began: SystemTime, seconds: u64) -> Credentials {
    let mut params = leaf_of(&[PRODUCT]);
    valid_between(&mut params, began, Duration::from_secs(seconds));
    let leaf = authority.sign(&params);
    Credentials::new(leaf.chain.clone(), &leaf.private(), authority.trust("cluster.local")).expect("whole")
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_renewed_at_half_of_what_is_left_of_it() {
    let world = World::new(|valid_for| vec![Ok(valid_for(1000)), Ok(valid_for(2000))]);
    pass(495).await;
    assert_eq!(world.asked(), [0], "not before its half life, a hundredth less");
    pass(10).await;
    assert_eq!(world.asked().len(), 2);
    let current = world.valid().expect("valid");
    assert_eq!(current.not_after, world.began + Duration::from_secs(2000));
    pass(700).await;
    assert_eq!(world.asked().len(), 2, "half of the 1,500 s that were left then");
    pass(100).await;
    assert!(world.asked().len() > 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_issuer_fails_what_there_is_holds_until_its_end_and_not_a_moment_longer() {
    let world = World::new(|valid_for| vec![Ok(valid_for(1000))]);
    pass(999).await;
    assert!(world.valid().is_ok());
    assert!(world.asked().len() > 10, "it was asked again and again");
    assert_eq!(world.identity.fault().expect("a fault").to_string(), "away");
    pass(2).await;
    assert!(matches!(world.valid(), Err(NoIdentity::Expired(_))));
    world.give(5000);
    pass(60).await;
    assert!(world.valid().is_ok(), "the authority's return is noticed within a minute");
    assert_eq!(world.identity.fault(), None);
}

#[tokio::test(start_paused = true)]
async fn the_first_certificate_is_asked_for_soon_again_with_growing_pauses() {
    let world = World::new(|_| Vec::new());
    pass(20).await;
    let asked = world.asked().len();
    assert!((7..=12).contains(&asked), "{asked} times");
    assert!(matches!(world.valid(), Err(NoIdentity::NoneYet)));
}

#[tokio::test(start_paused = true)]
async fn something_new_is_taken_at_once() {
    let world = World::new(|valid_for| vec![Ok(valid_for(1000))]);
    pass(10).await;
    world.give(3000);
    world.issuer.0.changed.notify_one();
    pass(1).await;
    assert_eq!(world.asked(), [0, 10]);
    assert_eq!(world.valid().expect("valid").not_after, world.began + Duration::from_secs(3000));
}

#[tokio::test(start_paused = true)]
async fn one_that_has_expired_does_not_take_the_place_of_one_that_has_not() {
    let world = World::new(|valid_for| vec![Ok(valid_for(1000)), Ok(valid_for(100))]);
    pass(600).await;
    assert_eq!(world.valid().expect("valid").not_after, world.began + Duration::from_secs(1000));
    let fault = world.identity.fault().expect("a fault").to_string();
    assert!(fault == "away" || fault.ends_with("is not valid now"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn the_same_certificate_again_is_no_change() {
    let world = World::new(|valid_for| {
        let same = valid_for(1000);
        vec![Ok(same.clone()), Ok(same.clone()), Ok(same)]
    });
    let changes = world.identity.changes();
    pass(760).await;
    assert!(world.asked().len() >= 3);
    assert_eq!(*changes.borrow(), 1);
}
