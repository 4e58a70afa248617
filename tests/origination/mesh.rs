//! Mutual TLS among workloads of the mesh.

use crate::{SERVER_NAME, call, caller, fails, instance, meshed, policy, rule, stranger};
use http::StatusCode;
use std::time::{Duration, SystemTime};
use tests::{
    documents::{Documents, named},
    upstream::Upstream,
    workloads::{Handshaken, Mint, Minted, REVOKED, serving, tell},
};

fn server(mint: &Mint) -> Minted {
    mint.mint(&[&Mint::id("upstream")], |_| {})
}

/// What a server sees of a caller that speaks this.
fn of_caller(alpn: &str) -> Handshaken {
    Handshaken {
        server_name: Some(SERVER_NAME.into()),
        alpn: Some(alpn.into()),
        client: Some(Mint::id("caller")),
        is_resumed: false,
    }
}

#[tokio::test]
async fn an_instance_that_says_so_is_called_over_mutual_tls_by_itself() {
    let mint = Mint::default();
    for (port_name, alpn) in [("http", "http/1.1"), ("http2", "h2"), ("grpc", "h2")] {
        let upstream = serving(mint.server(&server(&mint)), tell).await;
        let mesh = caller(&mint, &Documents::of(&[&meshed(port_name, upstream.address)])).await;
        let (status, seen, body) = call(&mesh).await;
        assert_eq!((status, seen, &*body), (StatusCode::OK, of_caller(alpn), "hello"), "{port_name}");
    }
}

#[tokio::test]
async fn each_instance_is_called_in_the_way_that_it_takes() {
    let mint = Mint::default();
    let (secured, plain) = (serving(mint.server(&server(&mint)), tell).await, Upstream::serving(tell).await);
    let documents = Documents::of(&[
        &meshed("http", secured.address),
        &instance("http", plain.address, "app: upstream", ""),
        &policy("{loadBalancer: {simple: ROUND_ROBIN}}"),
    ]);
    let mesh = caller(&mint, &documents).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (status, told, _) = call(&mesh).await;
        assert_eq!(status, StatusCode::OK);
        seen.push(told);
    }
    seen.sort_by_key(|told| told.server_name.is_some());
    assert_eq!(
        seen,
        [Handshaken::default(), Handshaken::default(), of_caller("http/1.1"), of_caller("http/1.1")]
    );
}

#[tokio::test]
async fn nobody_is_called_over_tls_where_the_mesh_the_rule_or_the_service_says_no() {
    let plain = Upstream::serving(tell).await;
    let config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, \
                  data: {mesh: 'enableAutoMtls: false'}}\n";
    let (ip, port) = (plain.address.ip(), plain.address.port());
    let outside = format!(
        "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: a}}, spec: {{hosts: [upstream], \
         ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: STATIC, endpoints: [{{address: {ip}, \
         ports: {{http: {port}}}, labels: {{security.istio.io/tlsMode: istio}}}}]}}}}\n"
    );
    let inside = meshed("http", plain.address);
    for documents in [vec![&*outside], vec![&*inside, config], vec![&*inside, &rule("{mode: DISABLE}")]] {
        let mesh = caller(&Mint::default(), &Documents::of(&documents)).await;
        let (status, seen, _) = call(&mesh).await;
        assert_eq!((status, seen), (StatusCode::OK, Handshaken::default()), "{documents:?}");
    }
}

#[tokio::test]
async fn a_rule_asks_for_the_meshs_tls_of_instances_that_say_nothing() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&server(&mint)), tell).await;
    let service = format!(
        "{}---\n{}",
        named("upstream", "http"),
        instance("http", upstream.address, "app: upstream", "upstream")
    );
    let by_port = policy("{portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]}");
    for asking in [rule("{mode: ISTIO_MUTUAL}"), by_port] {
        let mesh = caller(&mint, &Documents::of(&[&service, &asking])).await;
        assert_eq!(call(&mesh).await.1, of_caller("http/1.1"), "{asking}");
    }
    let own_name = Documents::of(&[&service, &rule("{mode: ISTIO_MUTUAL, sni: other.example.com}")]);
    let mesh = caller(&mint, &own_name).await;
    assert_eq!(call(&mesh).await.1.server_name.as_deref(), Some("other.example.com"));
}

#[tokio::test]
async fn a_subset_has_its_own_name_and_its_own_rule() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&server(&mint)), tell).await;
    let documents = Documents::of(&[
        &meshed("http", upstream.address),
        "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: upstream}, spec: {host: upstream, \
         trafficPolicy: {tls: {mode: DISABLE}}, subsets: [{name: v1, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}]}}\n",
        &tests::documents::routes("upstream", "[{route: [{destination: {host: upstream, subset: v1}}]}]"),
    ]);
    let mesh = caller(&mint, &documents).await;
    let expected = "outbound_.80_.v1_.upstream.default.svc.cluster.local";
    assert_eq!(call(&mesh).await.1.server_name.as_deref(), Some(expected));
}

