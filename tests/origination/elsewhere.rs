//! TLS with certificates that documents name, and TLS that a URL asks for.

use crate::{caller, instance, read, refused, rule};
use http::{Request, StatusCode};
use mesh_core::table::GatewayRole;
use mesh_tower::{
    Body, Mesh,
    mesh::{Config, IdentitySource},
};
use std::{env, fs, net::SocketAddr, process::Command, time::Duration};
use tests::{
    documents::{Documents, named, routes},
    mesh::{config, gateway_config, run_gateway},
    soon,
    upstream::Upstream,
    wire,
    workloads::{Handshaken, Mint, Minted, REVOKED, serving, tell},
};

const HOST: &str = "api.example.com";

/// A service outside of the mesh.
fn entry(address: SocketAddr, protocol: &str, more: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: api}}, spec: {{hosts: [{HOST}], \
         ports: [{{number: 80, name: http, protocol: {protocol}, targetPort: {}}}], resolution: STATIC, \
         endpoints: [{{address: {}}}]{more}}}}}\n",
        address.port(),
        address.ip()
    )
}

/// A DestinationRule of that service, with this `tls`.
fn outside(tls: &str) -> String {
    rule(tls).replace("host: upstream", &format!("host: {HOST}"))
}

/// Who names an authority's files, and its secrets.
struct Outside {
    mint: Mint,
    documents: Documents,
}

impl Outside {
    fn new() -> Self {
        let (mint, documents) = (Mint::default(), Documents::new());
        fs::create_dir(documents.file("secrets")).expect("a folder");
        let outside = Self { mint, documents };
        outside.write("root.pem", &outside.mint.root_pem());
        outside
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.documents.folder().join("secrets").join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file that can be written");
    }

    fn write_pair(&self, folder: &str, [certificate, key]: [&str; 2], minted: &Minted) {
        self.write(&format!("{folder}/{certificate}"), &minted.certificate_pem());
        self.write(&format!("{folder}/{key}"), &minted.key_pem());
    }

    async fn join(&self, texts: &[&str]) -> Mesh {
        let folder = self.documents.file("documents");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("mesh.yaml"), texts.join("---\n")).expect("a file that can be written");
        let secrets = Some(self.documents.file("secrets"));
        let config = Config {
            documents: vec![folder],
            secrets,
            identity: IdentitySource::None,
            ..config(&self.documents)
        };
        Mesh::start(config).await.expect("documents that are there")
    }
}

async fn ask(mesh: &Mesh) -> (StatusCode, Handshaken, String) {
    read(soon(mesh.client().get(&format!("http://{HOST}/"))).await.expect("an answer")).await
}

async fn fails(mesh: &Mesh) -> String {
    refused(soon(mesh.client().get(&format!("http://{HOST}/"))).await.expect("an answer")).await
}

#[tokio::test]
async fn simple_tls_asks_for_the_requests_host_and_believes_a_file() {
    let outside_of = Outside::new();
    for (protocol, alpn) in [("HTTP", "http/1.1"), ("HTTP2", "h2")] {
        let minted = outside_of.mint.mint(&[HOST], |_| {});
        let upstream = serving(outside_of.mint.open_server(&minted), tell).await;
        let tls = outside("{mode: SIMPLE, caCertificates: /root.pem}");
        let mesh = outside_of.join(&[&entry(upstream.address, protocol, ""), &tls]).await;
        let seen =
            Handshaken { server_name: Some(HOST.into()), alpn: Some(alpn.into()), ..Handshaken::default() };
        assert_eq!(ask(&mesh).await, (StatusCode::OK, seen, "hello".into()));
    }
}

