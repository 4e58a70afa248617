//! Hosts that requests name themselves.

use super::*;
use tests::{
    gate::{door, plain},
    mesh::{gateway_config, run_gateway},
};
use tokio::time::Instant;

#[tokio::test]
async fn a_host_that_no_document_describes_is_looked_up() {
    let ([server], port, _feeds) = servers([2]).await;
    let dns = NameServer::start().await;
    dns.point("hello.test", &["127.0.0.2"]);
    let joined = Joined::new(&[], &dns).await;
    let url = format!("http://hello.test:{port}/");
    for _ in 0..3 {
        assert_eq!(get(&joined.client, &url).await, (StatusCode::OK, "127.0.0.2".into()));
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_answered_as_envoy_does() {
    let dns = NameServer::start().await;
    dns.tell("broken.test", Says::Failure);
    let joined = Joined::new(&[], &dns).await;
    for url in ["http://nobody.test/", "http://broken.test/"] {
        let refused = soon(joined.client.get(url)).await.unwrap();
        let reason = refused.extensions().get::<Refused>().map(|refused| {
            assert_eq!(refused.details, "dns_resolution_failure");
            (refused.flag, refused.kind)
        });
        assert_eq!(reason, Some(("DF", Kind::Unresolved)));
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(soon(text(refused)).await, "DNS resolution failure");
    }
}

#[tokio::test]
async fn a_gateway_looks_up_the_host_of_a_request_where_an_entry_says_so() {
    let ([_server], port, _feeds) = servers([2]).await;
    let dns = NameServer::start().await;
    dns.point("a.out.test", &["127.0.0.2"]);
    let entry = format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: out}}\n\
         spec: {{hosts: ['*.out.test'], resolution: DYNAMIC_DNS, \
         ports: [{{number: {port}, name: http, protocol: HTTP}}]}}\n"
    );
    let route = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: out}\n\
                 spec: {hosts: ['*.out.test'], gateways: [door], http: [{route: [{destination: {host: '*.out.test'}}]}]}\n";
    let documents = Documents::of(&[&entry, route, &door(&[&plain(80)])]);
    let config = Config { dns: Dns::at(&[dns.address]), ..gateway_config(&documents, &[80]) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    let (addresses, _) = run_gateway(&mesh).await;
    let ask = async |host: &str| {
        let stream = TcpStream::connect(addresses[0]).await.expect("an open port");
        let request = Request::get("/").header("host", host).body(Body::empty()).expect("a request");
        let response = soon(wire::http1(stream).await.send_request(request)).await.expect("an answer");
        (response.status(), soon(text(response)).await)
    };
    assert_eq!(ask("a.out.test").await, (StatusCode::OK, "127.0.0.2".into()));
    let unknown = (StatusCode::SERVICE_UNAVAILABLE, "DNS resolution failure".into());
    assert_eq!(ask("b.out.test").await, unknown);
}

#[tokio::test]
async fn an_address_that_says_nothing_delays_a_connection_by_a_quarter_of_a_second() {
    let ([_server], port, _feeds) = servers([6]).await;
    let _silence = Silence::at(5, port).await;
    let dns = NameServer::start().await;
    dns.point("hello.test", &["127.0.0.5", "127.0.0.6"]);
    let joined = Joined::new(&[], &dns).await;
    let begun = Instant::now();
    assert_eq!(get(&joined.client, &format!("http://hello.test:{port}/")).await.1, "127.0.0.6");
    let took = begun.elapsed();
    assert!((Duration::from_millis(250)..Duration::from_secs(5)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn an_address_that_refuses_delays_no_connection_and_both_families_are_tried() {
    let ([_server], port, _feeds) = servers([6]).await;
    let dns = NameServer::start().await;
    dns.point("hello.test", &["127.0.0.4", "::1", "127.0.0.5", "127.0.0.6"]);
    let joined = Joined::new(&[], &dns).await;
    let begun = Instant::now();
    assert_eq!(get(&joined.client, &format!("http://hello.test:{port}/")).await.1, "127.0.0.6");
    // Three that were waited for would have taken three quarters of a second.
    assert!(begun.elapsed() < Duration::from_millis(700), "{:?}", begun.elapsed());
    // And when nobody takes it, that is a failure to connect.
    dns.point("nobody.test", &["127.0.0.4", "::1"]);
    let refused = soon(joined.client.get(&format!("http://nobody.test:{port}/"))).await.unwrap();
    assert_eq!(refused.extensions().get::<Refused>().map(|refused| refused.flag), Some("UF"));
}

#[tokio::test]
async fn the_operating_systems_file_of_hosts_is_heeded() {
    let server = Upstream::serving(async |_| Ok(Response::new("hello".into()))).await;
    let mesh = tests::mesh::join(&Documents::new()).await;
    let url = format!("http://localhost:{}/", server.address.port());
    assert_eq!(get(&mesh.client(), &url).await, (StatusCode::OK, "hello".into()));
}
