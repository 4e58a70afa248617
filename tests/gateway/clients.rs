//! What a gateway asks of its clients in TLS.

use http::{Request, StatusCode};
use mesh_core::identity::PeerCertificate;
use mesh_tower::Body;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber};
use rustls::{CipherSuite, ProtocolVersion};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};
use tests::{
    gate::{Gate, door, mirror},
    peers::{Client, Member, OLD, Root, VERSIONS, id, named, valid},
    soon,
    tls::Authority,
    upstream::Upstream,
    wire::{self, text},
};

const SHOP: &str = "shop.example.com";
const ADMIN: &str = "admin.example.com";
const H1: &[&str] = &["http/1.1"];

struct Doors {
    gate: Gate,
    /// Who certifies clients.
    root: Root,
    _upstream: Upstream,
}

/// A server of port 443 for a host, with these settings of TLS, and a secret of the host's first label.
fn server(host: &str, tls: &str) -> String {
    let name = host.split('.').next().expect("a label");
    format!(
        "{{port: {{number: 443, name: {name}, protocol: HTTPS}}, hosts: ['{host}'], tls: {{credentialName: {name}, {tls}}}}}"
    )
}

impl Doors {
    async fn open(servers: &[String], write: impl FnOnce(&Root, &Path)) -> Self {
        let upstream = Upstream::serving(mirror).await;
        let servers: Vec<_> = servers.iter().map(String::as_str).collect();
        let root = Root::default();
        let certify = |authority: &Authority, secrets: &Path| {
            for (name, host) in [("shop", SHOP), ("admin", ADMIN)] {
                authority.certify(name, &[host]).write(secrets, name);
                fs::write(secrets.join(name).join("ca.crt"), root.pem()).expect("a file");
            }
            write(&root, secrets);
        };
        let gate = Gate::open(upstream.address, &[443], &door(&servers), certify).await;
        Self { gate, root, _upstream: upstream }
    }

    async fn of(mode: &str, more: &str) -> Self {
        Self::open(&[server(SHOP, &format!("mode: {mode}{more}"))], |_, _| {}).await
    }

    fn alice(&self) -> Member {
        self.root.sign(of_alice())
    }

    /// What the service sees of a request of this client, whose header forges another; `None` when it is refused.
    async fn seen(&self, client: &Client) -> Option<String> {
        let (status, seen) = self.asked(client, SHOP, SHOP).await?;
        assert_eq!(status, StatusCode::OK);
        Some(seen)
    }

    async fn asked(&self, client: &Client, name: &str, host: &str) -> Option<(StatusCode, String)> {
        let stream = soon(client.connect(self.gate.addresses[0], name)).await.ok()?;
        let request = Request::get("/").header("host", host).header("x-forwarded-client-cert", "URI=forged");
        let request = request.body(Body::empty()).expect("a request");
        let response = soon(wire::http1(stream).await.send_request(request)).await.ok()?;
        Some((response.status(), soon(text(response)).await))
    }
}

fn of_alice() -> CertificateParams {
    let mut params = named(&["https://example.com/alice"]);
    params.distinguished_name.push(DnType::OrganizationName, "Shop; and more");
    params.distinguished_name.push(DnType::CommonName, "alice");
    params
}

#[tokio::test]
async fn mutual_wants_a_certificate_that_its_authority_signed() {
    let doors = Doors::of("MUTUAL", "").await;
    let alice = doors.alice();
    for versions in [VERSIONS, OLD] {
        let seen = doors.seen(&alice.client(H1, versions)).await.expect("an answer");
        let hash = PeerCertificate::read(&alice.chain[0]).expect("a certificate").hash;
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let pem = PeerCertificate::encoded(&alice.chain[0]);
        let own = format!(
            "x-forwarded-client-cert: Hash={hash};Cert=\"{pem}\";Subject=\"CN=alice,O=Shop\\\\; and more\";URI=https://example.com/alice\n"
        );
        assert!(seen.contains(&own), "{seen}\n{own}");
        assert!(!seen.contains("forged"));
    }
    assert_eq!(doors.seen(&Client::stranger(H1)).await, None);
    assert_eq!(doors.seen(&Root::default().sign(of_alice()).client(H1, VERSIONS)).await, None);
}

#[tokio::test]
async fn optional_mutual_takes_nothing_or_something_good() {
    let doors = Doors::of("OPTIONAL_MUTUAL", "").await;
    let seen = doors.seen(&Client::stranger(H1)).await.expect("an answer");
    assert!(!seen.contains("x-forwarded-client-cert"), "{seen}");
    let seen = doors.seen(&doors.alice().client(H1, VERSIONS)).await.expect("an answer");
    assert!(seen.contains("CN=alice"), "{seen}");
    assert_eq!(doors.seen(&Root::default().sign(of_alice()).client(H1, VERSIONS)).await, None);
}