#[tokio::test]
async fn a_server_must_have_one_of_the_names_that_are_asked_for() {
    let outside_of = Outside::new();
    let mint = &outside_of.mint;
    let account = Mint::id("api");
    let ca = "mode: SIMPLE, caCertificates: /root.pem";
    for (names, tls, more, is_good) in [
        (vec![HOST], format!("{{{ca}}}"), "", true),
        (vec!["*.example.com"], format!("{{{ca}}}"), "", true),
        (vec!["other.example.com"], format!("{{{ca}}}"), "", false),
        (vec!["other.example.com"], format!("{{{ca}, sni: other.example.com}}"), "", true),
        (vec![HOST], format!("{{{ca}, sni: other.example.com}}"), "", false),
        (vec!["other.example.com"], format!("{{{ca}, subjectAltNames: [a, other.example.com]}}"), "", true),
        (vec![HOST], format!("{{{ca}, subjectAltNames: [other.example.com]}}"), "", false),
        (vec![&account], format!("{{{ca}, subjectAltNames: ['{account}']}}"), "", true),
        (vec![&account], format!("{{{ca}, subjectAltNames: ['{account}s']}}"), "", false),
        (vec!["other.example.com"], format!("{{{ca}}}"), ", subjectAltNames: [other.example.com]", true),
        (vec![HOST], format!("{{{ca}}}"), ", subjectAltNames: [other.example.com]", false),
        (vec!["other.example.com"], "{mode: SIMPLE, insecureSkipVerify: true}".into(), "", true),
    ] {
        let upstream = serving(mint.open_server(&mint.mint(&names, |_| {})), tell).await;
        let mesh = outside_of.join(&[&entry(upstream.address, "HTTP", more), &outside(&tls)]).await;
        if is_good {
            assert_eq!(ask(&mesh).await.0, StatusCode::OK, "{names:?} {tls} {more}");
        } else {
            fails(&mesh).await;
        }
    }
}

#[tokio::test]
async fn who_is_not_believed_is_not_called() {
    let outside_of = Outside::new();
    let mint = &outside_of.mint;
    let day = Duration::from_secs(24 * 3600);
    outside_of.write("revoked.pem", &mint.revocations(day));
    outside_of.write("empty.pem", "");
    let good = mint.mint(&[HOST], |_| {});
    let revoked = mint.mint(&[HOST], |params| params.serial_number = Some(REVOKED.into()));
    let stranger = Mint::default();
    for (minted, tls, told) in [
        (&stranger.mint(&[HOST], |_| {}), "{mode: SIMPLE, caCertificates: /root.pem}", "BadSignature"),
        (&good, "{mode: SIMPLE, caCertificates: /missing.pem}", "No_such_file"),
        (&good, "{mode: SIMPLE, caCertificates: /empty.pem}", "holds_no_certificate"),
        (
            &good,
            "{mode: SIMPLE, caCertificates: /root.pem, caCrl: /empty.pem}",
            "holds_no_list_of_revocations",
        ),
        (&good, "{mode: SIMPLE, credentialName: nobody}", "No_such_file"),
        (&revoked, "{mode: SIMPLE, caCertificates: /root.pem, caCrl: /revoked.pem}", "Revoked"),
        // The machine's own authorities do not know this one, or there are none.
        (&good, "{mode: SIMPLE}", "TLS_error"),
    ] {
        let upstream = serving(mint.open_server(minted), tell).await;
        let mesh = outside_of.join(&[&entry(upstream.address, "HTTP", ""), &outside(tls)]).await;
        let details = fails(&mesh).await;
        assert!(details.contains(told), "{tls}: {details}");
    }
    let upstream = serving(mint.open_server(&good), tell).await;
    let tls = outside("{mode: SIMPLE, caCertificates: /root.pem, caCrl: /revoked.pem}");
    let mesh = outside_of.join(&[&entry(upstream.address, "HTTP", ""), &tls]).await;
    assert_eq!(ask(&mesh).await.0, StatusCode::OK);
}

