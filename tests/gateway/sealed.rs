//! TLS that passes through a gateway, to the service that the client's name for it leads to.

use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::pem::PemObject};
use std::{io, sync::Arc, time::Duration};
use tests::{
    documents::service,
    gate::{Gate, door},
    soon,
    tls::{Authority, Certified},
    upstream::Upstream,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, client::TlsStream};

const SHOP: &str = "shop.example.com";

/// A service that ends TLS itself, and answers with its name, then with what it is told.
async fn service_of(name: &'static str, certified: &Certified) -> Upstream {
    let chain = rustls::pki_types::CertificateDer::from_pem_slice(certified.certificate.as_bytes());
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(certified.key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![chain.expect("a certificate")], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    Upstream::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let echoed = async {
                let mut stream = acceptor.accept(stream).await?;
                stream.write_all(name.as_bytes()).await?;
                let (mut from, mut to) = tokio::io::split(stream);
                tokio::io::copy(&mut from, &mut to).await?;
                to.shutdown().await
            };
            let _: io::Result<()> = echoed.await;
        }
    })
    .await
}

struct Sealed {
    gate: Gate,
    authority: Authority,
    certified: Certified,
    _services: Vec<Upstream>,
}

fn passing(hosts: &str) -> String {
    format!(
        "{{port: {{number: 443, name: tls, protocol: TLS}}, hosts: [{hosts}], tls: {{mode: PASSTHROUGH}}}}"
    )
}

fn rules(hosts: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: sealed}}\n\
         spec: {{hosts: [{hosts}], gateways: [door], tls: [{rules}]}}\n"
    )
}

impl Sealed {
    /// Services `one` and `two`, which have one certificate, behind a gateway with these rules.
    async fn with(hosts: &str, tls: &str) -> Self {
        let authority = Authority::default();
        let certified = authority.certify("behind", &[SHOP, "other.example.com"]);
        let services = vec![service_of("one", &certified).await, service_of("two", &certified).await];
        let doors = [
            door(&[&passing(hosts)]),
            rules(hosts, tls),
            format!("---\n{}", service("one", "tls", services[0].address)),
            format!("---\n{}", service("two", "tls", services[1].address)),
        ];
        let gate = Gate::open(services[0].address, &[443], &doors.concat(), |_, _| {}).await;
        Self { gate, authority, certified, _services: services }
    }

    async fn connect(&self, name: Option<&str>) -> io::Result<TlsStream<TcpStream>> {
        soon(self.authority.shake_hands(self.gate.addresses[0], name, &["h2"])).await
    }

    /// Which service a client reaches by a name.
    async fn reached(&self, name: Option<&str>) -> Option<String> {
        let mut stream = self.connect(name).await.ok()?;
        assert!(self.certified.is_of(&stream));
        let mut answer = [0; 3];
        soon(stream.read_exact(&mut answer)).await.ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn to(names: &str, route: &str) -> String {
    format!("{{match: [{{sniHosts: [{names}]}}], route: [{route}]}}")
}

#[tokio::test]
async fn the_name_that_a_client_asks_for_decides_the_service_and_nobody_reads_along() {
    let both = [
        to("other.example.com", "{destination: {host: two, port: {number: 80}}}"),
        to("'*.example.com'", "{destination: {host: one, port: {number: 80}}}"),
    ];
    let sealed = Sealed::with("'*.example.com'", &both.join(", ")).await;
    assert_eq!(sealed.reached(Some(SHOP)).await.as_deref(), Some("one"));
    assert_eq!(sealed.reached(Some("other.example.com")).await.as_deref(), Some("two"));
    assert_eq!(sealed.reached(Some("shop.example.org")).await, None);
    assert_eq!(sealed.reached(None).await, None);
    // Both directions, and to the end.
    let mut stream = sealed.connect(Some(SHOP)).await.unwrap();
    stream.write_all(&[b'x'; 100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut echo = Vec::new();
    soon(stream.read_to_end(&mut echo)).await.unwrap();
    assert_eq!(echo.len(), 100_003);
}

#[tokio::test]
async fn weights_divide_connections_and_what_does_not_exist_takes_none() {
    let nobody = "{destination: {host: nobody, port: {number: 80}}}";
    let sealed = Sealed::with("'*.example.com'", &to(SHOP, nobody)).await;
    assert_eq!(sealed.reached(Some(SHOP)).await, None);
    let split = "{destination: {host: one}, weight: 0}, {destination: {host: two}, weight: 100}";
    let sealed = Sealed::with("'*.example.com'", &to(SHOP, split)).await;
    for _ in 0..10 {
        assert_eq!(sealed.reached(Some(SHOP)).await.as_deref(), Some("two"));
    }
}

#[tokio::test]
async fn a_rule_is_for_its_port_and_its_gateway() {
    let one = "{destination: {host: one, port: {number: 80}}}";
    for (conditions, is_reached) in [
        ("port: 443", true),
        ("port: 444", false),
        ("gateways: [door]", true),
        ("gateways: [other]", false),
        ("destinationSubnets: [10.0.0.0/8]", false),
        ("sourceLabels: {istio: ingressgateway}", true),
        ("sourceNamespace: elsewhere", false),
    ] {
        let rule = format!("{{match: [{{sniHosts: [{SHOP}], {conditions}}}], route: [{one}]}}");
        let sealed = Sealed::with(SHOP, &rule).await;
        assert_eq!(sealed.reached(Some(SHOP)).await.is_some(), is_reached, "{conditions}");
    }
}

#[tokio::test]
async fn what_passes_has_the_time_of_a_drain_and_no_longer() {
    let sealed = Sealed::with(SHOP, &to(SHOP, "{destination: {host: one, port: {number: 80}}}")).await;
    let mut stream = sealed.connect(Some(SHOP)).await.unwrap();
    let mut name = [0; 3];
    soon(stream.read_exact(&mut name)).await.unwrap();
    sealed.gate.mesh.drain().start();
    stream.write_all(b"still").await.unwrap();
    let mut echo = [0; 5];
    soon(stream.read_exact(&mut echo)).await.unwrap();
    assert_eq!(&echo, b"still");
    let began = tokio::time::Instant::now();
    let _ = soon(stream.read(&mut echo)).await;
    assert!(began.elapsed() < sealed.gate.mesh.drain().grace() + Duration::from_secs(3));
}