#[tokio::test]
async fn names_and_hashes_are_asked_for_besides() {
    let root = Root::default();
    let [alice, bob] = [root.sign(of_alice()), root.sign(named(&["https://example.com/bob"]))];
    let certificate = PeerCertificate::read(&alice.chain[0]).expect("a certificate");
    let hex: Vec<_> = certificate.hash.iter().map(|byte| format!("{byte:02X}")).collect();
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, certificate.key_hash);
    for more in [
        "subjectAltNames: ['https://example.com/alice', other]".to_owned(),
        format!("verifyCertificateHash: ['{}']", hex.join(":")),
        format!("verifyCertificateHash: ['{}']", hex.concat().to_lowercase()),
        format!("verifyCertificateSpki: ['{key}']"),
        format!("verifyCertificateSpki: ['{key}'], verifyCertificateHash: ['{}']", "00".repeat(32)),
    ] {
        let pem = root.pem();
        let doors = Doors::open(&[server(SHOP, &format!("mode: MUTUAL, {more}"))], |_, secrets| {
            fs::write(secrets.join("shop/ca.crt"), &pem).expect("a file");
        })
        .await;
        assert!(doors.seen(&alice.client(H1, VERSIONS)).await.is_some(), "{more}");
        assert_eq!(doors.seen(&bob.client(H1, VERSIONS)).await, None, "{more}");
    }
}

#[tokio::test]
async fn revoked_certificates_are_refused_from_the_next_handshake_on() {
    let doors = Doors::of("MUTUAL", "").await;
    let mut params = of_alice();
    params.serial_number = Some(SerialNumber::from(7));
    let (alice, bob) = (doors.root.sign(params), doors.root.sign(named(&["https://example.com/bob"])));
    let alice = alice.client(H1, VERSIONS);
    assert!(doors.seen(&alice).await.is_some());
    let list = doors.root.revoke(7);
    fs::write(doors.gate.secrets.path().join("shop/ca.crl"), list).expect("a file");
    assert_eq!(doors.seen(&alice).await, None, "no session of the time before is resumed");
    let bob = bob.client(H1, VERSIONS);
    assert!(doors.seen(&bob).await.is_some());
    // One that is out of date says nothing of anybody, as in Envoy.
    let list = doors.root.revoke_until(7, SystemTime::now() - Duration::from_secs(60));
    fs::write(doors.gate.secrets.path().join("shop/ca.crl"), list).expect("a file");
    assert_eq!(doors.seen(&bob).await, None);
}