#[tokio::test]
async fn mutual_tls_shows_a_certificate_of_files_or_of_a_secret() {
    let outside_of = Outside::new();
    let own = outside_of.mint.mint(&[&Mint::id("client")], |_| {});
    outside_of.write_pair("files", ["cert.pem", "key.pem"], &own);
    outside_of.write_pair("usual", ["tls.crt", "tls.key"], &own);
    outside_of.write("usual/ca.crt", &outside_of.mint.root_pem());
    outside_of.write_pair("other", ["cert", "key"], &own);
    outside_of.write("other/cacert", &outside_of.mint.root_pem());
    outside_of.write_pair("apart", ["tls.crt", "tls.key"], &own);
    outside_of.write("apart-cacert/ca.crt", &outside_of.mint.root_pem());
    for tls in [
        "{mode: MUTUAL, clientCertificate: /files/cert.pem, privateKey: /files/key.pem, caCertificates: /root.pem}",
        "{mode: MUTUAL, credentialName: usual}",
        "{mode: MUTUAL, credentialName: other}",
        "{mode: MUTUAL, credentialName: apart}",
    ] {
        let server = outside_of.mint.server(&outside_of.mint.mint(&[HOST], |_| {}));
        let upstream = serving(server, tell).await;
        let mesh = outside_of.join(&[&entry(upstream.address, "HTTP", ""), &outside(tls)]).await;
        let (status, seen, _) = ask(&mesh).await;
        assert_eq!((status, seen.client), (StatusCode::OK, Some(Mint::id("client"))), "{tls}");
    }
}

#[tokio::test]
async fn files_that_change_are_for_new_connections_and_broken_ones_are_not_used() {
    let outside_of = Outside::new();
    let write = |account: &str| {
        let own = outside_of.mint.mint(&[&Mint::id(account)], |_| {});
        outside_of.write_pair("own", ["tls.crt", "tls.key"], &own);
    };
    write("first");
    outside_of.write("own/ca.crt", &outside_of.mint.root_pem());
    let server = outside_of.mint.server(&outside_of.mint.mint(&[HOST], |_| {}));
    let upstream = serving(server, tell).await;
    let tls = "{mode: MUTUAL, credentialName: own}, connectionPool: {http: {maxRequestsPerConnection: 1}}";
    let mesh = outside_of.join(&[&entry(upstream.address, "HTTP", ""), &outside(tls)]).await;
    assert_eq!(ask(&mesh).await.1.client, Some(Mint::id("first")));
    write("second");
    assert_eq!(ask(&mesh).await.1.client, Some(Mint::id("second")));
    outside_of.write("own/tls.key", "no key");
    assert_eq!(ask(&mesh).await.1.client, Some(Mint::id("second")));
    outside_of.write("own/ca.crt", &Mint::default().root_pem());
    write("third");
    fails(&mesh).await;
}

#[tokio::test]
async fn connections_for_one_host_are_not_for_another() {
    let outside_of = Outside::new();
    let upstream =
        serving(outside_of.mint.open_server(&outside_of.mint.mint(&["*.example.com"], |_| {})), tell).await;
    let hosts = entry(upstream.address, "HTTP", "").replace(&format!("[{HOST}]"), "['*.example.com']");
    let tls = outside("{mode: SIMPLE, caCertificates: /root.pem}").replace(HOST, "'*.example.com'");
    let mesh = outside_of.join(&[&hosts, &tls]).await;
    for (host, accepted) in [("a", 1), ("b", 2), ("a", 2), ("b", 2)] {
        let url = format!("http://{host}.example.com/");
        let (_, seen, _) = read(soon(mesh.client().get(&url)).await.unwrap()).await;
        assert_eq!(seen.server_name, Some(format!("{host}.example.com")));
        assert_eq!(upstream.accepted(), accepted);
    }
}

