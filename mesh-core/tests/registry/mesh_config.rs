//! MeshConfig: what holds for the whole mesh.

use super::*;
use mesh_core::{
    identity::{SpiffeId, TrustBundle, TrustDomain},
    model::{LocalityBalancing, Nearness, PathNormalization, RegionFailover, TlsVersion, Trust},
    watch::Standing,
};

fn seen_from(namespace: &str, text: &str, url: &str) -> String {
    goes(&Snapshot::compile(&model(text), &workload(namespace, &[]), None), url)
}

#[test]
fn unknown_hosts_are_the_meshs_affair_unless_a_sidecar_says_otherwise() {
    let refusing = config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}");
    assert_eq!(goes(&table(&refusing), "http://nowhere.example/"), "refuse UnknownHost");
    assert_eq!(
        goes(&table(&config("outboundTrafficPolicy: {mode: ALLOW_ANY}")), "http://nowhere.example/"),
        "pass"
    );
    let own = istio("Sidecar", "shop/own", "{outboundTrafficPolicy: {mode: ALLOW_ANY}}");
    assert_eq!(goes(&table(&[refusing, own].concat()), "http://nowhere.example/"), "pass");
}

#[test]
fn the_root_namespace_can_be_another() {
    let sidecar =
        |namespace: &str| istio("Sidecar", &format!("{namespace}/all"), "{egress: [{hosts: ['office/*']}]}");
    let rule = |namespace: &str, subset: &str| {
        istio(
            "DestinationRule",
            &format!("{namespace}/mail"),
            &format!("{{host: mail.office.svc.cluster.local, subsets: [{{name: {subset}}}]}}"),
        )
    };
    let route = "{hosts: [mail.office.svc.cluster.local], http: [{route: [{destination: {host: mail.office.svc.cluster.local, subset: of-root}}]}]}";
    let text = [
        plain("catalog.shop"),
        plain("mail.office"),
        config("rootNamespace: root"),
        sidecar("root"),
        rule("istio-system", "of-istio"),
        rule("root", "of-root"),
        istio("VirtualService", "office/mail", route),
    ]
    .concat();
    let table = table(&text);
    assert_eq!(goes(&table, "http://catalog/"), "pass");
    assert_eq!(goes(&table, "http://mail.office/"), "outbound|80|of-root|mail.office.svc.cluster.local");
}

#[test]
fn what_does_not_say_who_may_see_it_is_seen_as_the_mesh_has_it() {
    let mail = "http://mail.office/";
    let own = config("defaultServiceExportTo: ['.']");
    assert_eq!(seen_from("shop", &[plain("mail.office"), own.clone()].concat(), mail), "pass");
    assert_eq!(
        seen_from("office", &[plain("mail.office"), own.clone()].concat(), mail),
        "outbound|80||mail.office.svc.cluster.local"
    );
    let said = plain("mail.office")
        .replace("namespace: office", "namespace: office, annotations: {networking.istio.io/exportTo: '*'}");
    assert_eq!(seen_from("shop", &[said, own].concat(), mail), "outbound|80||mail.office.svc.cluster.local");

    let rules = answering("office/rules", "[mail.office.svc.cluster.local]");
    let text = [plain("mail.office"), rules, config("defaultVirtualServiceExportTo: [bank]")].concat();
    assert_eq!(seen_from("shop", &text, mail), "outbound|80||mail.office.svc.cluster.local");
    assert_eq!(seen_from("bank", &text, mail), "office-rules answers");

    let subset = "{host: mail.office.svc.cluster.local, subsets: [{name: all}]}";
    let route = "{hosts: [mail.office.svc.cluster.local], http: [{route: [{destination: {host: mail.office.svc.cluster.local, subset: all}}]}]}";
    let text = [
        plain("mail.office"),
        istio("DestinationRule", "office/mail", subset),
        istio("VirtualService", "office/mail", route),
        config("defaultDestinationRuleExportTo: ['~']"),
    ]
    .concat();
    assert_eq!(seen_from("shop", &text, mail), "refuse Missing(Subset)");
}

#[test]
fn a_delegate_that_does_not_say_is_as_hidden_as_any_rules() {
    let root = istio(
        "VirtualService",
        "shop/root",
        "{hosts: [a.example], http: [{delegate: {name: leaf, namespace: office}}]}",
    );
    let leaf =
        istio("VirtualService", "office/leaf", "{http: [{name: leaf, directResponse: {status: 200}}]}");
    assert_eq!(goes(&table(&[root.clone(), leaf.clone()].concat()), "http://a.example/"), "leaf answers");
    let own = config("defaultVirtualServiceExportTo: ['.']");
    assert_eq!(goes(&table(&[root, leaf, own].concat()), "http://a.example/"), "pass");
}

