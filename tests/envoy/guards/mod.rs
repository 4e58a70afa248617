//! The mesh and a real Envoy guard a service alike: they refuse the same requests, in the same words.
//!
//! Each case is a filter of Envoy's, the documents that say the same, and requests, one after the other. Compared are the
//! answers, what the service saw of requests that passed, and what a service was asked that guards it.

mod case;
mod checks;
mod config;
mod limits;
mod sides;

pub(crate) use sides::app;

use crate::envoy::Envoy;
use case::Case;
use sides::{Guards, Outcomes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_guards_a_service_as_envoy_does() {
    let cases: Vec<Case> = [limits::cases(), checks::cases()].into_iter().flatten().collect();
    let app = app().await;
    let (mut ours, mut envoys) = (Vec::new(), Vec::new());
    for case in &cases {
        ours.push(Guards::start(case).await);
        envoys.push(Guards::start(case).await);
    }
    let listeners = cases.iter().zip(&envoys);
    let envoy = Envoy::start(&config::bootstrap(app.address, listeners)).await;
    let mut wrong = Vec::new();
    for (case, (our_guards, envoys_guards)) in cases.iter().zip(ours.iter().zip(&envoys)) {
        let ours = Outcomes::of_mesh(case, our_guards).await;
        let envoys = Outcomes::of(case, envoy.address(case.name), envoys_guards).await;
        if ours != envoys {
            println!("\n=== {}\nEnvoy: {envoys:#?}\nthe mesh: {ours:#?}", case.name);
            wrong.push(case.name);
        }
    }
    assert!(wrong.is_empty(), "of {} cases, these differ: {wrong:#?}", cases.len());
}