#[tokio::test]
async fn a_gateway_starts_tls_as_services_do() {
    let outside_of = Outside::new();
    let root = outside_of.documents.file("secrets/root.pem");
    let upstream = serving(outside_of.mint.open_server(&outside_of.mint.mint(&[HOST], |_| {})), tell).await;
    let documents = Documents::of(&[
        &entry(upstream.address, "HTTP", ""),
        &outside(&format!("{{mode: SIMPLE, caCertificates: '{}'}}", root.display())),
        &tests::gate::door(&[&tests::gate::plain(80)]),
        &routes("'*'", &format!("[{{route: [{{destination: {{host: {HOST}}}}}]}}]"))
            .replace("{hosts:", "{gateways: [door], hosts:")
            .replace("metadata: {name: '*'}", "metadata: {name: all}"),
    ]);
    let config = Config { identity: IdentitySource::None, ..gateway_config(&documents, &[80]) };
    assert_eq!(config.gateway, GatewayRole::BySelector);
    let mesh = Mesh::start(config).await.unwrap();
    let (addresses, _running) = run_gateway(&mesh).await;
    let stream = tokio::net::TcpStream::connect(addresses[0]).await.unwrap();
    let request = Request::get("/").header("host", HOST).body(Body::empty()).unwrap();
    let response = soon(wire::http1(stream).await.send_request(request)).await.unwrap();
    assert_eq!(
        (response.status(), Handshaken::told(&response).server_name),
        (StatusCode::OK, Some(HOST.into()))
    );
}

/// Names the server that the child of a test calls.
const TARGET: &str = "ORIGINATION_TARGET";

#[tokio::test]
async fn a_url_that_asks_for_tls_gets_it_from_an_authority_of_the_system() {
    let outside_of = Outside::new();
    let upstream =
        serving(outside_of.mint.open_server(&outside_of.mint.mint(&["localhost"], |_| {})), tell).await;
    let root = outside_of.documents.file("secrets/root.pem");
    // Which authorities the system believes is said by the environment, which is that of a whole process.
    let child = tokio::task::spawn_blocking(move || {
        Command::new(env::current_exe().expect("a test that runs"))
            .args(["--exact", "elsewhere::calls_by_https", "--ignored"])
            .env("SSL_CERT_FILE", root)
            .env(TARGET, upstream.address.to_string())
            .output()
    });
    let output = soon(child).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
#[ignore = "another test runs this one in a process of its own"]
async fn calls_by_https() {
    let address: SocketAddr = env::var(TARGET).expect("a target").parse().expect("an address");
    let opaque = entry(address, "HTTPS", "").replace("number: 80", "number: 443").replace(HOST, "localhost");
    let plain =
        format!("{}---\n{}", named("localhost", "http"), instance("http", address, "app: localhost", ""));
    let nobody = Outside::new();
    let on_port = format!("https://localhost:{}/", address.port());
    for (documents, url) in
        [("", &*on_port), (&*opaque, "https://localhost/"), (&*plain, "https://localhost:80/")]
    {
        let mesh = nobody.join(&[documents]).await;
        for (version, alpn) in [(http::Version::HTTP_11, "http/1.1"), (http::Version::HTTP_2, "h2")] {
            // What a service writes on a port decides.
            let alpn = if documents == plain { "http/1.1" } else { alpn };
            let request = Request::get(url).version(version).body(Body::empty()).unwrap();
            let (status, seen, _) = read(soon(mesh.client().request(request)).await.unwrap()).await;
            assert_eq!((status, seen.alpn.as_deref()), (StatusCode::OK, Some(alpn)), "{url}");
            assert_eq!(seen.server_name.as_deref(), Some("localhost"));
        }
    }
    // The certificate is not for this host.
    let mesh = nobody.join(&[""]).await;
    let response = soon(mesh.client().get(&format!("https://127.0.0.1:{}/", address.port()))).await.unwrap();
    assert!(refused(response).await.contains("TLS_error"));
}

#[tokio::test]
async fn a_url_that_asks_for_tls_never_goes_in_plain_text() {
    let plain = Upstream::serving(tell).await;
    let mesh = caller(&Mint::default(), &Documents::of(&[&entry(plain.address, "HTTP", "")])).await;
    assert_eq!(ask(&mesh).await.0, StatusCode::OK);
    let response = soon(mesh.client().get(&format!("https://{HOST}:80/"))).await.unwrap();
    refused(response).await;
    let response = soon(mesh.client().get(&format!("https://{}/", plain.address))).await.unwrap();
    refused(response).await;
}