#[tokio::test]
async fn whoever_is_not_the_service_is_not_called() {
    let (mint, stranger) = (Mint::default(), Mint::default());
    let other_account = mint.mint(&[&Mint::id("other")], |_| {});
    let other_domain = mint.mint(&["spiffe://elsewhere/ns/default/sa/upstream"], |_| {});
    let other_authority = stranger.mint(&[&Mint::id("upstream")], |_| {});
    let a_host = mint.mint(&["upstream.default.svc.cluster.local"], |_| {});
    let two_names = mint.mint(&[&Mint::id("upstream"), &Mint::id("other")], |_| {});
    let (now, minute) = (SystemTime::now(), Duration::from_secs(60));
    let over = mint.mint(&[&Mint::id("upstream")], |params| {
        (params.not_before, params.not_after) = ((now - 2 * minute).into(), (now - minute).into());
    });
    let early = mint.mint(&[&Mint::id("upstream")], |params| {
        (params.not_before, params.not_after) = ((now + minute).into(), (now + 2 * minute).into());
    });
    for (name, minted, told) in [
        ("another account", other_account, "is_not_who_was_expected"),
        ("another trust domain", other_domain, "no_authority_for_spiffe://elsewhere"),
        ("another authority", other_authority, "BadSignature"),
        ("no workload", a_host, "0_names_that_are_URIs"),
        ("two workloads", two_names, "2_names_that_are_URIs"),
        ("its time is over", over, "certificate_expired"),
        ("its time has not come", early, "certificate_not_valid_yet"),
    ] {
        let upstream = serving(mint.server(&minted), tell).await;
        let mesh = caller(&mint, &Documents::of(&[&meshed("http", upstream.address)])).await;
        let details = fails(&mesh).await;
        assert!(details.contains(told), "{name}: {details}");
    }
}

#[tokio::test]
async fn who_may_answer_is_written_in_the_rule_or_the_entry_or_else_any_workload_of_the_mesh() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&mint.mint(&[&Mint::id("other")], |_| {})), tell).await;
    let of = |account: &str| {
        let labels = "app: upstream, security.istio.io/tlsMode: istio";
        format!("{}---\n{}", named("upstream", "http"), instance("http", upstream.address, labels, account))
    };
    let names =
        |account: &str| rule(&format!("{{mode: ISTIO_MUTUAL, subjectAltNames: ['{}']}}", Mint::id(account)));
    let entry = |account: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: a}}, spec: {{hosts: \
             [upstream.default.svc.cluster.local], location: MESH_INTERNAL, resolution: STATIC, \
             ports: [{{number: 80, name: http, protocol: HTTP}}], subjectAltNames: ['{}']}}}}\n",
            Mint::id(account)
        )
    };
    let nobodys = rule("{mode: ISTIO_MUTUAL, subjectAltNames: [other.example.com]}");
    for (documents, is_good) in [
        (vec![of("")], true),
        (vec![of("upstream")], false),
        (vec![of("other")], true),
        (vec![of("upstream"), names("other")], true),
        (vec![of("other"), names("upstream")], false),
        (vec![of(""), entry("other")], true),
        (vec![of(""), entry("upstream")], false),
        (vec![of("upstream"), entry("other")], true),
        (vec![of("other"), nobodys], false),
    ] {
        let texts: Vec<&str> = documents.iter().map(String::as_str).collect();
        let mesh = caller(&mint, &Documents::of(&texts)).await;
        if is_good {
            assert_eq!(call(&mesh).await.0, StatusCode::OK, "{documents:#?}");
        } else {
            fails(&mesh).await;
        }
    }
}

#[tokio::test]
async fn a_workload_that_cannot_prove_who_it_is_says_nothing_at_all() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&server(&mint)), tell).await;
    let documents = Documents::of(&[&meshed("http", upstream.address)]);
    let mesh = stranger(&documents).await;
    let details = fails(&mesh).await;
    assert!(details.contains("no_certificate_yet"), "{details}");
    let (now, minute) = (SystemTime::now(), Duration::from_secs(60));
    let over = mint.mint(&[&Mint::id("caller")], |params| {
        (params.not_before, params.not_after) = ((now - 2 * minute).into(), (now - minute).into());
    });
    mesh.identity().replace(mint.credentials_of(over));
    let details = fails(&mesh).await;
    assert!(details.contains("is_not_valid_now"), "{details}");
    mesh.identity().replace(mint.credentials(&Mint::id("caller")));
    assert_eq!(call(&mesh).await.1, of_caller("http/1.1"));
}

#[tokio::test]
async fn a_workload_of_the_mesh_whose_certificate_is_revoked_is_not_called() {
    let mint = Mint::default();
    let revoked = mint.mint(&[&Mint::id("upstream")], |params| params.serial_number = Some(REVOKED.into()));
    let day = Duration::from_secs(24 * 3600);
    for (minted, lasting, expected) in [
        (&revoked, day, Some("Revoked")),
        (&server(&mint), day, None),
        (&server(&mint), Duration::from_secs(60), Some("revocation_list")),
    ] {
        let upstream = serving(mint.server(minted), tell).await;
        let documents = Documents::new();
        documents.write("revoked.pem", &mint.revocations(lasting));
        let file = documents.file("revoked.pem");
        let asking = rule(&format!("{{mode: ISTIO_MUTUAL, caCrl: '{}'}}", file.display()));
        documents.write("mesh.yaml", &[meshed("http", upstream.address), asking].join("---\n"));
        let mesh = caller(&mint, &documents).await;
        match expected {
            None => assert_eq!(call(&mesh).await.0, StatusCode::OK),
            Some(told) => {
                let details = fails(&mesh).await;
                assert!(details.contains(told), "{details}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_believes_another_authority_ends_the_connection() {
    let (mint, stranger) = (Mint::default(), Mint::default());
    let upstream = serving(stranger.server(&server(&mint)), tell).await;
    let mesh = caller(&mint, &Documents::of(&[&meshed("http", upstream.address)])).await;
    let (status, _, body) = call(&mesh).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.starts_with("upstream connect error or disconnect/reset before headers."), "{body}");
}
