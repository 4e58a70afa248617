//! What the mesh, a namespace or a service says of traffic for rules that do not say themselves.

use super::*;
use mesh_core::model::{
    ConnectionPool, Locality, Nearness, Protocol, TcpKeepalive, TrafficDistribution, TrafficPolicy,
};
use std::time::Duration;

const MAIL: &str = "outbound|80||mail.office.svc.cluster.local";

/// The policy of `mail.office`, by a DestinationRule with this policy and a MeshConfig with these fields.
fn policy(rule: &str, mesh: &str) -> TrafficPolicy {
    let rule = istio("DestinationRule", "office/mail", &format!("{{host: mail, trafficPolicy: {{{rule}}}}}"));
    let table = table(&[plain("mail.office"), rule, config(mesh)].concat());
    (*backend(&table, MAIL).policy).clone()
}

fn faults(text: &str) -> Vec<String> {
    taken(&[text]).1.faults.iter().map(ToString::to_string).collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_time_to_connect_is_the_rules_or_the_meshs_or_ten_seconds() {
    for (rule, mesh, expected) in [
        ("loadBalancer: {simple: RANDOM}", "{}", 10),
        ("loadBalancer: {simple: RANDOM}", "connectTimeout: 3s", 3),
        ("connectionPool: {tcp: {maxConnections: 1}}", "connectTimeout: 3s", 3),
        ("connectionPool: {tcp: {connectTimeout: 7s}}", "connectTimeout: 3s", 7),
        ("loadBalancer: {}", "defaultTrafficPolicy: {connectionPool: {tcp: {connectTimeout: 5s}}}", 5),
    ] {
        assert_eq!(policy(rule, mesh).connection_pool.connect_timeout(), expected * SECOND, "{rule} {mesh}");
    }
}

#[test]
fn keepalives_of_the_rule_and_of_the_mesh_complete_each_other() {
    let mesh = "tcpKeepalive: {time: 5s, probes: 9}";
    let keepalive = |probes, time: Option<u32>, interval: Option<u32>| {
        let seconds = |count: Option<u32>| count.map(|count| count * SECOND);
        Some(TcpKeepalive { probes, time: seconds(time), interval: seconds(interval) })
    };
    for (rule, mesh, expected) in [
        ("loadBalancer: {}", "{}", None),
        ("loadBalancer: {}", mesh, keepalive(Some(9), Some(5), None)),
        ("connectionPool: {tcp: {maxConnections: 1}}", mesh, keepalive(Some(9), Some(5), None)),
        (
            "connectionPool: {tcp: {tcpKeepalive: {time: 1s, interval: 2s}}}",
            mesh,
            keepalive(Some(9), Some(1), Some(2)),
        ),
        ("connectionPool: {tcp: {tcpKeepalive: {time: 1s}}}", "{}", keepalive(None, Some(1), None)),
    ] {
        assert_eq!(policy(rule, mesh).connection_pool.tcp_keepalive, expected, "{rule} {mesh}");
    }
}

#[test]
fn the_mesh_upgrades_ports_that_speak_http_and_no_others() {
    let ports =
        "[{name: http, port: 80}, {name: plain, port: 81}, {name: tcp, port: 82}, {name: grpc, port: 83}]";
    let protocols = |rule: &str, mesh: &str| {
        let rule =
            istio("DestinationRule", "office/mail", &format!("{{host: mail, trafficPolicy: {{{rule}}}}}"));
        let table = table(&[service("mail.office", ports), rule, config(mesh)].concat());
        [80, 81, 82, 83]
            .map(|port| backend(&table, &format!("outbound|{port}||mail.office.svc.cluster.local")).protocol)
    };
    let (plain, unknown, opaque, http2) =
        (Protocol::Http, Protocol::Unknown, Protocol::Opaque, Protocol::Http2);
    let upgrade = "h2UpgradePolicy: UPGRADE";
    for (rule, mesh, expected) in [
        ("loadBalancer: {}", "h2UpgradePolicy: DO_NOT_UPGRADE", [plain, unknown, opaque, http2]),
        ("loadBalancer: {}", upgrade, [http2, unknown, opaque, http2]),
        (
            "connectionPool: {http: {h2UpgradePolicy: DO_NOT_UPGRADE}}",
            upgrade,
            [plain, unknown, opaque, http2],
        ),
        ("connectionPool: {http: {h2UpgradePolicy: UPGRADE}}", "{}", [http2, http2, opaque, http2]),
        (
            "connectionPool: {http: {useClientProtocol: true}}",
            upgrade,
            [Protocol::OfClient, Protocol::OfClient, opaque, Protocol::OfClient],
        ),
    ] {
        assert_eq!(protocols(rule, mesh), expected, "{rule} {mesh}");
    }
}

#[test]
fn a_block_that_nobody_writes_is_the_meshs_as_a_whole() {
    let mesh = "defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 7}, http: {maxRetries: 2}}, \
                outlierDetection: {consecutive5xxErrors: 3, maxEjectionPercent: 50}}";
    let seen = |rule: &str| {
        let policy = policy(rule, mesh);
        let outlier = policy.outlier_detection.expect("ejections");
        let ConnectionPool { max_connections, max_retries, .. } = policy.connection_pool;
        (max_connections, max_retries, outlier.consecutive_5xx, outlier.max_ejection_percent)
    };
    let any = u32::MAX;
    assert_eq!(seen("loadBalancer: {simple: RANDOM}"), (7, 2, 3, 50));
    assert_eq!(seen("connectionPool: {tcp: {maxConnections: 1}}"), (1, any, 3, 50));
    assert_eq!(seen("outlierDetection: {consecutive5xxErrors: 9}"), (7, 2, 9, 10));
    // What a port says takes the place of what its rule says, and leaves the rest to the mesh.
    let port = "connectionPool: {tcp: {maxConnections: 1}}, \
                portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]";
    assert_eq!(seen(port), (7, 2, 3, 50));
    let alone = table(&[plain("mail.office"), config(mesh)].concat());
    assert_eq!(backend(&alone, MAIL).policy.connection_pool.max_connections, 7);
    let passing = alone.passing().expect("what the mesh says of unknown hosts");
    assert_eq!((passing.connection_pool.max_connections, &passing.outlier_detection), (7, &None));
    assert!(table(&plain("mail.office")).passing().is_none());
}

#[test]
fn a_rule_that_says_nothing_of_retries_has_the_meshs() {
    let mesh = "defaultHttpRetryPolicy: {attempts: 5, retryOn: 'reset,503', perTryTimeout: 1s, retryRemoteLocalities: true}";
    let rules = istio(
        "VirtualService",
        "shop/mail",
        "{hosts: [mail.office.svc.cluster.local], http: [\
          {match: [{uri: {prefix: /own}}], retries: {attempts: 1}, route: [{destination: {host: mail.office.svc.cluster.local}}]}, \
          {route: [{destination: {host: mail.office.svc.cluster.local}}]}]}",
    );
    let of = |path: &str, mesh: &str| {
        let table = table(&[plain("mail.office"), rules.clone(), config(mesh)].concat());
        explained(&table, &format!("http://mail.office{path}")).retries.map(|retries| retries.attempts)
    };
    assert_eq!([of("/own", mesh), of("/", mesh), of("/", "{}")], [Some(1), Some(5), None]);
    let table = table(&[plain("mail.office"), config(mesh)].concat());
    assert_eq!(table.retries().map(|retries| retries.statuses.clone()), Some(vec![503]));
    let told = explained(&table, "http://mail.office/").to_string();
    assert!(told.contains("5 of 1000 ms each on reset,503, away from where it failed twice"), "{told}");
}

#[test]
fn what_is_wrong_in_the_meshs_words_is_told_in_its_place() {
    for (mesh, reason) in [
        ("connectTimeout: 2h", "connectTimeout: invalid connect timeout"),
        ("connectTimeout: 0s", "connectTimeout: duration must be greater than 1ms"),
        ("tcpKeepalive: {time: 1us}", "tcpKeepalive.time: duration must be greater than 1ms"),
        (
            "defaultHttpRetryPolicy: {attempts: -1}",
            "defaultHttpRetryPolicy.attempts: attempts cannot be negative",
        ),
        (
            "defaultTrafficPolicy: {connectionPool: {}}",
            "defaultTrafficPolicy.connectionPool: connection pool must have at least one field",
        ),
        (
            "defaultTrafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}",
            "defaultTrafficPolicy.outlierDetection.maxEjectionPercent: percentage 101",
        ),
        (
            "zoneAwareLbSetting: {failover: [{from: eu, to: eu}]}",
            "zoneAwareLbSetting.failover[0]: zone aware lb failover settings must specify different regions",
        ),
        ("h2UpgradePolicy: MAYBE", "h2UpgradePolicy: unknown value"),
    ] {
        let told = faults(&config(mesh));
        assert!(told.len() == 1 && told[0].contains(&format!("data.mesh.{reason}")), "{mesh}: {told:?}");
    }
    let right = "connectTimeout: 5s\ntcpKeepalive: {time: 10s}\nh2UpgradePolicy: UPGRADE\n\
                 defaultHttpRetryPolicy: {attempts: 0}\nzoneAwareLbSetting: {}\n\
                 defaultTrafficPolicy: {outlierDetection: {}}";
    assert_eq!(faults(&config(right)), [""; 0]);
}

/// A Service with a field and an annotation, and a Namespace with an annotation, where they are not empty.
fn distributed(field: &str, annotation: &str, namespace: &str) -> String {
    let annotations = |value: &str| match value {
        "" => "{}".to_owned(),
        value => format!("{{networking.istio.io/traffic-distribution: {value}}}"),
    };
    let field = if field.is_empty() { String::new() } else { format!("trafficDistribution: {field}, ") };
    format!(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: mail, namespace: office, annotations: {}}}, \
         spec: {{{field}ports: [{{name: http, port: 80}}]}}}}\n\
         ---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: office, annotations: {}}}}}\n",
        annotations(annotation),
        annotations(namespace)
    )
}

