//! Requests with secrets: good ones, bad ones, and those of strangers; and the pages that tell of them.

use crate::scene::{API_KEY, ASKED, SESSION, SIGNING, Scene};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use mesh_tower::{
    Body,
    console::{Console, Process, Settings},
};
use std::net::{Ipv4Addr, SocketAddr};
use tests::{
    peers::{Client, Root, VERSIONS},
    soon,
    wire::{self, http1, text},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch};

const H1: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];

/// The tokens that are sent: all of them are secrets, the bad ones too, since a clock that is behind believes some.
pub(crate) struct Tokens {
    pub(crate) good: String,
    pub(crate) bad: [String; 3],
}

impl Tokens {
    pub(crate) fn new() -> Self {
        let of_stranger = "a-key-that-is-nobodys-and-as-long-as-it-has-to-be";
        Self {
            good: Scene::token("inline", 600, SIGNING),
            bad: [
                Scene::token("inline", -600, SIGNING),
                Scene::token("inline", 600, of_stranger),
                Scene::token("remote", 600, of_stranger),
            ],
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.bad.iter().chain([&self.good]).cloned().collect()
    }
}

/// A token in each of its places.
fn with(token: &str) -> [http::request::Builder; 3] {
    let url = "http://product/a";
    [
        Request::get(url).header("authorization", format!("Bearer {token}")),
        Request::get(format!("{url}?b=1&access_token={token}")),
        Request::get(url).header("cookie", format!("sid={SESSION}; session={token}")),
    ]
}

async fn ask(scene: &Scene, request: http::request::Builder) -> (StatusCode, Response<Body>) {
    let request = request.body(Body::empty()).expect("a request");
    let answer = soon(scene.mesh.client().request(request)).await.expect("an answer");
    (answer.status(), answer)
}

/// Requests that pass.
pub(crate) async fn good(scene: &Scene, tokens: &Tokens) {
    for request in with(&tokens.good) {
        let (status, answer) = ask(scene, request.header("x-api-key", API_KEY)).await;
        assert_eq!(status, StatusCode::OK);
        assert!(answer.headers().contains_key("set-cookie"));
    }
    let request =
        Request::get("http://product/b").header("authorization", ASKED).header("x-api-key", API_KEY);
    assert_eq!(ask(scene, request).await.0, StatusCode::OK);
}

/// Requests that do not, and what their clients learn.
pub(crate) async fn bad(scene: &Scene, tokens: &Tokens) {
    for token in &tokens.bad {
        for request in with(token) {
            let request = request.header("x-api-key", API_KEY).header("x-mesh-explain", "1");
            let (status, mut answer) = ask(scene, request).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            // Its client is told its own URL there, as by Envoy; nobody else is.
            answer.headers_mut().remove("www-authenticate");
            scene.told.add(format!("{:?}", answer.headers()));
            scene.told.add(soon(text(answer)).await);
        }
    }
    for request in with(&tokens.good) {
        let (status, answer) = ask(scene, request.header("x-api-key", "another")).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        scene.told.add(format!("{:?} {}", answer.headers().clone(), soon(text(answer)).await));
    }
    // The server is not who it should be.
    let request = Request::get("http://outside.test/").header("cookie", SESSION);
    let (status, answer) = ask(scene, request).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    scene.told.add(format!("{:?} {}", answer.headers().clone(), soon(text(answer)).await));
}

/// Those who cannot shake hands.
pub(crate) async fn strangers(scene: &Scene) {
    let other = Root::default();
    for client in [Client::stranger(H1), other.member("review").client(H1, VERSIONS)] {
        let refused = async {
            let stream = client.connect(scene.address, "product.shop").await?;
            let mut sender = http1(stream).await;
            let request = Request::get("/").body(Body::empty()).expect("a request");
            sender.send_request(request).await.map_err(std::io::Error::other).map(|_| ())
        };
        scene.told.add_error(&soon(refused).await.expect_err("a stranger"));
    }
    for garbage in [&b"GET / HTTP/1.1\r\ncookie: x\r\n\r\n"[..], b"\x16\x03\x01\0\x05hello"] {
        let mut stream = TcpStream::connect(scene.address).await.expect("an open port");
        stream.write_all(garbage).await.expect("a server that reads");
        let mut answer = Vec::new();
        let _ = soon(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)).await;
        scene.told.add(answer);
    }
    let member = scene.root.member("review").client(H1, VERSIONS);
    assert!(soon(member.connect(scene.address, "product.shop")).await.is_ok());
}

