//! Documents about requests that come to workloads: who is asked whether they may pass, and how many there may be.

use http::{HeaderName, StatusCode};
use mesh_core::{
    dialect::Setting,
    document::Severity,
    model::{CheckedBody, Dimension, ExtAuthzProtocol, Limit, Model, Share, TokenBucket},
    source::Batch,
    table::{Snapshot, Viewpoint},
    watch::{Ledger, Status},
};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

fn taken(text: &str) -> (Model, Status) {
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    Ledger::new(Setting::default()).take(&[batch])
}

/// What documents mean, of which nothing is wrong or odd.
fn model(text: &str) -> Model {
    let (model, status) = taken(text);
    assert_eq!(status.faults, [], "{text}");
    model
}

/// The faults of a severity, without their object.
fn faults(text: &str, severity: Severity) -> Vec<String> {
    let (_, status) = taken(text);
    let faults = status.faults.iter().filter(|fault| fault.severity == severity);
    faults
        .map(|fault| {
            let remedy = fault.remedy.as_deref().map(|remedy| format!(" ({remedy})")).unwrap_or_default();
            format!("{}: {}: {}{remedy}", fault.place.line(), fault.path, fault.reason)
        })
        .collect()
}

fn errors(text: &str) -> Vec<String> {
    faults(text, Severity::Error)
}

const CONFIG: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
    extensionProviders:
";

/// A MeshConfig with these providers; the first is on line 7.
fn providers(providers: &[&str]) -> String {
    providers.iter().fold(CONFIG.to_owned(), |text, provider| format!("{text}    - {provider}\n"))
}

/// A RateLimit with this rule, on line 5.
fn limit(rule: &str) -> String {
    limit_of("shop", &format!("rules:\n  - {rule}"))
}

fn limit_of(namespace: &str, spec: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: x, namespace: {namespace}}}\n\
         spec:\n  {spec}\n"
    )
}

fn table(text: &str, namespace: &str, app: &str) -> Snapshot {
    let labels = [("app".to_owned(), app.to_owned())].into();
    let viewpoint = Viewpoint { namespace: namespace.into(), labels, ..Viewpoint::default() };
    Snapshot::compile(&model(text), &viewpoint, None)
}