#[test]
fn a_service_says_where_it_prefers_its_clients_or_else_its_namespace_does() {
    use TrafficDistribution::{Anywhere, SameNode, SameZone};
    for (field, annotation, namespace, expected) in [
        ("", "", "", Anywhere),
        ("PreferClose", "", "", SameZone),
        ("PreferSameZone", "PreferSameNode", "", SameZone),
        ("PreferSameNode", "", "PreferClose", SameNode),
        ("", "preferclose", "PreferSameNode", SameZone),
        ("", "", "PreferSameNode", SameNode),
        ("", "Any", "PreferSameNode", Anywhere),
        ("Elsewhere", "PreferSameNode", "", SameNode),
    ] {
        let model = model(&distributed(field, annotation, namespace));
        assert_eq!(model.services[0].distribution, expected, "{field:?} {annotation:?} {namespace:?}");
    }
    let [told] = &*faults(&distributed("Elsewhere", "", "")) else { panic!("one warning") };
    assert!(told.contains("spec.trafficDistribution: unknown traffic distribution \"Elsewhere\""), "{told}");
}

#[test]
fn what_a_service_prefers_comes_after_its_rule_and_before_the_mesh() {
    let nearness = |rule: &str, service: &str| {
        let rule =
            istio("DestinationRule", "office/mail", &format!("{{host: mail, trafficPolicy: {{{rule}}}}}"));
        let mesh = config("localityLbSetting: {enabled: false}\nzoneAwareLbSetting: {minClusterSize: 2}");
        let table = table(&[distributed(service, "", ""), rule, mesh].concat());
        backend(&table, MAIL).policy.balancing.nearness.clone()
    };
    let preferred = Nearness::OfService(TrafficDistribution::SameZone);
    assert_eq!(nearness("loadBalancer: {simple: RANDOM}", "PreferClose"), preferred);
    assert!(matches!(
        nearness("loadBalancer: {localityLbSetting: {}}", "PreferClose"),
        Nearness::Locality(_)
    ));
    let of_mesh = nearness("loadBalancer: {simple: RANDOM}", "''");
    assert!(matches!(&of_mesh, Nearness::Zones(zones) if zones.least_endpoints == 2), "{of_mesh:?}");
    let told = explained(&table(&distributed("PreferSameNode", "", "")), "http://mail.office/");
    assert_eq!(
        told.targets[0].policy,
        ["loadBalancer: LEAST_REQUEST", "trafficDistribution: PreferSameNode"]
    );
}