#[test]
fn endpoints_are_preferred_as_the_mesh_has_it_unless_a_rule_says_otherwise() {
    let nearness = |rule: &str, mesh: &str| {
        let rule =
            istio("DestinationRule", "office/mail", &format!("{{host: mail, trafficPolicy: {{{rule}}}}}"));
        let table = table(&[plain("mail.office"), rule, config(mesh)].concat());
        let backend = table.backends().next().expect("the service").clone();
        backend.policy.balancing.nearness.clone()
    };
    let setting = |is_enabled, failover: &[(&str, &str)]| {
        let region = |(from, to): &(&str, &str)| RegionFailover { from: (*from).into(), to: (*to).into() };
        let failover = failover.iter().map(region).collect();
        Nearness::Locality(LocalityBalancing { is_enabled, failover, ..LocalityBalancing::default() })
    };
    let mesh = "localityLbSetting: {failover: [{from: eu, to: us}]}";
    for (rule, mesh, expected) in [
        ("outlierDetection: {}", "{}", Nearness::OfMesh),
        ("outlierDetection: {}", mesh, setting(true, &[("eu", "us")])),
        ("loadBalancer: {simple: RANDOM}", "localityLbSetting: {enabled: false}", setting(false, &[])),
        ("loadBalancer: {localityLbSetting: {}}", mesh, setting(true, &[])),
        ("loadBalancer: {localityLbSetting: {enabled: false}}", mesh, setting(false, &[])),
    ] {
        assert_eq!(nearness(rule, mesh), expected, "{rule} {mesh}");
    }
    let default = table(&[plain("mail.office"), config(mesh)].concat());
    let backend = default.backends().next().expect("the service");
    assert_eq!(backend.policy.balancing.nearness, setting(true, &[("eu", "us")]));
    let faults = |text: &str| taken(&[text]).1.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(faults(&config(mesh)), [""; 0]);
    let [wrong] = &*faults(&config("localityLbSetting: {failover: [{from: eu, to: eu}]}")) else {
        panic!("one fault")
    };
    let reason =
        "data.mesh.localityLbSetting.failover[0]: locality lb failover settings must specify different";
    assert!(wrong.contains(reason), "{wrong}");
}

#[test]
fn it_says_what_is_made_of_paths() {
    for (mesh, expected) in [
        ("{}", PathNormalization::Base),
        ("pathNormalization: {}", PathNormalization::Base),
        ("pathNormalization: {normalization: DEFAULT}", PathNormalization::Base),
        ("pathNormalization: {normalization: NONE}", PathNormalization::None),
        ("pathNormalization: {normalization: MERGE_SLASHES}", PathNormalization::MergeSlashes),
        ("path_normalization: {normalization: 4}", PathNormalization::DecodeAndMergeSlashes),
    ] {
        assert_eq!(table(&config(mesh)).path_normalization(), expected, "{mesh}");
    }
}

#[test]
fn it_says_how_many_proxies_are_believed() {
    let faults = |text: &str| taken(&[text]).1.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let trusting = config("defaultConfig: {gatewayTopology: {numTrustedProxies: 2}}");
    assert_eq!(table(&trusting).inbound().trusted_proxies(), 2);
    assert_eq!(table("").inbound().trusted_proxies(), 0);
    assert_eq!(faults(&trusting), [""; 0]);
    for more in ["defaultConfig: {concurrency: 2}", "defaultConfig: {gatewayTopology: {proxyProtocol: {}}}"] {
        let reason = "data.mesh.defaultConfig: is accepted, but of it only gatewayTopology.numTrustedProxies and tracing have an effect yet";
        assert_eq!(faults(&config(more)), [format!("0.yaml:8: ConfigMap/istio: {reason}")]);
    }
}

#[test]
fn the_mesh_says_when_dns_is_asked_again() {
    let seconds = |mesh: &str| table(&config(mesh)).dns_refresh().as_secs();
    assert_eq!([seconds("{}"), seconds("dnsRefreshRate: 5s")], [60, 5]);
    let (_, status) = taken(&[&config("dnsRefreshRate: 0s")]);
    let faults: Vec<_> = status.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        ["0.yaml:8: ConfigMap/istio: data.mesh.dnsRefreshRate: duration must be greater than 1ms"]
    );
}

