//! The mesh and a real Envoy let the same requests pass by the same AuthorizationPolicies.
//!
//! Generated worlds of policies are given to both: as documents to a workload of the mesh, and to Envoy as the filters
//! that [`rbac`] makes of them, as istiod would. Requests come over mutual TLS or in plain text, with or without a token,
//! from several addresses. Compared are status, headers and body of the answer.
//!
//! Where the mesh is stricter on purpose, [`requests`] says so and does not ask: several lines of one header, empty
//! headers, and hosts with a port.

mod config;
mod policies;
mod rbac;
mod requests;
mod sides;

use crate::{envoy::Envoy, issuer::Issuer};
use fastrand::Rng;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use sides::{Callers, Workload, answer};
use std::{collections::BTreeMap, env};
use tests::{
    peers::Root,
    upstream::{Upstream, listener},
};

const WORLDS: usize = 60;
const REQUESTS: usize = 25;
/// More differences than these are only counted.
const TOLD: usize = 5;

/// The policies for one workload.
struct World {
    number: usize,
    /// Where the workload listens.
    port: u16,
    /// As documents.
    policies: Vec<Value>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_lets_pass_whom_envoy_lets_pass() {
    let seed = env::var("SEED").map_or(1, |seed| seed.parse().expect("SEED is a number"));
    let mut rng = Rng::with_seed(seed);
    let root = Root::default();
    let issuers = [
        Issuer::new("https://one.test", "one", Algorithm::ES256),
        Issuer::new("two", "two", Algorithm::EdDSA),
    ];
    let (mut worlds, mut workloads) = (Vec::new(), Vec::new());
    for number in 0..WORLDS {
        let (listener, address) = listener().await;
        let port = address.port();
        let world = World { number, port, policies: policies::policies(&mut rng, port) };
        workloads.push(Workload::start(&world, listener, &issuers, &root).await);
        worlds.push(world);
    }
    let app = Upstream::serving(answer).await;
    let envoy = Envoy::start(&config::bootstrap(&worlds, &issuers, &root, app.address)).await;
    let callers = Callers::of(&root);
    let (mut verdicts, mut differences) = (BTreeMap::<u16, usize>::new(), Vec::new());
    for (world, workload) in worlds.iter().zip(&workloads) {
        for _ in 0..REQUESTS {
            let ask = requests::request(&mut rng, &issuers);
            let envoys = callers.ask(envoy.address(&config::name(world)), &ask).await;
            let ours = callers.ask(workload.address, &ask).await;
            *verdicts.entry(envoys.status).or_default() += 1;
            if ours != envoys {
                let policies: Vec<_> = world.policies.iter().map(ToString::to_string).collect();
                let policies = policies.join("\n");
                differences.push(format!("{policies}\n{ask:#?}\nEnvoy: {envoys:#?}\nthe mesh: {ours:#?}"));
            }
        }
    }
    println!("SEED={seed}: of {} requests, by status: {verdicts:?}", WORLDS * REQUESTS);
    differences.iter().take(TOLD).for_each(|difference| println!("\n=== {difference}"));
    assert_eq!(differences.len(), 0, "differences; SEED={seed} shows them again");
    let enough = WORLDS * REQUESTS / 5;
    assert!(verdicts[&200] > enough && verdicts[&403] > enough, "the policies are too much alike");
}
