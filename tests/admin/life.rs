//! When the endpoint is there, and when it says that the process is ready.

use crate::{ask, get, member, with_admin};
use http::{Method, StatusCode};
use mesh_core::source::{Batch, Source, file::FileSource};
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::{Config, IdentitySource, StartError},
};
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};
use tests::{
    documents::Documents,
    mesh::{config, serve},
    soon,
    upstream::listener,
    workloads::Mint,
};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;

/// Documents that come when somebody says so.
#[derive(Debug)]
struct Late(mpsc::Receiver<()>);

impl Source for Late {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        let _ = self.0.recv();
        Vec::new()
    }

    async fn changed(&mut self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_process_is_not_ready_before_its_documents_are_read() {
    let (listener, address) = listener().await;
    drop(listener);
    let (come, late) = mpsc::channel();
    let config = Config { admin: Some(address), identity: IdentitySource::None, ..Config::default() };
    let joining = tokio::spawn(Mesh::with_source(config, Late(late)));
    soon(async {
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (status, why) = get(address, "/healthz/ready").await;
    assert_eq!(
        (status, why.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: its documents are not read yet\n")
    );
    assert_eq!(get(address, "/healthz/live").await.0, StatusCode::OK);
    come.send(()).expect("somebody waits");
    let mesh = soon(joining).await.expect("a mesh");
    assert_eq!(get(address, "/ready").await, (StatusCode::OK, "ready\n".into()));
    drop(mesh);
}

#[tokio::test]
async fn a_process_is_not_ready_without_a_certificate_that_it_wants() {
    let strict = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: strict}\nspec: {mtls: {mode: STRICT}}\n";
    let documents = Documents::of(&[strict]);
    let nowhere = documents.file("nowhere");
    let identity = IdentitySource::Files(nowhere);
    let admin = with_admin(&documents).admin;
    let joining = Mesh::with_source(
        Config { identity, admin, ..config(&documents) },
        FileSource::new(vec![documents.folder().to_owned()], "default".into()).expect("a folder"),
    );
    let mesh = soon(joining).await;
    let address = mesh.admin_address().expect("an endpoint");
    let (status, why) = get(address, "/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("no certificate yet") && why.contains("nowhere"), "{why}");
    mesh.identity().replace(Mint::default().credentials(&Mint::id("a")));
    assert_eq!(get(address, "/ready").await.0, StatusCode::OK);
}

#[tokio::test]
async fn drained_by_the_endpoint_a_process_is_unready_and_ends_and_so_does_the_endpoint() {
    let grace = Duration::from_millis(300);
    let (mesh, address) = member(Config { grace, ..with_admin(&Documents::new()) }).await;
    let (listener, served) = listener().await;
    let app =
        service_fn(async |_: http::Request<Body>| Ok::<_, BoxError>(http::Response::new(Body::empty())));
    let serving = serve(&mesh, listener, app);
    assert_eq!(get(address, "/ready").await.0, StatusCode::OK);
    let (status, said) = ask(address, Method::POST, "/drain").await;
    assert_eq!(status, StatusCode::OK);
    assert!(said.starts_with("draining"), "{said}");
    assert_eq!(
        get(address, "/ready").await,
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: it drains\n".into())
    );
    soon(serving).await.expect("no panic").expect("an end in order");
    assert!(TcpStream::connect(served).await.is_err());
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_endpoint_ends_with_the_mesh() {
    let (mesh, address) = member(with_admin(&Documents::new())).await;
    drop(mesh);
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("an address");
    let documents = Documents::new();
    let failed = Mesh::start(Config { admin: Some(address), ..config(&documents) }).await;
    let Err(StartError::Admin(fault)) = failed else { panic!("{failed:?}") };
    let said = fault.to_string();
    assert!(said.contains(&address.to_string()) && said.contains("MESH_ADMIN=127.0.0.1:15000"), "{said}");
}