#[test]
fn what_has_no_effect_yet_says_so_on_its_line_and_mistakes_too() {
    let faults = |text: &str| taken(&[text]).1.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let text = config("inboundTrafficPolicy: {}\nrootNamespace: root\nprotocolDetectionTimeout: 1s");
    assert_eq!(
        faults(&text),
        [
            "0.yaml:8: ConfigMap/istio: data.mesh.inboundTrafficPolicy: is accepted, but has no effect yet",
            "0.yaml:10: ConfigMap/istio: data.mesh.protocolDetectionTimeout: is accepted, but has no effect yet",
        ]
    );
    let [wrong] = &*faults(&config("accessLogEncoding: TEXT\noutboundTrafficPolicy: {mode: SOMETIMES}"))
    else {
        panic!("one fault")
    };
    assert!(
        wrong.starts_with("0.yaml:9: ConfigMap/istio: data.mesh.outboundTrafficPolicy.mode: unknown value"),
        "{wrong}"
    );
    let [broken] = &*faults(&config("a: [b")) else { panic!("one fault") };
    assert!(broken.starts_with("0.yaml:"), "{broken}");
}

#[test]
fn it_changes_without_the_other_documents() {
    let file = |text: &str, name: &str| Arc::new(Batch::of(name.into(), text.as_bytes(), "shop"));
    let services = file(&plain("mail.office"), "a.yaml");
    let mut ledger = Ledger::new(Setting::default());
    let mut seen = |mesh: Option<&str>| {
        let mesh = mesh.map(|mesh| file(&config(mesh), "b.yaml"));
        let batches: Vec<_> = [Arc::clone(&services)].into_iter().chain(mesh).collect();
        let (model, status) = ledger.take(&batches);
        assert!(status.documents.iter().all(|document| document.standing == Standing::Serving));
        goes(&Snapshot::compile(&model, &workload("shop", &[]), None), "http://mail.office/")
    };
    assert_eq!(seen(None), "outbound|80||mail.office.svc.cluster.local");
    assert_eq!(seen(Some("defaultServiceExportTo: ['.']")), "pass");
    assert_eq!(seen(Some("defaultServiceExportTo: ['*']")), "outbound|80||mail.office.svc.cluster.local");
}

#[test]
fn other_maps_are_somebody_elses() {
    for (text, is_read) in [
        (config("{}"), true),
        (config("{}").replace("name: istio,", "name: other,"), false),
        (config("{}").replace("istio-system", "shop"), false),
        (config("{}").replace("mesh: |-", "other: |-"), false),
    ] {
        assert_eq!(taken(&[&text]).1.documents.len(), usize::from(is_read), "{text}");
    }
}

#[test]
fn a_mesh_says_whom_it_trusts() {
    let trust = |text: &str| model(&config(text)).trust;
    assert_eq!(trust("{}"), Trust::default());
    let names = |trust: &Trust| trust.aliases.iter().map(ToString::to_string).collect::<Vec<_>>();
    let said = trust(
        "trustDomain: corp.example\ntrustDomainAliases: [old.example, a@b.example]\nenableAutoMtls: false\nmeshMTLS: {minProtocolVersion: TLSV1_3}",
    );
    assert_eq!(
        (said.domain.as_str(), names(&said)),
        ("corp.example", vec!["old.example".into(), "a.b.example".into()])
    );
    assert!(!said.secures_by_itself);
    assert_eq!(said.oldest_version, TlsVersion::V1_3);
    let faults =
        |text: &str| taken(&[&config(text)]).1.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (text, expected) in [
        ("trustDomain: Corp", "data.mesh.trustDomain: a trust domain has 1 to 255 lower-case letters"),
        (
            "meshMTLS: {ecdhCurves: [P-256]}",
            "data.mesh.meshMTLS.ecdhCurves: mesh TLS does not support ECDH curves configuration",
        ),
        ("caCertificates: [{}]", "data.mesh.caCertificates[0]: neither pem nor spiffeBundleUrl is written"),
        ("caCertificates: [{pem: hello}]", "data.mesh.caCertificates[0].pem: holds no certificate"),
    ] {
        let found = faults(text);
        assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
    }
}

#[test]
fn further_authorities_are_for_the_mesh_or_for_the_domains_that_are_named() {
    let pem = |name: &str| {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate").pem()
    };
    let quoted = |pem: &str| pem.replace('\n', "\\n").replace('\r', "");
    let text = format!(
        "trustDomain: own\ntrustDomainAliases: [old]\ncaCertificates: [{{pem: \"{}\"}}, {{pem: \"{}\", trustDomains: [old]}}]",
        quoted(&pem("own")),
        quoted(&pem("old"))
    );
    let trust = model(&config(&text)).trust;
    let domain = |name: &str| TrustDomain::parse(name).expect("a trust domain");
    let bundle = trust.bundle(&TrustBundle::default());
    let certificates = |of: &str| bundle.0[&domain(of)].clone();
    assert_eq!(certificates("own"), trust.authorities[0].certificates);
    assert_eq!(certificates("old"), trust.authorities[1].certificates);
    let own = SpiffeId::parse("spiffe://home/ns/a/sa/b").expect("an id");
    assert_eq!(trust.domains(&own), [domain("own"), domain("home"), domain("old")]);
}
