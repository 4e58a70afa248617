//! Several services change over in one write.

use super::{
    edits::after,
    relay::{get, pass_on, places},
};
use http::Response;
use mesh_tower::{Body, Mesh};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use tests::{
    documents::{Documents, routes},
    soon,
    wire::text,
};
use tokio::task::JoinSet;

/// The rules that send everybody to one version of `b` and of `c`.
fn everything_to(version: &str) -> String {
    let to = |host: &str| {
        routes(host, &format!("[{{route: [{{destination: {{host: {host}, subset: {version}}}}}]}}]"))
    };
    format!("{}---\n{}", to("b"), to("c"))
}

/// `a` calls `b`, which calls `c`; the answer is the versions of `b` and `c`.
async fn graph(documents: &Documents) -> (std::net::SocketAddr, Vec<Mesh>) {
    let workloads = [("a", "v1"), ("b", "v1"), ("b", "v2"), ("c", "v1"), ("c", "v2")];
    let places = places(documents, &workloads).await;
    let door = places[0].address;
    let mut members = Vec::new();
    for place in places {
        let (service, version) = (place.service, place.version);
        let answer = move |client, _| async move {
            match service {
                "a" => pass_on(client, "b").await,
                "b" => {
                    let rest = text(pass_on(client, "c").await?).await;
                    Ok(Response::new(Body::from(format!("b {version}, {rest}"))))
                }
                _ => Ok(Response::new(Body::from(format!("c {version}")))),
            }
        };
        members.push(place.serve(documents, answer).await);
    }
    (door, members)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_sees_half_of_a_write_and_none_fails() {
    let documents = Documents::new();
    documents.write("routes.yaml", &everything_to("v1"));
    let (door, members) = graph(&documents).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for _ in 0..8 {
        let is_over = Arc::clone(&is_over);
        load.spawn(async move {
            let mut seen: BTreeMap<(u16, String), usize> = BTreeMap::new();
            while !is_over.load(SeqCst) {
                *seen.entry(get(door, &[]).await).or_default() += 1;
            }
            seen
        });
    }
    for flip in 0..8 {
        let version = if flip % 2 == 0 { "v2" } else { "v1" };
        let edit = || match flip % 3 {
            0 => documents.write("routes.yaml", &everything_to(version)),
            _ => documents.replace("routes.yaml", &everything_to(version)),
        };
        after(&members[0], edit).await;
        // `a` decides; whoever comes after it follows.
        assert_eq!(get(door, &[]).await, (200, format!("b {version}, c {version}")));
    }
    is_over.store(true, SeqCst);
    let mut seen: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for (answer, count) in soon(load.join_all()).await.into_iter().flatten() {
        *seen.entry(answer).or_default() += count;
    }
    let answers: Vec<_> = seen.keys().map(|(status, text)| (*status, text.as_str())).collect();
    assert_eq!(answers, [(200, "b v1, c v1"), (200, "b v2, c v2")], "{seen:?}");
}