#[test]
fn an_authorization_service_has_istios_defaults() {
    let model = model(&providers(&[
        "{name: a, envoyExtAuthzHttp: {service: authz.shop.svc.cluster.local, port: 8000}}",
        "{name: b, envoyExtAuthzGrpc: {service: shop/authz.example.com, port: 9000, timeout: 2s, failOpen: true, \
          statusOnError: '503', includeRequestBodyInCheck: {maxRequestBytes: 10, allowPartialMessage: true, packAsBytes: true}}}",
    ]));
    let [http, grpc] = &model.security.ext_authz[..] else { panic!("{:?}", model.security) };
    assert_eq!((&*http.name, http.service.to_string().as_str()), ("a", "authz.shop.svc.cluster.local:8000"));
    assert_eq!((http.timeout, http.fails_open, http.body), (Duration::from_secs(600), false, None));
    assert_eq!(http.status_on_error, StatusCode::FORBIDDEN);
    let ExtAuthzProtocol::Http(check) = &http.protocol else { panic!("{http:?}") };
    assert_eq!(check.to_refused, None);
    assert!(!check.told.contains(&HeaderName::from_static("cookie")));

    assert_eq!(grpc.protocol, ExtAuthzProtocol::Grpc);
    assert_eq!(grpc.service.namespace.as_deref(), Some("shop"));
    assert_eq!((grpc.timeout, grpc.fails_open), (Duration::from_secs(2), true));
    assert_eq!(grpc.status_on_error, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(grpc.body, Some(CheckedBody { most: 10, may_be_partial: true, is_bytes: true }));
}

#[test]
fn an_authorization_service_of_http_is_told_what_is_written() {
    let model = model(&providers(&[
        "{name: a, envoyExtAuthzHttp: {service: authz.shop.svc.cluster.local, port: 8000, pathPrefix: /check, \
          includeRequestHeadersInCheck: [cookie, 'x-ext-*'], includeAdditionalHeadersInCheck: {x-by: mesh}, \
          headersToUpstreamOnAllow: [x-user], headersToDownstreamOnDeny: [set-cookie], \
          headersToDownstreamOnAllow: ['*-trace'], clearRouteCache: true}}",
    ]));
    let ExtAuthzProtocol::Http(check) = &model.security.ext_authz[0].protocol else { panic!("HTTP") };
    assert_eq!(&*check.path_prefix, "/check");
    assert_eq!(check.added.len(), 1);
    let is = |names: &mesh_core::model::HeaderNames, name| names.contains(&HeaderName::from_static(name));
    assert!(is(&check.told, "cookie") && is(&check.told, "x-ext-a") && !is(&check.told, "x-user"));
    assert!(is(&check.to_upstream, "x-user") && is(&check.to_allowed, "my-trace"));
    assert!(check.to_refused.as_ref().is_some_and(|names| is(names, "set-cookie") && !is(names, "x-user")));
}

/// Providers, and what is wrong with them.
const WRONG_PROVIDERS: &[(&str, &str)] = &[
    (
        "{name: a, envoyExtAuthzHttp: {service: a.b, port: 0}}",
        "envoyExtAuthzHttp.port: port number 0 must be in the range 1..65535",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {port: 80}}",
        "envoyExtAuthzHttp: service must not be empty (write service: name.namespace.svc.cluster.local)",
    ),
    (
        "{name: a, envoyExtAuthzGrpc: {service: 'a b', port: 80}}",
        "envoyExtAuthzGrpc.service: domain name \"a b\" invalid (label \"a b\" must be 1 to 63 letters, digits and '-')",
    ),
    (
        "{name: a, envoyExtAuthzGrpc: {service: 'A/b.c', port: 80}}",
        "envoyExtAuthzGrpc.service: invalid value for namespace: \"A\"",
    ),
    (
        "{name: a, envoyExtAuthzGrpc: {service: b.c, port: 80, statusOnError: '999'}}",
        "envoyExtAuthzGrpc.statusOnError: unsupported statusOnError value 999 (write an HTTP status in quotes: \"503\")",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80, pathPrefix: check}}",
        "envoyExtAuthzHttp.pathPrefix: pathPrefix should begin with `/` but found \"check\" (write /check)",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80, pathPrefix: '/a b'}}",
        "envoyExtAuthzHttp.pathPrefix: invalid pathPrefix \"/a b\"",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80, failOpne: true}}",
        "envoyExtAuthzHttp.failOpne: unknown field (did you mean failOpen?)",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80, includeRequestBodyInCheck: {}}}",
        "envoyExtAuthzHttp.includeRequestBodyInCheck.maxRequestBytes: must be greater than 0 (write maxRequestBytes: 8192, say)",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80, includeAdditionalHeadersInCheck: {'x a': b}}}",
        "envoyExtAuthzHttp.includeAdditionalHeadersInCheck[\"x a\"]: is not a valid header name",
    ),
    (
        "{name: a, envoyExtAuthzHttp: {service: b.c, port: 80}, envoyExtAuthzGrpc: {service: b.c, port: 80}}",
        "envoyExtAuthzHttp, envoyExtAuthzGrpc exclude one another (keep one)",
    ),
];

#[test]
fn wrong_providers_are_refused_at_their_line() {
    for (provider, expected) in WRONG_PROVIDERS {
        let found = errors(&providers(&[*provider]));
        let [found] = &found[..] else { panic!("{provider}: {found:?}") };
        let prefix = "7: data.mesh.extensionProviders[0]";
        let rest = found.strip_prefix(prefix).unwrap_or_else(|| panic!("{found}"));
        assert_eq!(rest.trim_start_matches(['.', ':', ' ']), *expected, "{provider}");
    }
    let twice = "{name: a, envoyExtAuthzGrpc: {service: b.c, port: 80}}";
    assert_eq!(
        errors(&providers(&[twice, twice])),
        [
            "8: data.mesh.extensionProviders[1].name: duplicate extension provider name a (give each its own name)"
        ]
    );
    assert_eq!(
        errors(&providers(&["{envoyExtAuthzGrpc: {service: b.c, port: 80}}"])),
        ["7: data.mesh.extensionProviders[0]: empty extension provider name (write name)"]
    );
}

#[test]
fn a_provider_of_another_kind_has_no_effect_yet_and_says_so() {
    let text =
        providers(&["{name: sky, skywalking: {service: b.c, port: 80}}", "{name: new, something: {}}"]);
    assert_eq!(errors(&text), [""; 0]);
    assert_eq!(
        faults(&text, Severity::Warning),
        [
            "7: data.mesh.extensionProviders[0].skywalking: is accepted, but has no effect yet",
            "8: data.mesh.extensionProviders[1]: is of no kind that is known here, and has no effect \
             (write envoyExtAuthzHttp or envoyExtAuthzGrpc, say)",
        ]
    );
}

