//! What DestinationRules and VirtualServices say about traffic, as it holds for each backend and rule of a table.

use http::{HeaderMap, HeaderValue, Method, Request};
use mesh_core::{
    dialect::Setting,
    model::{
        Algorithm, ClientTlsMode, ConnectionPool, CorsPolicy, CrossOrigin, HashKey, HashTable, Nearness,
        OutlierDetection, Protocol, Retriable, RetryOn, RetryPolicy, Share, TrafficPolicy,
    },
    source::Batch,
    table::{Backend, Decision, RequestView, Rule, Snapshot, Viewpoint},
    watch::Ledger,
};
use std::{sync::Arc, time::Duration};

const PRODUCT: &str = "
apiVersion: v1
kind: Service
metadata: {name: product, namespace: shop}
spec: {ports: [{name: http, port: 80}, {name: http-admin, port: 81}, {name: tcp-raw, port: 82}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: product, namespace: shop}
spec:
  hosts: [product]
  http:
  - match: [{uri: {exact: /v1}}]
    route: [{destination: {host: product, subset: v1}}]
  - route: [{destination: {host: product}}]
---
";

fn table(documents: &str) -> Snapshot {
    let batch = Arc::new(Batch::of("shop.yaml".into(), documents.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(status.faults.iter().all(|fault| !fault.is_refusal()), "{:?}", status.faults);
    Snapshot::compile(&model, &Viewpoint { namespace: "shop".into(), ..Viewpoint::default() }, None)
}

fn destination_rule(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
         metadata: {{name: {name}, namespace: shop}}\nspec: {{host: product, {spec}}}\n---\n"
    )
}

/// The table of the product service with these DestinationRules.
fn with(rules: &[&str]) -> Snapshot {
    let rules = ('a'..).zip(rules).map(|(name, spec)| destination_rule(&name.to_string(), spec));
    table(&format!("{PRODUCT}{}", rules.collect::<String>()))
}

fn backend<'a>(table: &'a Snapshot, port: u16, subset: Option<&str>) -> &'a Backend {
    let mut backends = table.backends();
    let found =
        backends.find(|backend| backend.name.port == port && backend.name.subset.as_deref() == subset);
    found.expect("a backend")
}

fn policy<'a>(table: &'a Snapshot, port: u16, subset: Option<&str>) -> &'a TrafficPolicy {
    &backend(table, port, subset).policy
}

/// The rule that a request for the product service meets.
fn rule(http: &str) -> (Snapshot, impl Fn(&Snapshot) -> &Rule + use<>) {
    let documents = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: product, namespace: shop}}\n\
         spec: {{ports: [{{name: http, port: 80}}]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: product, namespace: shop}}\n\
         spec: {{hosts: [product], http: [{{{http}, route: [{{destination: {{host: product}}}}]}}]}}\n"
    );
    let chosen = |table: &Snapshot| {
        let request = Request::get("http://product/").body(()).expect("a request");
        match table.decide(&RequestView::outbound(&request), 0) {
            Decision::Forward(chosen) => chosen,
            other => panic!("not forwarded: {other:?}"),
        }
    };
    (table(&documents), move |table| table.rule(chosen(table)))
}

#[test]
fn nothing_written_is_what_istio_does_anyway() {
    let table = with(&["subsets: [{name: v1}]"]);
    for subset in [None, Some("v1")] {
        assert_eq!(*policy(&table, 80, subset), TrafficPolicy::default());
    }
    let pool = ConnectionPool::default();
    assert_eq!((pool.max_connections, pool.connect_timeout()), (u32::MAX, Duration::from_secs(10)));
    assert_eq!(pool.idle_timeout, Some(Duration::from_secs(3600)));
}

