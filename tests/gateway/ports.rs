//! Ports open and close as the documents say.

use http::{Request, StatusCode};
use mesh_tower::{Body, Mesh, mesh::Config};
use std::net::SocketAddr;
use tests::{
    documents::Documents,
    gate::{door, plain},
    mesh::{gateway_config, run_gateway},
    soon,
    upstream::{listener, nobody},
    wire,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::yield_now,
};

async fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_ok()
}

#[tokio::test]
async fn a_port_opens_and_closes_with_its_server_and_the_others_stay() {
    let documents = Documents::of(&[&door(&[&plain(80)])]);
    let [first, second] = [nobody().await, nobody().await];
    let listen = [(80, first), (8080, second)].into();
    let mesh = Mesh::start(Config { listen, ..gateway_config(&documents, &[]) }).await.unwrap();
    let mut gateway = mesh.gateway();
    assert_eq!(gateway.open().await.unwrap(), [first]);
    tokio::spawn(gateway.run());
    let mut client = wire::http1(TcpStream::connect(first).await.unwrap()).await;
    assert!(!is_open(second).await);

    documents.write("mesh.yaml", &door(&[&plain(80), &plain(8080)]));
    soon(async {
        while !is_open(second).await {
            yield_now().await;
        }
    })
    .await;
    documents.write("mesh.yaml", &door(&[&plain(80)]));
    soon(async {
        while is_open(second).await {
            yield_now().await;
        }
    })
    .await;
    // The connection from before is still there.
    let response = soon(client.send_request(Request::get("/").body(Body::empty()).unwrap())).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let documents = Documents::of(&[&door(&[&plain(80)])]);
    let (_taken, address) = listener().await;
    let listen = [(80, address)].into();
    let mesh = Mesh::start(Config { listen, ..gateway_config(&documents, &[]) }).await.unwrap();
    let error = soon(mesh.gateway().run()).await.unwrap_err().to_string();
    let expected = format!("the gateway's port 80 cannot be opened at {address}: ");
    assert!(error.starts_with(&expected), "{error}");
    let remedy =
        "(another process listens there; stop it, or choose another address, such as MESH_LISTEN=80=";
    assert!(error.contains(remedy), "{error}");
}

#[tokio::test]
async fn a_port_in_use_does_not_keep_the_others_closed() {
    let documents = Documents::of(&[&door(&[&plain(80)])]);
    let (_taken, address) = listener().await;
    let [first, third] = [nobody().await, nobody().await];
    let listen = [(80, first), (81, address), (82, third)].into();
    let mesh = Mesh::start(Config { listen, ..gateway_config(&documents, &[]) }).await.unwrap();
    tokio::spawn(mesh.gateway().run());
    documents.write("mesh.yaml", &door(&[&plain(80), &plain(81), &plain(82)]));
    soon(async {
        while !is_open(third).await {
            yield_now().await;
        }
    })
    .await;
    assert!(is_open(first).await);
}

#[tokio::test]
async fn a_port_is_open_at_the_address_that_its_servers_bind_to_and_at_no_other() {
    // A port that was free a moment ago, of an address of this machine that nothing else uses.
    let free =
        TcpListener::bind("127.0.0.9:0").await.expect("a free port").local_addr().expect("its address");
    let bound = plain(free.port()).replace("hosts:", "bind: 127.0.0.9, hosts:");
    let documents = Documents::of(&[&door(&[&bound])]);
    let mesh = Mesh::start(gateway_config(&documents, &[])).await.expect("documents that are there");
    let (addresses, _) = run_gateway(&mesh).await;
    assert_eq!(addresses, [free]);
    let elsewhere = TcpStream::connect(("127.0.0.1", free.port())).await;
    assert!(elsewhere.is_err(), "{elsewhere:?}");
}
