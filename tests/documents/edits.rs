//! Every way in which files change.

use http::Request;
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh};
use std::{fs, os::unix::fs::symlink};
use tests::{
    documents::{Documents, routes, service},
    mesh::{config, join, until},
    soon,
    upstream::Upstream,
    wire::text,
};

/// A VirtualService that answers by itself.
pub(crate) fn answer(host: &str, text: &str) -> String {
    routes(host, &format!("[{{directResponse: {{status: 200, body: {{string: {text}}}}}}}]"))
}

/// The same of a host that no service has.
fn says(text: &str) -> String {
    answer("one.test", text)
}

/// What a host answers.
pub(crate) async fn ask(mesh: &Mesh, host: &str) -> String {
    let response = soon(mesh.client().get(&format!("http://{host}/"))).await.expect("an answer");
    soon(text(response)).await
}

/// Makes a change, and waits until there is a table that was made after it.
pub(crate) async fn after(mesh: &Mesh, change: impl FnOnce()) {
    let before = mesh.status().borrow().generation;
    change();
    soon(until(mesh, |status| status.generation > before)).await;
}

async fn upstream() -> Upstream {
    Upstream::serving(|_: Request<Incoming>| async { Ok(http::Response::new(Body::from("upstream"))) }).await
}

#[tokio::test]
async fn a_file_that_is_written_in_place_or_renamed_into_place_is_read() {
    let documents = Documents::of(&[&says("one")]);
    let mesh = join(&documents).await;
    assert_eq!(ask(&mesh, "one.test").await, "one");
    after(&mesh, || documents.write("mesh.yaml", &says("two"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "two");
    after(&mesh, || documents.replace("mesh.yaml", &says("three"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "three");
    after(&mesh, || documents.write("mesh.yaml", &says("four"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "four");
}

#[tokio::test]
async fn a_file_that_was_named_itself_is_read_again_too() {
    let documents = Documents::of(&[&says("one")]);
    let only =
        mesh_tower::mesh::Config { documents: vec![documents.file("mesh.yaml")], ..config(&documents) };
    let mesh = Mesh::start(only).await.unwrap();
    after(&mesh, || documents.replace("mesh.yaml", &says("two"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "two");
    after(&mesh, || documents.write("mesh.yaml", &says("three"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "three");
}

#[tokio::test]
async fn a_config_map_that_kubernetes_swaps_is_read() {
    let documents = Documents::new();
    let fill = |version: &str| {
        fs::create_dir(documents.file(&format!("..{version}"))).unwrap();
        documents.write(&format!("..{version}/mesh.yaml"), &says(version));
    };
    fill("one");
    symlink("..one", documents.file("..data")).unwrap();
    symlink("..data/mesh.yaml", documents.file("mesh.yaml")).unwrap();
    let mesh = join(&documents).await;
    assert_eq!(ask(&mesh, "one.test").await, "one");
    for (old, new) in [("one", "two"), ("two", "three")] {
        let swap = || {
            fill(new);
            symlink(format!("..{new}"), documents.file("..data_tmp")).unwrap();
            fs::rename(documents.file("..data_tmp"), documents.file("..data")).unwrap();
            fs::remove_dir_all(documents.file(&format!("..{old}"))).unwrap();
        };
        after(&mesh, swap).await;
        assert_eq!(ask(&mesh, "one.test").await, new);
    }
}

#[tokio::test]
async fn a_document_that_vanishes_takes_its_rules_along() {
    let upstream = upstream().await;
    let documents = Documents::of(&[&service("upstream", "http", upstream.address)]);
    documents.write("routes.yaml", &answer("upstream", "route"));
    let mesh = join(&documents).await;
    assert_eq!(ask(&mesh, "upstream").await, "route");
    after(&mesh, || documents.remove("routes.yaml")).await;
    assert_eq!(ask(&mesh, "upstream").await, "upstream");

    let both = format!("{}---\n{}", answer("other.test", "other"), answer("upstream", "route"));
    after(&mesh, || documents.write("routes.yaml", &both)).await;
    assert_eq!(ask(&mesh, "upstream").await, "route");
    after(&mesh, || documents.write("routes.yaml", &answer("other.test", "other"))).await;
    assert_eq!(ask(&mesh, "upstream").await, "upstream");
    assert_eq!(ask(&mesh, "other.test").await, "other");
}

#[tokio::test]
async fn a_file_in_a_new_folder_is_read() {
    let documents = Documents::of(&[&says("one")]);
    let mesh = join(&documents).await;
    let add = || {
        fs::create_dir(documents.file("more")).unwrap();
        documents.write("more/other.yaml", &answer("other.test", "one"));
    };
    after(&mesh, add).await;
    assert_eq!(ask(&mesh, "other.test").await, "one");
    after(&mesh, || documents.write("more/other.yaml", &answer("other.test", "two"))).await;
    assert_eq!(ask(&mesh, "other.test").await, "two");
}