#[tokio::test]
async fn no_session_outlives_the_certificate_of_its_client() {
    let doors = Doors::of("MUTUAL", "").await;
    let mut short = of_alice();
    valid(&mut short, SystemTime::now() - Duration::from_secs(60), Duration::from_secs(63));
    let alice = doors.root.sign(short).client(H1, VERSIONS);
    assert!(doors.seen(&alice).await.is_some());
    // Certificates have whole seconds, and the wall's clock cannot be paused.
    soon(async {
        while doors.seen(&alice).await.is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_need_be_valid_where_that_is_said() {
    let doors = Doors::of("MUTUAL", ", insecureSkipVerify: true").await;
    let seen = doors.seen(&Root::default().sign(of_alice()).client(H1, VERSIONS)).await.expect("an answer");
    assert!(seen.contains("CN=alice"), "the service judges: {seen}");
    assert_eq!(doors.seen(&Client::stranger(H1)).await, None);
}

#[tokio::test]
async fn versions_and_ciphers_are_those_that_are_written() {
    let cipher = "ECDHE-ECDSA-AES128-GCM-SHA256";
    for (limits, versions, expected) in [
        ("minProtocolVersion: TLSV1_3", OLD, None),
        ("minProtocolVersion: TLSV1_3", VERSIONS, Some(ProtocolVersion::TLSv1_3)),
        ("maxProtocolVersion: TLSV1_2", VERSIONS, Some(ProtocolVersion::TLSv1_2)),
        (&*format!("cipherSuites: [{cipher}]"), OLD, Some(ProtocolVersion::TLSv1_2)),
        ("cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]", OLD, None),
        ("cipherSuites: [AES128-SHA]", OLD, None),
        ("cipherSuites: [AES128-SHA]", VERSIONS, Some(ProtocolVersion::TLSv1_3)),
    ] {
        let doors = Doors::of("MUTUAL", &format!(", {limits}")).await;
        let client = doors.alice().client(H1, versions);
        let stream = soon(client.connect(doors.gate.addresses[0], SHOP)).await.ok();
        let session = stream.as_ref().map(|stream| stream.get_ref().1);
        assert_eq!(session.and_then(|session| session.protocol_version()), expected, "{limits}");
        if limits.contains(cipher) {
            let suite =
                session.and_then(|session| session.negotiated_cipher_suite()).expect("a cipher").suite();
            assert_eq!(suite, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
        }
    }
}

#[tokio::test]
async fn a_client_gets_the_certificate_whose_key_it_understands() {
    let tls = "{mode: SIMPLE, credentialNames: [rsa, shop]}";
    let servers =
        format!("{{port: {{number: 443, name: shop, protocol: HTTPS}}, hosts: [{SHOP}], tls: {tls}}}");
    let doors = Doors::open(&[servers], |root, secrets| {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        let params = CertificateParams::new(vec![SHOP.to_owned()]).expect("names");
        let certificate = params.signed_by(&key, root.issuer()).expect("a certificate");
        fs::create_dir(secrets.join("rsa")).expect("a folder");
        fs::write(secrets.join("rsa/tls.crt"), certificate.pem()).expect("a file");
        fs::write(secrets.join("rsa/tls.key"), key.serialize_pem()).expect("a file");
    })
    .await;
    let rsa = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    let ecdsa = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    for (known, expected) in [(&[rsa, ecdsa][..], ecdsa), (&[rsa], rsa), (&[ecdsa], ecdsa)] {
        let client = Client::of_ciphers(known);
        let stream = soon(client.connect(doors.gate.addresses[0], SHOP)).await.expect("a handshake");
        let suite = stream.get_ref().1.negotiated_cipher_suite().expect("a cipher").suite();
        assert_eq!(suite, expected, "{known:?}");
    }
}

#[tokio::test]
async fn istio_mutual_wants_a_workload_of_the_mesh() {
    let server =
        "{port: {number: 443, name: mesh, protocol: HTTPS}, hosts: ['*'], tls: {mode: ISTIO_MUTUAL}}";
    let doors = Doors::open(&[server.to_owned()], |_, _| {}).await;
    let mesh = Root::default();
    let review = mesh.member("review").client(&["istio-http/1.1", "istio", "http/1.1"], VERSIONS);
    assert_eq!(doors.seen(&review).await, None, "the gateway has no certificate yet");
    doors.gate.mesh.identity().replace(mesh.credentials("gateway"));
    let seen = doors.seen(&review).await.expect("an answer");
    let who = format!("x-forwarded-client-cert: By={};Hash=", id("gateway"));
    assert!(seen.contains(&who) && seen.contains(&format!("URI={}\n", id("review"))), "{seen}");
    assert_eq!(doors.seen(&doors.alice().client(H1, VERSIONS)).await, None);
    assert_eq!(doors.seen(&Client::stranger(H1)).await, None);
}

#[tokio::test]
async fn a_connection_made_for_one_host_is_not_for_one_that_looks_closer() {
    let servers = [server(SHOP, "mode: SIMPLE"), server(ADMIN, "mode: MUTUAL")];
    let doors = Doors::open(&servers, |_, _| {}).await;
    let stranger = Client::stranger(H1);
    for (host, status) in [
        (SHOP, StatusCode::OK),
        ("Shop.Example.com.:443", StatusCode::OK),
        (ADMIN, StatusCode::MISDIRECTED_REQUEST),
        ("ADMIN.example.com.", StatusCode::MISDIRECTED_REQUEST),
        ("other.example.com", StatusCode::NOT_FOUND),
    ] {
        let (got, _) = doors.asked(&stranger, SHOP, host).await.expect("an answer");
        assert_eq!(got, status, "{host}");
    }
    let (got, _) = doors.asked(&doors.alice().client(H1, VERSIONS), ADMIN, SHOP).await.expect("an answer");
    assert_eq!(got, StatusCode::MISDIRECTED_REQUEST, "hosts of another server");
}

#[tokio::test]
async fn a_server_for_any_host_is_no_way_around_one_that_looks_closer() {
    let any = server(SHOP, "mode: SIMPLE").replace(&format!("'{SHOP}'"), "'*'");
    let doors = Doors::open(&[any, server(ADMIN, "mode: OPTIONAL_MUTUAL")], |_, _| {}).await;
    let stranger = Client::stranger(H1);
    for (host, status) in
        [(SHOP, StatusCode::OK), ("any.example", StatusCode::OK), (ADMIN, StatusCode::MISDIRECTED_REQUEST)]
    {
        let (got, _) = doors.asked(&stranger, "any.example", host).await.expect("an answer");
        assert_eq!(got, status, "{host}");
    }
}