#[test]
fn a_policy_is_carried_in_full() {
    let table = with(&["trafficPolicy: {
        loadBalancer: {consistentHash: {httpHeaderName: X-User, maglev: {tableSize: 101}}, warmup: {duration: 60s, aggression: 1.5},
          localityLbSetting: {distribute: [{from: a/*, to: {a/b/*: 80, a/c/*: 20}}]}},
        connectionPool: {tcp: {maxConnections: 7, connectTimeout: 50ms, idleTimeout: 5s, tcpKeepalive: {time: 10s}, maxConnectionDuration: 9s},
          http: {http1MaxPendingRequests: 1, http2MaxRequests: 2, maxRequestsPerConnection: 3, maxRetries: 4, idleTimeout: 0s,
                 maxConcurrentStreams: 5, http2KeepAlive: {interval: 1s, timeout: 2s}}},
        outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, interval: 1s, baseEjectionTime: 2s, maxEjectionPercent: 100,
          minHealthPercent: 50, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 6, outlierDetectionHttpErrorCodes: [500]},
        tls: {mode: MUTUAL, clientCertificate: /c.pem, privateKey: /k.pem, caCertificates: /ca.pem, sni: a.com, subjectAltNames: [b.com]},
        proxyProtocol: {version: V2}, retryBudget: {percent: 10, minRetryConcurrency: 1, budgetInterval: 1s}}"]);
    let TrafficPolicy { balancing, connection_pool, outlier_detection, tls, .. } = policy(&table, 80, None);
    let key = HashKey::Header(http::HeaderName::from_static("x-user"));
    let hash = Algorithm::ConsistentHash { key: Some(key), table: HashTable::Maglev { size: 101 } };
    assert_eq!(balancing.algorithm, hash);
    let warmup = balancing.warmup.expect("a warmup");
    assert_eq!(
        (warmup.duration, warmup.minimum.percent(), warmup.aggression),
        (Duration::from_secs(60), 10.0, 1500)
    );
    assert!(
        matches!(&balancing.nearness, Nearness::Locality(setting) if setting.is_enabled && setting.distribute[0].to.len() == 2)
    );

    let pool = connection_pool;
    assert_eq!((pool.max_connections, pool.max_pending_requests, pool.max_requests), (7, 1, 2));
    assert_eq!(
        (pool.max_requests_per_connection, pool.max_retries, pool.max_concurrent_streams),
        (Some(3), 4, 5)
    );
    assert_eq!(pool.connect_timeout(), Duration::from_millis(50));
    // The one of HTTP is preferred, and zero is no limit.
    assert_eq!((pool.idle_timeout, pool.max_connection_duration), (None, Some(Duration::from_secs(9))));
    assert_eq!(pool.tcp_keepalive.and_then(|keepalive| keepalive.time), Some(Duration::from_secs(10)));
    assert_eq!(pool.http2_keepalive.map(|keepalive| keepalive.timeout), Some(Duration::from_secs(2)));

    let expected = OutlierDetection {
        consecutive_5xx: 0,
        consecutive_gateway_errors: 3,
        splits_local_origin: true,
        consecutive_local_origin_failures: 6,
        error_statuses: vec![500],
        interval: Duration::from_secs(1),
        base_ejection_time: Duration::from_secs(2),
        max_ejection_percent: 100,
        min_health_percent: 50,
    };
    assert_eq!(*outlier_detection, Some(expected));
    let tls = tls.as_ref().expect("TLS");
    assert_eq!((tls.mode, tls.sni.as_deref()), (ClientTlsMode::Mutual, Some("a.com")));
    assert!(tls.credential.is_some() && tls.authorities.is_some() && !tls.skips_verification);
    let budget = policy(&table, 80, None).retry_budget.expect("a budget");
    assert_eq!((budget.share.percent(), budget.min_concurrency), (10.0, 1));
}

#[test]
fn a_subset_takes_the_place_of_the_service_block_by_block() {
    let table = with(&["trafficPolicy: {loadBalancer: {simple: RANDOM}, outlierDetection: {interval: 7s}},
        subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}]"]);
    let interval =
        |policy: &TrafficPolicy| policy.outlier_detection.as_ref().map(|outlier| outlier.interval.as_secs());
    let (whole, subset) = (policy(&table, 80, None), policy(&table, 80, Some("v1")));
    assert_eq!((&whole.balancing.algorithm, interval(whole)), (&Algorithm::Random, Some(7)));
    assert_eq!((&subset.balancing.algorithm, interval(subset)), (&Algorithm::RoundRobin, Some(7)));
}

#[test]
fn a_ports_block_takes_the_place_of_all_four_and_of_nothing_else() {
    let table = with(&["trafficPolicy: {loadBalancer: {simple: RANDOM}, outlierDetection: {interval: 7s}, tls: {mode: ISTIO_MUTUAL},
          connectionPool: {tcp: {maxConnections: 7}}, retryBudget: {percent: 10},
          portLevelSettings: [{port: {number: 81}, connectionPool: {tcp: {maxConnections: 1}}}]},
        subsets: [{name: v1, trafficPolicy: {tls: {mode: DISABLE},
          portLevelSettings: [{port: {number: 81}, loadBalancer: {simple: PASSTHROUGH}}]}}]"]);
    let (plain, special) = (policy(&table, 80, None), policy(&table, 81, None));
    assert_eq!(plain.connection_pool.max_connections, 7);
    let pool = ConnectionPool { max_connections: 1, ..ConnectionPool::default() };
    let kept = plain.retry_budget;
    assert_eq!(
        *special,
        TrafficPolicy { connection_pool: pool, retry_budget: kept, ..TrafficPolicy::default() }
    );
    // The port of a subset leaves nothing of what the subset or the service says otherwise.
    let subset = policy(&table, 81, Some("v1"));
    assert_eq!((&subset.balancing.algorithm, &subset.tls), (&Algorithm::Passthrough, &None));
    assert_eq!(subset.connection_pool, ConnectionPool::default());
    assert_eq!(policy(&table, 80, Some("v1")).tls.as_ref().map(|tls| tls.mode), Some(ClientTlsMode::Disable));
}

#[test]
fn of_two_rules_for_a_host_the_first_policy_holds_and_subsets_are_united() {
    let table = with(&[
        "subsets: [{name: v2}]",
        "trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}]",
        "trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, tls: {mode: SIMPLE}},
         subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}]",
    ]);
    for subset in [None, Some("v1")] {
        let policy = policy(&table, 80, subset);
        assert_eq!((&policy.balancing.algorithm, &policy.tls), (&Algorithm::Random, &None));
    }
}

#[test]
fn rules_that_others_see_are_not_united_with_those_that_some_see() {
    let table = with(&[
        "exportTo: [.], trafficPolicy: {tls: {mode: SIMPLE}}, subsets: [{name: v2}]",
        "trafficPolicy: {tls: {mode: DISABLE}}, subsets: [{name: v1}]",
    ]);
    assert_eq!(policy(&table, 80, None).tls.as_ref().map(|tls| tls.mode), Some(ClientTlsMode::Simple));
    let request = Request::get("http://product/v1").body(()).expect("a request");
    let explanation = table.explain(&RequestView::outbound(&request));
    assert_eq!((explanation.status, explanation.flag), (Some(503), Some("NC")));
}

#[test]
fn the_version_of_http_is_the_clients_or_upgraded_as_the_policy_says() {
    let of = |http: &str| {
        let table = with(&[&format!("trafficPolicy: {{connectionPool: {{http: {{{http}}}}}}}")]);
        [80, 82].map(|port| backend(&table, port, None).protocol)
    };
    assert_eq!(of("maxRetries: 1"), [Protocol::Http, Protocol::Opaque]);
    assert_eq!(of("useClientProtocol: true"), [Protocol::OfClient, Protocol::Opaque]);
    assert_eq!(of("h2UpgradePolicy: UPGRADE"), [Protocol::Http2, Protocol::Opaque]);
}

#[test]
fn old_spellings_mean_what_they_meant() {
    let table = with(&["trafficPolicy: {loadBalancer: {simple: LEAST_CONN, warmupDurationSecs: 30s},
        outlierDetection: {consecutiveErrors: 2}}"]);
    let policy = policy(&table, 80, None);
    assert_eq!(policy.balancing.algorithm, Algorithm::LeastRequest);
    assert_eq!(policy.balancing.warmup.map(|warmup| warmup.duration.as_secs()), Some(30));
    let outlier = policy.outlier_detection.as_ref().expect("ejections");
    assert_eq!((outlier.consecutive_5xx, outlier.consecutive_gateway_errors), (0, 2));
}

#[test]
fn retries_are_carried_with_what_is_not_written() {
    let (table, rule) = rule("retries: {attempts: 4, perTryTimeout: 1s, retryOn: 'gateway-error,503,reset'}");
    let retries = rule(&table).route.retries.as_ref().expect("retries");
    let on = RetryOn::NONE.with(Retriable::GatewayError).with(Retriable::StatusCodes).with(Retriable::Reset);
    let expected = RetryPolicy {
        attempts: 4,
        per_try_timeout: Some(Duration::from_secs(1)),
        on,
        statuses: vec![503],
        ..RetryPolicy::default()
    };
    assert_eq!(*retries, expected);
    let (table, rule) = self::rule("retries: {attempts: 1}");
    let retries = rule(&table).route.retries.as_ref().expect("retries");
    let names: Vec<_> = retries.on.names().collect();
    assert_eq!(
        names,
        ["connect-failure", "refused-stream", "retriable-status-codes", "cancelled", "unavailable"]
    );
}

#[test]
fn copies_go_to_existing_backends_in_the_share_written() {
    let (table, rule) = rule(
        "mirrors: [{destination: {host: product}, percentage: {value: 0.5}}, {destination: {host: nobody}}]",
    );
    let mirrors = &rule(&table).mirrors;
    assert_eq!(mirrors[0].share, Share::from_percent(0.5).expect("a share"));
    assert!(mirrors[0].backend.at(80).is_ok() && mirrors[1].backend.at(80).is_err());
    for (http, share) in [
        ("mirror: {host: product}", Share::ALL),
        ("mirror: {host: product}, mirrorPercent: 30", Share::from_percent(30.0).expect("a share")),
        ("mirror: {host: product}, mirrorPercent: 30, mirrorPercentage: {value: 0}", Share::NONE),
    ] {
        let (table, rule) = self::rule(http);
        assert_eq!(rule(&table).mirrors[0].share, share, "{http}");
    }
}

fn cors(policy: &str) -> Arc<CorsPolicy> {
    let http = format!("corsPolicy: {policy}");
    let (table, rule) = rule(&http);
    Arc::clone(rule(&table).route.cors.as_ref().expect("a policy"))
}

fn headers(written: &[(&'static str, &'static str)]) -> HeaderMap {
    written
        .iter()
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
        .collect()
}

#[test]
fn pages_of_other_origins_are_judged_as_envoy_judges_them() {
    let policy = cors("{allowOrigins: [{exact: a.com}, {prefix: 'http://b'}, {regex: '.*\\.c\\.com'}]}");
    let open = cors("{allowOrigins: [{exact: '*'}]}");
    let old = cors("{allowOrigin: [a.com], unmatchedPreflights: IGNORE}");
    let ask = "access-control-request-method";
    let granted = |origin| CrossOrigin::Granted(HeaderValue::from_static(origin));
    let preflight = |origin| CrossOrigin::Preflight(HeaderValue::from_static(origin));
    for (policy, method, written, expected) in [
        (&policy, Method::GET, &[("origin", "a.com")][..], granted("a.com")),
        (&policy, Method::GET, &[("origin", "A.com")], CrossOrigin::Silent),
        (&policy, Method::GET, &[("origin", "http://b.org")], granted("http://b.org")),
        (&policy, Method::GET, &[("origin", "x.c.com")], granted("x.c.com")),
        (&policy, Method::GET, &[("origin", "x.c.com.evil")], CrossOrigin::Silent),
        (&policy, Method::GET, &[], CrossOrigin::Silent),
        (&policy, Method::GET, &[("origin", "")], CrossOrigin::Silent),
        (&policy, Method::OPTIONS, &[("origin", "a.com"), (ask, "PUT")], preflight("a.com")),
        (&policy, Method::OPTIONS, &[("origin", "a.com"), (ask, "")], granted("a.com")),
        (&policy, Method::OPTIONS, &[("origin", "z.com"), (ask, "PUT")], CrossOrigin::Silent),
        (&open, Method::GET, &[("origin", "z.com"), ("origin", "y.com")], granted("z.com,y.com")),
        (&old, Method::OPTIONS, &[("origin", "z.com"), (ask, "PUT")], CrossOrigin::Ignored),
        (&old, Method::OPTIONS, &[("origin", "z.com")], CrossOrigin::Silent),
        (&old, Method::OPTIONS, &[("origin", "a.com"), (ask, "PUT")], preflight("a.com")),
    ] {
        assert_eq!(policy.judge(&method, &headers(written)), expected, "{method} {written:?}");
    }
}

#[test]
fn a_preflight_is_answered_with_what_the_page_may_do() {
    let origin = || HeaderValue::from_static("a.com");
    let written = "{allowOrigins: [{exact: a.com}], allowMethods: [POST, GET], allowHeaders: [x-a, x-b], exposeHeaders: [x-c],
                    maxAge: 24h, allowCredentials: true}";
    let mut answer =
        headers(&[("access-control-allow-origin", "mine"), ("access-control-allow-origin", "too")]);
    cors(written).permit(origin(), &HeaderMap::new(), &mut answer);
    let expected = headers(&[
        ("access-control-allow-origin", "a.com"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-c"),
        ("access-control-allow-methods", "POST,GET"),
        ("access-control-allow-headers", "x-a,x-b"),
        ("access-control-max-age", "86400"),
    ]);
    assert_eq!(answer, expected);

    // A star allows by name what is asked for.
    let asked =
        headers(&[("access-control-request-method", "PUT"), ("access-control-request-headers", "X-Q, X-R")]);
    let mut answer = HeaderMap::new();
    cors("{allowOrigins: [{exact: a.com}], allowMethods: ['*'], allowHeaders: ['*']}").permit(
        origin(),
        &asked,
        &mut answer,
    );
    let expected = headers(&[
        ("access-control-allow-origin", "a.com"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "X-Q, X-R"),
    ]);
    assert_eq!(answer, expected);
}

#[test]
fn an_explanation_tells_of_all_that_is_done() {
    let documents = format!(
        "{PRODUCT}{}",
        destination_rule(
            "a",
            "trafficPolicy: {loadBalancer: {simple: RANDOM}, tls: {mode: ISTIO_MUTUAL}}, subsets: [{name: v1}]"
        )
    );
    let table = table(&documents);
    let request = Request::get("http://product/v1").body(()).expect("a request");
    let explanation = table.explain(&RequestView::outbound(&request));
    assert_eq!(explanation.targets[0].policy, ["loadBalancer: RANDOM", "tls: ISTIO_MUTUAL"]);
}
