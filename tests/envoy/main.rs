//! The mesh and a real Envoy, configured as istiod would, do the same with the same requests.
//!
//! `cargo test -p tests --test envoy -- --ignored`, with Envoy in the target folder, where `.ci/run` puts it, or at
//! `ENVOY=…`. `SEED=…` chooses other worlds and requests.
//!
//! Generated worlds of services, gateways and VirtualServices are given to both: as documents to the mesh, and to Envoy
//! as the configuration that [`istiod`] makes of them. Compared are the upstream that a request reached, the method, path
//! and headers it had there, and the status, headers and body of the response. What one side adds of itself is listed in
//! [`outcome`]; where the mesh differs on purpose, [`generate`] says so and does not ask.

mod callers;
mod envoy;
mod failures;
mod generate;
mod guards;
mod issuer;
mod istiod;
mod outcome;
mod peers;
mod report;
mod sides;
mod tls;
mod tokens;
mod upstreams;
mod verdicts;
mod world;

use envoy::Envoy;
use fastrand::Rng;
use generate::Target;
use outcome::{KINDS, Outcome};
use sides::Sides;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};
use upstreams::Upstreams;
use world::World;

const WORLDS: usize = 40;
const REQUESTS: usize = 55;
/// How often a request is sent whose destination is a matter of chance, before the choices of both sides must be the same
/// ones. No destination has less than a fifth of the requests: of a million such requests, not one misses one.
const CHANCES: usize = 80;
/// More differences than these are only counted.
const TOLD: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_does_what_envoy_does() {
    let seed = env::var("SEED").map_or(1, |seed| seed.parse().expect("SEED is a number"));
    let mut rng = Rng::with_seed(seed);
    let upstreams = Upstreams::start().await;
    let worlds: Vec<World> =
        (0..WORLDS).map(|number| generate::world(&mut rng, number, &upstreams)).collect();
    let envoy = Envoy::start(&istiod::bootstrap(&worlds)).await;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for world in &worlds {
        let mut sides = Sides::open(world, &envoy).await;
        let mut left = REQUESTS;
        while left > 0 {
            let Some(target) = generate::request(&mut rng, world, &upstreams) else { continue };
            let Some((ours, envoys)) = outcomes(&mut sides, &target).await else { continue };
            left -= 1;
            for outcome in &envoys {
                *kinds.entry(outcome.kind()).or_default() += 1;
            }
            if ours != envoys {
                differences.push(report::difference(world, &target, &ours, &envoys));
            }
        }
    }
    println!("SEED={seed}: {} requests came to {kinds:#?}", WORLDS * REQUESTS);
    differences.iter().take(TOLD).for_each(|difference| println!("{difference}"));
    assert_eq!(differences.len(), 0, "differences; SEED={seed} shows them again");
    let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains_key(*kind)).collect();
    assert!(missing.is_empty(), "nothing was {missing:?}: the requests are too few, or too much alike");
}

/// Every outcome of a request on the mesh's side, and on Envoy's; `None` for a request that is for no rule and whose host
/// only a name server could find.
async fn outcomes(sides: &mut Sides, target: &Target) -> Option<(BTreeSet<Outcome>, BTreeSet<Outcome>)> {
    let (mut ours, mut envoys) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..CHANCES {
        let mut outcome = sides.ask_envoy(target).await;
        if outcome.is_passed && outcome.seen.is_none() {
            return None;
        }
        outcome.is_passed = false;
        envoys.insert(outcome);
        ours.insert(sides.ask_mesh(target).await);
        if ours == envoys {
            break;
        }
    }
    Some((ours, envoys))
}