#[test]
fn a_limit_says_what_it_is_for_and_how_many_tokens_there_are() {
    let model = model(&limit(
        "{name: login, match: [{uri: {prefix: /login}, method: {exact: POST}}], status: 503, headers: true, \
          rateLimitedAsResourceExhausted: true, enforced: {value: 50}, \
          local: {maxTokens: 100, tokensPerFill: 10, fillInterval: 1s, maxBuckets: 7, \
          per: [peer, remoteAddress, path, method, {header: X-User}, {claim: group.name}, {claim: '[a.b][c]'}]}}",
    ));
    let rule = &model.security.rate_limits[0].rules[0];
    assert_eq!((&*rule.name, rule.status, rule.tells), ("login", StatusCode::SERVICE_UNAVAILABLE, true));
    assert_eq!(
        (rule.is_resource_exhausted, rule.enforced),
        (true, Share::from_percent(50.0).expect("a share"))
    );
    let Limit::Local(local) = &rule.limit else { panic!("{rule:?}") };
    let number = |number| NonZeroU32::new(number).expect("more than none");
    assert_eq!(local.bucket, TokenBucket { most: number(100), each: Duration::from_millis(100) });
    assert_eq!(local.most_buckets, number(7));
    let claim = |names: &[&str]| Dimension::Claim(names.iter().map(|name| (*name).into()).collect());
    assert_eq!(
        local.per,
        [
            Dimension::Peer,
            Dimension::RemoteAddress,
            Dimension::Path,
            Dimension::Method,
            Dimension::Header(HeaderName::from_static("x-user")),
            claim(&["group", "name"]),
            claim(&["a.b", "c"]),
        ]
    );
}

#[test]
fn a_limit_of_a_service_has_envoys_defaults_and_names() {
    let model = model(&limit(
        "{global: {service: limits.shop.svc.cluster.local, port: 8081, domain: shop, descriptors: \
          [[{value: all}], [{of: remoteAddress}, {of: {header: x-user}}, {of: {claim: a.b}, key: b}]]}}",
    ));
    let Limit::Global(global) = &model.security.rate_limits[0].rules[0].limit else { panic!("global") };
    assert_eq!((&*global.domain, global.hits, global.fails_open), ("shop", 1, true));
    assert_eq!((global.timeout, global.service.port), (Duration::from_millis(20), 8081));
    let keys: Vec<Vec<&str>> =
        global.descriptors.iter().map(|entries| entries.iter().map(|entry| &*entry.key).collect()).collect();
    assert_eq!(keys, [vec!["generic_key"], vec!["remote_address", "x-user", "b"]]);
}

/// Rules of limits, and what is wrong with them. BUCKET and SERVICE stand for what is right.
const WRONG_LIMITS: &[(&str, &str)] = &[
    (
        "{name: a}",
        "rules[0]: a rule without a limit (write local: {maxTokens: 100, tokensPerFill: 100, fillInterval: 1s}, say)",
    ),
    (
        "{local: {fillInterval: 1s}}",
        "rules[0].local.maxTokens: must be greater than 0 (write how many requests may come at once)",
    ),
    ("{local: {maxTokens: 1}}", "rules[0].local: fillInterval is missing (write fillInterval: 1s, say)"),
    (
        "{local: {maxTokens: 1, fillInterval: 49ms}}",
        "rules[0].local.fillInterval: fillInterval must be at least 50ms (write a longer one, and more tokensPerFill)",
    ),
    (
        "{local: {maxTokens: 1, tokensPerFill: 0, fillInterval: 1s}}",
        "rules[0].local.tokensPerFill: must be greater than 0 (remove it for 1)",
    ),
    (
        "{local: {maxTokens: 1, tokensPerFill: 2000000, fillInterval: 1s}}",
        "rules[0].local: more than 1,000,000 tokens a second (write fewer tokensPerFill, or a longer fillInterval)",
    ),
    (
        "{local: {BUCKET, maxBuckets: 0}}",
        "rules[0].local.maxBuckets: must be greater than 0 (remove it for 10000)",
    ),
    (
        "{local: {BUCKET, per: [route]}}",
        "rules[0].local.per[0]: unknown value \"route\" (use one of peer, remoteAddress, path, method)",
    ),
    (
        "{local: {BUCKET, per: [{}]}}",
        "rules[0].local.per[0]: nothing that requests have in common (write peer, or {header: x-user}, say)",
    ),
    (
        "{local: {BUCKET, per: [{header: 'a b'}]}}",
        "rules[0].local.per[0].header: header name a b is not a valid header name",
    ),
    (
        "{local: {BUCKET, per: [{claim: a..b}]}}",
        "rules[0].local.per[0].claim: \"a..b\" is no claim (write a name, or the names that lead to the claim: group.name, [group][name])",
    ),
    (
        "{local: {BUCKET}, status: 200}",
        "rules[0].status: HTTP status 200 is not in range 400-599 (remove it for 429)",
    ),
    (
        "{local: {BUCKET}, enforced: {value: 101}}",
        "rules[0].enforced.value: 101 is neither 0 nor within 0.0001 and 100",
    ),
    (
        "{local: {BUCKET}, match: [{headers: {'@request.auth.claims.sub': {exact: a}}}]}",
        "rules[0].match[0].headers[\"@request.auth.claims.sub\"]: a limit is for requests with any claims (give each value of a claim its own bucket: per: [{claim: sub}])",
    ),
    ("{local: {BUCKET}, match: [{uri: {regex: '('}}]}", "rules[0].match[0].uri: "),
    (
        "{local: {BUCKET}, global: {SERVICE, descriptors: [[{value: a}]]}}",
        "rules[0]: local, global exclude one another (keep one)",
    ),
    (
        "{global: {SERVICE}}",
        "rules[0].global: no descriptor is given (write descriptors: [[{of: remoteAddress}]], say)",
    ),
    (
        "{global: {SERVICE, descriptors: [[]]}}",
        "rules[0].global.descriptors[0]: a descriptor without entries (write [{value: all}], say)",
    ),
    (
        "{global: {SERVICE, descriptors: [[{key: a}]]}}",
        "rules[0].global.descriptors[0][0]: an entry without a value (write value, or of: remoteAddress, say)",
    ),
    (
        "{global: {SERVICE, descriptors: [[{value: a, of: peer}]]}}",
        "rules[0].global.descriptors[0][0]: value, of exclude one another (keep one)",
    ),
    (
        "{global: {SERVICE, hitsAddend: 0, descriptors: [[{value: a}]]}}",
        "rules[0].global.hitsAddend: must be greater than 0 (remove it for 1)",
    ),
    (
        "{global: {service: a.b, port: 80, descriptors: [[{value: a}]]}}",
        "rules[0].global: domain must not be empty (write the domain that the service knows)",
    ),
];

