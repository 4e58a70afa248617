//! Connections that leave HTTP, as WebSockets do.

use http::{
    Request, Response, StatusCode,
    header::{CONNECTION, UPGRADE},
};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::Config,
    recorder::{Format, Recorder},
};
use std::{future::ready, net::SocketAddr, time::Duration};
use tests::{
    documents::{Documents, routes, service},
    exposition::{Sample, samples, until},
    gate::{Gate, door, plain, secure},
    mesh::{OneService, config, gateway_config, run_gateway, serve},
    soon,
    upstream::{Upstream, listener},
    wire,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tower::service_fn;

/// Agrees to leave HTTP, and sends every byte back.
fn agree<B>(
    mut request: Request<B>,
) -> impl Future<Output = Result<Response<Body>, BoxError>> + Send + use<B> {
    let protocol = request.headers().get(UPGRADE).cloned();
    let Some(protocol) = protocol.filter(|_| request.headers().contains_key(CONNECTION)) else {
        let refusal = Response::builder().status(StatusCode::UPGRADE_REQUIRED).body(Body::empty());
        return ready(refusal.map_err(Into::into));
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded.await.expect("an upgrade")));
        tokio::io::copy(&mut reader, &mut writer).await.expect("an echo");
        writer.shutdown().await.expect("an end");
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    ready(
        response
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, protocol)
            .body(Body::empty())
            .map_err(Into::into),
    )
}

fn ask(url: &str, protocol: &str) -> Request<Body> {
    let request = Request::get(url).header("host", "shop.example.com");
    request.header(CONNECTION, "Upgrade").header(UPGRADE, protocol).body(Body::empty()).expect("a request")
}

async fn echoes(upgraded: Upgraded) {
    let mut stream = TokioIo::new(upgraded);
    for text in ["one", "two"] {
        stream.write_all(text.as_bytes()).await.expect("an open connection");
        let mut echo = [0; 3];
        soon(stream.read_exact(&mut echo)).await.expect("an open connection");
        assert_eq!(echo, text.as_bytes());
    }
    stream.shutdown().await.expect("an open connection");
    assert_eq!(soon(stream.read(&mut [0])).await.expect("an open connection"), 0);
}

#[tokio::test]
async fn an_upgrade_passes_the_client_and_the_server() {
    let one = OneService::serving("http", service_fn(agree)).await;
    let request = Request::get("http://upstream/").header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
    let mut response = soon(one.mesh.client().request(request.body(Body::empty()).unwrap())).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()[UPGRADE], "websocket");
    echoes(soon(hyper::upgrade::on(&mut response)).await.unwrap()).await;
}

#[tokio::test]
async fn a_connection_that_left_http_is_not_used_again() {
    let upstream = Upstream::serving(agree).await;
    let one = OneService::at("http", upstream.address, &[]).await;
    for asked in 1..=3 {
        let request =
            Request::get("http://upstream/").header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
        let mut response =
            soon(one.mesh.client().request(request.body(Body::empty()).unwrap())).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let upgraded = hyper::upgrade::on(&mut response);
        drop(response);
        echoes(soon(upgraded).await.unwrap()).await;
        assert_eq!(upstream.accepted(), asked);
    }
}

/// A gateway before a service that agrees to leave HTTP.
async fn doors() -> (Gate, Upstream) {
    let upstream = Upstream::serving(agree).await;
    let servers = door(&[&plain(80), &secure("shop", "shop.example.com", "credentialName: shop")]);
    let gate = Gate::open(upstream.address, &[80, 443], &servers, |authority, secrets| {
        authority.certify("shop", &["shop.example.com"]).write(secrets, "shop");
    })
    .await;
    (gate, upstream)
}

async fn upgrade_over<I>(io: I, protocol: &str) -> Response<Incoming>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut sender = wire::http1(io).await;
    soon(sender.send_request(ask("/chat", protocol))).await.expect("an answer")
}

#[tokio::test]
async fn an_upgrade_passes_the_gateway_plain_and_over_tls() {
    let (gate, _upstream) = doors().await;
    let stream = TcpStream::connect(gate.addresses[0]).await.unwrap();
    let mut response = upgrade_over(stream, "websocket").await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    echoes(soon(hyper::upgrade::on(&mut response)).await.unwrap()).await;

    let tls =
        gate.authority.shake_hands(gate.addresses[1], Some("shop.example.com"), &["http/1.1"]).await.unwrap();
    let mut response = upgrade_over(tls, "websocket").await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    echoes(soon(hyper::upgrade::on(&mut response)).await.unwrap()).await;
}