#[test]
fn where_zones_count_a_backend_knows_where_the_clients_own_kind_runs() {
    let entry = |name: &str, app: &str, locality: &str| {
        let spec = format!("{{address: 10.0.0.1, labels: {{app: {app}}}, locality: {locality}}}");
        istio("WorkloadEntry", name, &spec)
    };
    let rule = istio(
        "DestinationRule",
        "office/mail",
        "{host: mail, trafficPolicy: {loadBalancer: {zoneAwareLbSetting: {}}}}",
    );
    let text = [
        plain("shop.shop"),
        plain("mail.office"),
        entry("shop/one", "shop", "eu/a"),
        entry("shop/two", "shop", "eu/a"),
        entry("shop/three", "shop", "eu/b"),
        entry("office/four", "mail", "eu/c"),
        rule,
    ]
    .concat();
    let own = Snapshot::compile(&model(&text), &workload("shop", &[("app", "shop")]), None);
    let peers: Vec<_> =
        backend(&own, MAIL).peers.iter().map(|(place, count)| (place.clone(), *count)).collect();
    let place = |text| Locality::parse(text).expect("a place");
    assert_eq!(peers, [(place("eu/a"), 2), (place("eu/b"), 1)]);
    assert!(backend(&own, "outbound|80||shop.shop.svc.cluster.local").peers.is_empty());
    let stranger = Snapshot::compile(&model(&text), &workload("shop", &[("app", "other")]), None);
    assert!(backend(&stranger, MAIL).peers.is_empty());
}