#[test]
fn wrong_limits_are_refused_at_their_line() {
    let bucket = "maxTokens: 1, fillInterval: 1s";
    let service = "service: a.b, port: 80, domain: d";
    for (rule, expected) in WRONG_LIMITS {
        let rule = rule.replace("BUCKET", bucket).replace("SERVICE", service);
        let found = errors(&limit(&rule));
        let [found] = &found[..] else { panic!("{rule}: {found:?}") };
        assert!(found.starts_with(&format!("6: spec.{expected}")), "{rule}:\n{found}\n{expected}");
    }
    assert_eq!(
        errors(&limit_of("shop", "rules: []")),
        ["4: spec: no rule is given (write rules: [{local: {…}}])"]
    );
    let misspelt = limit("{local: {maxTokens: 1, fillInterval: 1s}}").replace("RateLimit", "RateLimits");
    assert_eq!(errors(&misspelt), ["2: : unknown kind \"RateLimits\" (did you mean RateLimit?)"]);
}

#[test]
fn a_limit_is_for_the_workloads_it_selects_and_one_of_the_root_namespace_for_all() {
    let rules = "rules: [{local: {maxTokens: 1, fillInterval: 1s}}]";
    let selecting = format!("selector: {{matchLabels: {{app: product}}}}\n  {rules}");
    for (namespace, spec, of_product, of_review, of_bank) in [
        ("shop", rules, 1, 1, 0),
        ("shop", &*selecting, 1, 0, 0),
        ("istio-system", rules, 1, 1, 1),
        ("istio-system", &*selecting, 1, 0, 1),
    ] {
        let text = limit_of(namespace, spec);
        let count = |namespace, app| table(&text, namespace, app).inbound().rate_limits().as_slice().len();
        let found = (count("shop", "product"), count("shop", "review"), count("bank", "product"));
        assert_eq!(found, (of_product, of_review, of_bank), "{text}");
    }
}

#[test]
fn what_holds_inbound_is_shared_with_the_table_before_as_long_as_it_is_the_same() {
    let text = [
        providers(&["{name: a, envoyExtAuthzGrpc: {service: b.c, port: 80}}"]),
        limit("{local: {maxTokens: 1, fillInterval: 1s}}"),
    ];
    let first = table(&text.join("---\n"), "shop", "product");
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    let same = Snapshot::compile(&model(&text.join("---\n")), &viewpoint, Some(&first));
    assert!(Arc::ptr_eq(first.inbound(), same.inbound()));
    let changed = text.join("---\n").replace("maxTokens: 1", "maxTokens: 2");
    let other = Snapshot::compile(&model(&changed), &viewpoint, Some(&same));
    assert!(!Arc::ptr_eq(same.inbound(), other.inbound()));
    assert!(other.inbound().ext_authz("a").is_some() && other.inbound().ext_authz("b").is_none());
}