#[tokio::test]
async fn an_upgrade_to_http2_stays_outside() {
    // A service that agreed would answer requests that no rule has seen.
    let (gate, _upstream) = doors().await;
    for protocol in ["h2c", "H2C", "websocket, h2c"] {
        let stream = TcpStream::connect(gate.addresses[0]).await.unwrap();
        let response = upgrade_over(stream, protocol).await;
        assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED, "{protocol}");
    }
}

/// What was reported of the requests of one reporter: how many ended, the bytes that came and went, and the time.
fn reported(recorder: &Recorder, reporter: &str) -> [f64; 4] {
    let all = samples(&recorder.render(Format::Prometheus));
    let sum = |name: &str| {
        let own = all.iter().filter(|sample| sample.name == name && sample.label("reporter") == reporter);
        own.map(|sample| sample.value).sum()
    };
    [
        sum("istio_requests_total"),
        sum("istio_request_bytes_sum"),
        sum("istio_response_bytes_sum"),
        sum("istio_request_duration_milliseconds_sum"),
    ]
}

/// Uses a tunnel for so many bytes each way, and looks that nothing is reported before it ends, and then all of it.
async fn is_reported_when_it_ends(address: SocketAddr, recorder: &Recorder, reporters: &[&str]) {
    const MUCH: usize = 100_000;
    const LONG: Duration = Duration::from_millis(60);
    let mut sender = wire::http1(TcpStream::connect(address).await.expect("an open port")).await;
    let mut response = soon(sender.send_request(ask("/", "websocket"))).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let upgraded = soon(hyper::upgrade::on(&mut response)).await.expect("an upgrade");
    let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
    let sent = tokio::spawn(async move {
        writer.write_all(&vec![7; MUCH]).await.expect("an open connection");
        writer
    });
    let mut echo = vec![0; MUCH];
    soon(reader.read_exact(&mut echo)).await.expect("an echo");
    tokio::time::sleep(LONG).await;
    for reporter in reporters {
        assert_eq!(reported(recorder, reporter), [0.0; 4], "{reporter}");
    }
    soon(sent).await.expect("no panic").shutdown().await.expect("an open connection");
    assert_eq!(soon(reader.read(&mut [0])).await.expect("an open connection"), 0);
    drop((reader, sender));
    for reporter in reporters {
        let is_there = |samples: &[Sample]| {
            let of_this = samples.iter().filter(|sample| sample.label("reporter") == *reporter);
            of_this.map(|sample| (sample.value, sample.label("response_code"))).eq([(1.0, "101")])
        };
        until(recorder, "istio_requests_total", is_there).await;
        let [_, came, went, lasted] = reported(recorder, reporter);
        // Beside the heads, which are short.
        for bytes in [came, went] {
            assert!((MUCH as f64..MUCH as f64 + 1000.0).contains(&bytes), "{reporter}: {bytes}");
        }
        assert!(lasted >= LONG.as_secs_f64() * 1e3, "{reporter}: {lasted}");
    }
}

#[tokio::test]
async fn a_workload_reports_an_upgrade_when_its_tunnel_ends() {
    let (recorder, documents) = (Recorder::default(), Documents::new());
    let config = Config { recording: recorder.clone().into(), ..config(&documents) };
    let mesh = Mesh::start(config).await.expect("no documents");
    let (listener, address) = listener().await;
    serve(&mesh, listener, service_fn(agree));
    is_reported_when_it_ends(address, &recorder, &["destination"]).await;
}

#[tokio::test]
async fn a_gateway_reports_an_upgrade_when_its_tunnel_ends() {
    let (upstream, recorder) = (Upstream::serving(agree).await, Recorder::default());
    let to_upstream = routes("'*'", "[{route: [{destination: {host: upstream}}]}]");
    let to_upstream =
        to_upstream.replace("{hosts:", "{gateways: [door], hosts:").replace("name: '*'", "name: all");
    let documents =
        Documents::of(&[&service("upstream", "http", upstream.address), &to_upstream, &door(&[&plain(80)])]);
    let config = Config { recording: recorder.clone().into(), ..gateway_config(&documents, &[80]) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    let (addresses, _) = run_gateway(&mesh).await;
    is_reported_when_it_ends(addresses[0], &recorder, &["source"]).await;
}
