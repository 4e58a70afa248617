//! DestinationRule: how requests travel to a service.

use super::{is_accepted, is_refused};

#[track_caller]
fn policy_is_refused(policy: &str, expected: &str) {
    let spec = format!("{{host: catalog, trafficPolicy: {policy}}}");
    is_refused("DestinationRule", &spec, &format!("spec.trafficPolicy{expected}"));
    let spec = format!("{{host: catalog, subsets: [{{name: new, trafficPolicy: {policy}}}]}}");
    is_refused("DestinationRule", &spec, &format!("spec.subsets[0].trafficPolicy{expected}"));
}

#[test]
fn a_policy_says_something_that_is_possible() {
    for (policy, expected) in [
        ("{}", ": traffic policy must have at least one field"),
        (
            "{tunnel: {targetHost: a.example, targetPort: 1}, proxyProtocol: {version: V2}}",
            ": tunnel and proxyProtocol must not be set together",
        ),
        (
            "{tunnel: {targetHost: a.example, targetPort: 0}}",
            ".tunnel.targetPort: tunnel target port is invalid: port number 0 must be in the range 1..65535",
        ),
        ("{retryBudget: {percent: 101}}", ".retryBudget.percent: percentage 101 is not in range 0..100"),
        (
            "{portLevelSettings: [{tls: {mode: DISABLE}}]}",
            ".portLevelSettings[0]: portTrafficPolicy must have valid port",
        ),
        (
            "{portLevelSettings: [{port: {number: 80}}]}",
            ".portLevelSettings[0]: port traffic policy must have at least one field",
        ),
        (
            "{portLevelSettings: [{port: {number: 80}, connectionPool: {}}]}",
            ".portLevelSettings[0].connectionPool: connection pool must have at least one field",
        ),
        ("{balancer: {}}", ".balancer: unknown field"),
    ] {
        policy_is_refused(policy, expected);
    }
}

#[test]
fn pools_have_no_negative_bounds() {
    for (pool, expected) in [
        ("{http: {http2MaxRequests: -1}}", ".http.http2MaxRequests: http2 max requests must be non-negative"),
        ("{tcp: {maxConnections: -1}}", ".tcp.maxConnections: max connections must be non-negative"),
        ("{tcp: {connectTimeout: 1us}}", ".tcp.connectTimeout: duration must be greater than 1ms"),
        (
            "{http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}",
            ".http.useClientProtocol: use client protocol must not be true when H2UpgradePolicy is UPGRADE",
        ),
        (
            "{http: {http2KeepAlive: {interval: 5s}}}",
            ".http.http2KeepAlive: http2 keepalive timeout is required",
        ),
    ] {
        policy_is_refused(&format!("{{connectionPool: {pool}}}"), &format!(".connectionPool{expected}"));
    }
}

#[test]
fn a_balancer_has_one_key_and_a_prime_table() {
    for (balancer, expected) in [
        (
            "{simple: RANDOM, consistentHash: {useSourceIp: true}}",
            ": simple, consistentHash exclude one another",
        ),
        (
            "{consistentHash: {useSourceIp: true, httpHeaderName: a}}",
            ".consistentHash: httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName exclude one another",
        ),
        ("{consistentHash: {httpCookie: {}}}", ".consistentHash.httpCookie: name required for HttpCookie"),
        (
            "{consistentHash: {maglev: {tableSize: 65535}}}",
            ".consistentHash.maglev.tableSize: tableSize must be a prime number for maglev",
        ),
        (
            "{consistentHash: {maglev: {}}}",
            ".consistentHash.maglev.tableSize: tableSize must be set for maglev",
        ),
        ("{warmup: {aggression: 2}}", ".warmup: duration is required"),
        (
            "{warmup: {duration: 1m, aggression: 0}}",
            ".warmup.aggression: aggression should be greater than 0",
        ),
        (
            "{localityLbSetting: {}, zoneAwareLbSetting: {}}",
            ": only one of localityLbSetting and zoneAwareLbSetting can be set",
        ),
        (
            "{localityLbSetting: {distribute: [{from: a/*, to: {a/*: 60, b/*: 50}}]}}",
            ".localityLbSetting.distribute[0].to: total locality weight 110 != 100",
        ),
        (
            "{localityLbSetting: {distribute: [{from: a, to: {a/*: 50, a/b: 50}}]}}",
            ".localityLbSetting.distribute[0].to: locality a/b overlap with previous specified ones",
        ),
    ] {
        policy_is_refused(&format!("{{loadBalancer: {balancer}}}"), &format!(".loadBalancer{expected}"));
    }
}