/// Every page of the admin endpoint, and of a console.
pub(crate) async fn pages(scene: &Scene) {
    let admin = scene.mesh.admin_address().expect("an admin endpoint");
    for path in [
        "/",
        "/ready",
        "/healthz/live",
        "/metrics",
        "/stats/prometheus",
        "/config_dump",
        "/clusters",
        "/clusters?format=json",
        "/certs",
        "/explain?to=http://product/",
        "/explain?to=http://outside.test/",
        "/logging",
    ] {
        let page = page(admin, path).await;
        assert!(!page.is_empty(), "{path}");
        scene.told.add(page);
    }
    let process = Process { name: "product".into(), admin };
    let settings = Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        processes: watch::channel(vec![process]).1,
        documents: vec![scene.documents.folder().to_owned()],
        prometheus: Some("http://user:hunter2-of-the-key-server@127.0.0.1:1/".parse().expect("an address")),
    };
    let console = Console::open(settings).await.expect("a free port");
    events(scene, console.address()).await;
    let file = scene.documents.file("mesh.yaml").display().to_string();
    for path in
        ["/", "/api/explain?process=product&to=http://product/", &format!("/api/document?file={file}")]
    {
        let page = page(console.address(), path).await;
        assert!(!page.is_empty(), "{path}");
        scene.told.add(page);
    }
}

async fn page(address: SocketAddr, path: &str) -> String {
    let stream = TcpStream::connect(address).await.expect("an open port");
    let request = Request::get(path).header("host", address.to_string()).body(Body::empty());
    let response = http1(stream).await.send_request(request.expect("a request"));
    soon(text(soon(response).await.expect("an answer"))).await
}

/// What a page of the console is sent, until it knows the documents and that there is no Prometheus.
async fn events(scene: &Scene, console: SocketAddr) {
    let stream = TcpStream::connect(console).await.expect("an open port");
    let request = Request::get("/api/stream").header("host", console.to_string()).body(Body::empty());
    let response = soon(http1(stream).await.send_request(request.expect("a request"))).await;
    let mut body = response.expect("an answer").into_body();
    let mut told = String::new();
    soon(async {
        while !(told.contains("RequestAuthentication") && told.contains("127.0.0.1:1")) {
            let frame = body.frame().await.expect("more").expect("a good frame");
            told += &String::from_utf8_lossy(&frame.into_data().unwrap_or_default());
        }
    })
    .await;
    scene.told.add(told);
}

/// Follows what the admin endpoint tells of requests.
pub(crate) async fn follow(scene: &Scene) -> tokio::task::JoinHandle<()> {
    let admin = scene.mesh.admin_address().expect("an admin endpoint");
    let stream = TcpStream::connect(admin).await.expect("an open port");
    let request = Request::get("/requests").header("host", admin.to_string()).body(Body::empty());
    let mut sender = http1(stream).await;
    let response = soon(sender.send_request(request.expect("a request"))).await.expect("an answer");
    let (mut body, told) = (response.into_body(), scene.told.clone());
    // Its first line says that nothing is missed from now on.
    assert_eq!(soon(wire::next(&mut body)).await, "\n");
    tokio::spawn(async move {
        let _sender = sender;
        while let Some(Ok(frame)) = body.frame().await {
            told.add(frame.into_data().unwrap_or_default());
        }
    })
}
