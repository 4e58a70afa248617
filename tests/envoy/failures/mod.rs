//! The mesh and a real Envoy do the same with the same failures of upstreams.
//!
//! Each of the [`cases`] is a service whose endpoints do what a script says: they refuse connections, close and reset
//! them at every moment, answer with errors, or not at all. Compared are the attempts as the endpoints saw them, one
//! after the other, the answers that the client got, and where an answer is the mesh's own, its flags and details.
//! `CASE=…` runs those alone whose names have this text in them.

mod case;
mod cases;
mod http1;
mod http2;
mod outcome;
mod script;
mod sides;

use crate::{
    envoy::Envoy,
    istiod::{self, Door},
    world::HOME,
};
use case::Case;
use futures_util::{StreamExt, stream};
use mesh_core::model::{Locality, UnknownHosts};
use mesh_tower::{Mesh, mesh::Config};
use outcome::{End, Outcome};
use sides::{Asked, Side};
use std::{collections::BTreeMap, env};
use tests::{documents::Documents, mesh::config, soon};

/// How many cases run at once. Most of them wait.
const AT_ONCE: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_takes_failures_as_envoy_does() {
    let asked = env::var("CASE").unwrap_or_default();
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.name.contains(&asked)).collect();
    let (ours, envoys) = (Side::start(&cases).await, Side::start(&cases).await);
    let mut envoy = Envoy::start(&istiod::bootstrap(std::slice::from_ref(&envoys.world))).await;
    let documents = Documents::of(&[&ours.world.documents()]);
    let locality = Locality::parse(HOME);
    let config =
        Config { tells_peers: false, unknown_hosts: UnknownHosts::Refuse, locality, ..config(&documents) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    crate::sides::assert_accepted(&mesh.status().borrow());
    let to_mesh = Asked::Mesh(Box::new(mesh.client()));
    let to_envoy = Asked::Envoy(envoy.address(&istiod::listener_name(0, &Door::Mesh(80))));
    let run = async |(number, case)| {
        (case, ours.run(number, case, &to_mesh).await, envoys.run(number, case, &to_envoy).await)
    };
    let outcomes: Vec<_> = stream::iter(cases.iter().enumerate()).map(run).buffered(AT_ONCE).collect().await;
    let ends = ends(&mut envoy, outcomes.iter().map(|(.., envoys)| envoys.answers.len()).sum()).await;
    let mut wrong = Vec::new();
    for (case, ours, envoys) in outcomes {
        let envoys = envoys.ending(&ends);
        let (ours, envoys) = (ours.settled(case), envoys.settled(case));
        if (ours == envoys) == case.differs.is_some() {
            println!("{}", difference(case, &ours, &envoys));
            wrong.push(case.name);
        }
    }
    assert!(wrong.is_empty(), "of {} cases, these are not as they should be: {wrong:#?}", cases.len());
}

/// What Envoy says of each request, by its name.
async fn ends(envoy: &mut Envoy, count: usize) -> BTreeMap<String, End> {
    let mut ends = BTreeMap::new();
    while ends.len() < count {
        let line = soon(envoy.logged()).await;
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().expect("three words");
        ends.insert(word(), End { flags: word(), details: word() });
    }
    ends
}

fn difference(case: &Case, ours: &Outcome, envoys: &Outcome) -> String {
    let Case { name, rule, policy, script, ask, .. } = case;
    let verdict = match case.differs {
        Some(why) => format!("no difference any more, which was there because {why}"),
        None => format!("Envoy: {envoys:#?}\nthe mesh: {ours:#?}"),
    };
    format!("\n=== {name}\nrule: {rule}\npolicy: {policy}\nscript: {script:?}\nrequest: {ask:?}\n{verdict}\n")
}