#[test]
fn regions_stand_in_for_other_regions_when_endpoints_are_ejected() {
    let policy = |failover: &str, more: &str| {
        let setting = format!("localityLbSetting: {{failover: [{failover}]}}");
        format!("{{host: a, trafficPolicy: {{loadBalancer: {{{setting}}}{more}}}}}")
    };
    let at = "spec.trafficPolicy.loadBalancer.localityLbSetting";
    for (failover, reason) in [
        ("{from: a, to: a}", "locality lb failover settings must specify different regions"),
        ("{from: a, to: b/c}", "locality lb failover only specify region"),
        ("{from: '*', to: b}", "locality lb failover region should not contain '*' wildcard"),
    ] {
        is_refused("DestinationRule", &policy(failover, ""), &format!("{at}.failover[0]: {reason}"));
    }
    let zones = |setting: &str| {
        format!("{{host: a, trafficPolicy: {{loadBalancer: {{zoneAwareLbSetting: {{{setting}}}}}}}}}")
    };
    let zones_at = "spec.trafficPolicy.loadBalancer.zoneAwareLbSetting";
    for (setting, reason) in [
        (
            "failover: [{from: a, to: a}]",
            ".failover[0]: zone aware lb failover settings must specify different regions",
        ),
        (
            "failover: [{from: a, to: b/c}]",
            ".failover[0]: zone aware lb failover only specifies region; zone and subzone failover are handled \
             automatically",
        ),
        (
            "failoverPriority: [version, topology.istio.io/subzone]",
            ".failoverPriority[1]: 'failover_priority' for zone aware lb must not use topology label \
             'topology.istio.io/subzone'; region- and zone-level routing are handled automatically",
        ),
    ] {
        is_refused("DestinationRule", &zones(setting), &format!("{zones_at}{reason}"));
    }
    let warning = format!("{at}: outlier detection policy must be provided for failover");
    let warnings = super::faults("DestinationRule", &policy("{from: a, to: b}", "")).1;
    assert!(warnings.contains(&warning), "{warnings:?}");
    let warnings = super::faults("DestinationRule", &policy("{from: a, to: b}", ", outlierDetection: {}")).1;
    assert!(!warnings.contains(&warning), "{warnings:?}");
}

#[test]
fn ejection_counts_within_bounds() {
    for (outlier, expected) in [
        ("{baseEjectionTime: 10us}", ".baseEjectionTime: duration must be greater than 1ms"),
        ("{maxEjectionPercent: 101}", ".maxEjectionPercent: percentage 101 is not in range 0..100"),
        ("{minHealthPercent: -1}", ".minHealthPercent: percentage -1 is not in range 0..100"),
        (
            "{consecutiveLocalOriginFailures: 3}",
            ": outlier detection consecutive local origin failures is specified, but split external local origin \
             errors is set to false",
        ),
    ] {
        policy_is_refused(
            &format!("{{outlierDetection: {outlier}}}"),
            &format!(".outlierDetection{expected}"),
        );
    }
}

#[test]
fn tls_of_a_client_has_what_its_mode_needs() {
    for (tls, expected) in [
        ("{mode: MUTUAL, privateKey: a}", ": client certificate required for mutual tls"),
        ("{mode: MUTUAL, clientCertificate: a}", ": private key required for mutual tls"),
        (
            "{mode: SIMPLE, credentialName: a, caCertificates: b}",
            ": cannot specify client certificates or CA certificate or CA CRL If credentialName is set",
        ),
        (
            "{mode: SIMPLE, insecureSkipVerify: true, caCertificates: a}",
            ": cannot specify CaCertificates or CredentialName or SubjectAltNames when InsecureSkipVerify is set true",
        ),
        ("{mode: SIMPLE, sni: [a]}", ".sni: expected text, found a list"),
    ] {
        policy_is_refused(&format!("{{tls: {tls}}}"), &format!(".tls{expected}"));
    }
}

#[test]
fn each_part_of_a_policy_says_once_that_it_has_no_effect() {
    let policy = "{loadBalancer: {simple: ROUND_ROBIN, warmupDurationSecs: 10s}, \
                  tls: {mode: ISTIO_MUTUAL}, \
                  portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}, \
                  {port: {number: 81}, tls: {mode: ISTIO_MUTUAL}}]}";
    is_accepted("DestinationRule", &format!("{{host: catalog, trafficPolicy: {policy}}}"), &[]);
    for effective in [
        "tls: {mode: DISABLE}",
        "tls: {mode: SIMPLE, caCertificates: /etc/ca.pem, caCrl: /etc/crl.pem, subjectAltNames: [a], sni: a}",
        "tls: {mode: MUTUAL, credentialName: a, insecureSkipVerify: true}",
        "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}, tls: {mode: ISTIO_MUTUAL}}]",
        "outlierDetection: {consecutive5xxErrors: 3, interval: 10s}",
        "retryBudget: {percent: 25, minRetryConcurrency: 5}",
        "connectionPool: {http: {maxRetries: 3}}",
        "connectionPool: {tcp: {maxConnections: 1, tcpKeepalive: {time: 10s}}, http: {http1MaxPendingRequests: 1}}",
        "connectionPool: {http: {http2KeepAlive: {interval: 10s, timeout: 1s}, maxConcurrentStreams: 100}}",
        "portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {connectTimeout: 1s}}}]",
        "loadBalancer: {simple: ROUND_ROBIN, warmupDurationSecs: 10s}",
        "loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100}}]}}",
        "loadBalancer: {zoneAwareLbSetting: {enabled: true, minClusterSize: 3}}",
        "portLevelSettings: [{port: {number: 80}, loadBalancer: {consistentHash: {useSourceIp: true}}}]",
    ] {
        is_accepted("DestinationRule", &format!("{{host: catalog, trafficPolicy: {{{effective}}}}}"), &[]);
    }
}

#[test]
fn a_rule_for_some_clients_selects_them_by_plain_labels() {
    is_refused(
        "DestinationRule",
        "{host: a, workloadSelector: {matchLabels: {app: 'a*'}}}",
        "spec.workloadSelector.matchLabels: wildcard is not supported in selector: \"app=a*\"",
    );
    is_refused(
        "DestinationRule",
        "{host: a, subsets: [{name: new, labels: {version: 'a b'}}]}",
        "spec.subsets[0].labels[\"version\"]: invalid tag value: \"a b\"",
    );
}
