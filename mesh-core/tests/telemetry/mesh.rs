//! What the MeshConfig says of telemetry, and what is wrong in it.

use crate::{config, document, faults, model};
use mesh_core::{
    model::{Model, TelemetryProviderKind, TraceContext},
    table::{GatewayRole, Snapshot, Viewpoint},
};
use std::time::Duration;

fn provider(model: &Model, name: &str) -> TelemetryProviderKind {
    model.telemetry.mesh.provider(name).expect("the provider").kind.clone()
}

#[test]
fn some_providers_are_always_there_unless_they_are_written() {
    let said = model(&[config("extensionProviders: [{name: Envoy, prometheus: {}}]")]);
    assert_eq!(provider(&said, "envoy"), TelemetryProviderKind::Prometheus);
    assert_eq!(provider(&said, "PROMETHEUS"), TelemetryProviderKind::Prometheus);
    assert_eq!(provider(&said, "stackdriver"), TelemetryProviderKind::Other("stackdriver"));
    assert!(said.telemetry.mesh.provider("other").is_none());
    assert_eq!(model(&[]).telemetry.mesh.providers.len(), 3);
}

#[test]
fn collectors_of_spans_are_read() {
    let said = model(&[config(
        "extensionProviders: [\
         {name: zip, zipkin: {service: a/zipkin.example, port: 9411, path: /spans, enable64bitTraceId: true, \
          traceContextOption: USE_B3_WITH_W3C_PROPAGATION}}, \
         {name: plain, zipkin: {service: zipkin.example, port: 1}}, \
         {name: http, opentelemetry: {service: otel.example, port: 4318, maxTagLength: 7, \
          http: {path: /v1/traces, timeout: 2s, headers: [{name: X-Key, value: a}]}}}, \
         {name: grpc, opentelemetry: {service: otel.example, port: 4317, grpc: {timeout: 1s}}}]",
    )]);
    let TelemetryProviderKind::Zipkin(zipkin) = provider(&said, "zip") else { panic!("Zipkin") };
    assert_eq!((zipkin.service.namespace.as_deref(), &*zipkin.path), (Some("a"), "/spans"));
    assert!(zipkin.has_short_ids && zipkin.context == TraceContext::B3AndW3c);
    let TelemetryProviderKind::Zipkin(plain) = provider(&said, "plain") else { panic!("Zipkin") };
    assert_eq!(
        (&*plain.path, plain.has_short_ids, plain.context),
        ("/api/v2/spans", false, TraceContext::B3)
    );
    let TelemetryProviderKind::OpenTelemetryTraces(http) = provider(&said, "http") else { panic!("OTLP") };
    assert_eq!(http.longest_tag, Some(7));
    let export = http.http.expect("over HTTP");
    assert_eq!((&*export.path, export.timeout), ("/v1/traces", Duration::from_secs(2)));
    assert_eq!((export.headers[0].0.as_str(), export.headers[0].1.as_bytes()), ("x-key", &b"a"[..]));
    let TelemetryProviderKind::OpenTelemetryTraces(grpc) = provider(&said, "grpc") else { panic!("OTLP") };
    assert_eq!((grpc.http, grpc.timeout), (None, Some(Duration::from_secs(1))));
}

#[test]
fn what_is_wrong_says_where() {
    let provider = |kind: &str| format!("extensionProviders: [{{name: a, {kind}}}]");
    for (mesh, expected) in [
        ("accessLogEncoding: XML".to_owned(), "accessLogEncoding: unknown value \"XML\""),
        ("defaultProviders: {logs: [a]}".to_owned(), "defaultProviders.logs: unknown field"),
        (
            "defaultConfig: {tracing: {sampling: 101}}".to_owned(),
            "defaultConfig.tracing.sampling: randomSamplingPercentage must be in range [0.0, 100.0]",
        ),
        (
            "defaultConfig: {tracing: {customTags: {a: {}}}}".to_owned(),
            "defaultConfig.tracing.customTags[\"a\"]: tag 'a' may not have a nil value",
        ),
        (
            "defaultConfig: {tracing: {zipkin: {address: zipkin}}}".to_owned(),
            "defaultConfig.tracing.zipkin.address: invalid zipkin address: \"zipkin\"",
        ),
        (provider("zipkin: {port: 1}"), "extensionProviders[0].zipkin: service must not be empty"),
        (
            provider("zipkin: {service: a.b}"),
            "extensionProviders[0].zipkin.port: port number 0 must be in the range 1..65535",
        ),
        (
            provider("zipkin: {service: 'a.b:9', port: 9}"),
            "extensionProviders[0].zipkin.service: domain name \"a.b:9\" invalid",
        ),
        (
            provider("zipkin: {service: a/b/c.d, port: 9}"),
            "extensionProviders[0].zipkin.service: domain name \"b/c.d\" invalid",
        ),
        (
            provider("opentelemetry: {service: a.b, port: 9, http: {}}"),
            "extensionProviders[0].opentelemetry.http: path must not be empty",
        ),
        (
            provider("opentelemetry: {service: a.b, port: 9, http: {path: /a}, grpc: {}}"),
            "extensionProviders[0].opentelemetry: OpenTelemetryTracingProvider cannot specify both http and grpc fields",
        ),
        (
            provider("envoyOtelAls: {service: a.b, port: 70000}"),
            "extensionProviders[0].envoyOtelAls.port: port number 70000 must be in the range 1..65535",
        ),
        (
            provider("datadog: {service: a.b}"),
            "extensionProviders[0].datadog.port: port number 0 must be in the range 1..65535",
        ),
        (
            provider("envoyFileAccessLog: {logFormat: {labels: [a]}}"),
            "extensionProviders[0].envoyFileAccessLog.logFormat.labels: expected a mapping, found a list",
        ),
        (
            provider("prometheus: {}, zipkin: {service: a.b, port: 9}"),
            "extensionProviders[0]: prometheus, zipkin exclude one another",
        ),
    ] {
        let (errors, _) = faults(&[config(&mesh)]);
        let [error] = &*errors else { panic!("one fault of {mesh}: {errors:?}") };
        assert!(error.starts_with(&format!("data.mesh.{expected}")), "{mesh}: {error}");
    }
}

#[test]
fn what_has_no_effect_says_so() {
    for (mesh, expected) in [
        (
            "extensionProviders: [{name: a, skywalking: {service: a.b, port: 9}}]",
            "extensionProviders[0].skywalking: is accepted, but has no effect yet",
        ),
        (
            "extensionProviders: [{name: a, opentelemetry: {service: a.b, port: 9, resourceDetectors: {environment: {}}}}]",
            "extensionProviders[0].opentelemetry.resourceDetectors: is accepted, but has no effect yet",
        ),
        (
            "defaultConfig: {tracing: {datadog: {address: a}}}",
            "defaultConfig.tracing.datadog: is accepted, but has no effect yet",
        ),
        (
            "accessLogEncoding: JSON, accessLogFormat: a",
            "accessLogFormat: is no object of JSON, and the usual one is written: expected value at line 1 column 1",
        ),
        ("accessLogFormat: '100 % of it'", "accessLogFormat: unbalanced % in \"100 % of it\""),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: {labels: {a: {b: '%REQ(X%'}, c: '%%'}}}}]",
            "extensionProviders[0].envoyFileAccessLog.logFormat.labels[\"a\"][\"b\"]: %REQ(X% lacks a )",
        ),
        (
            "defaultConfig: {tracing: {maxPathTagLength: 100000}}",
            "defaultConfig.tracing.maxPathTagLength: is longer than 65536 bytes, and that is how long tags may be",
        ),
    ] {
        assert_eq!(faults(&[config(mesh)]), (vec![], vec![format!("data.mesh.{expected}")]), "{mesh}");
    }
}

#[test]
fn a_wrong_mesh_config_leaves_what_it_says_to_the_defaults() {
    let wrong = config("accessLogFile: /dev/stdout, defaultConfig: {tracing: {sampling: -1}}");
    assert!(crate::taken(&[wrong]).0.telemetry.mesh.log_file.is_none());
}

#[test]
fn whoever_gets_telemetry_over_the_network_is_in_the_table() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: otel}, spec: {ports: [{port: 4317, name: grpc}]}}\n";
    let mesh = config(
        "extensionProviders: [{name: otel, opentelemetry: {service: otel.shop.svc.cluster.local, port: 4317}}]",
    );
    let tracing = document("shop/a", "tracing: [{providers: [{name: otel}]}]");
    let backends = |documents: &[String]| {
        // A gateway, which has no use for other services that no Gateway leads to.
        let gateway = GatewayRole::BySelector;
        let viewpoint = Viewpoint { namespace: "shop".into(), gateway, ..Viewpoint::default() };
        let table = Snapshot::compile(&model(documents), &viewpoint, None);
        table.backends().map(|backend| backend.name.to_string()).collect::<Vec<_>>()
    };
    let used = [mesh, service.into(), tracing];
    assert_eq!(backends(&used), ["outbound|4317||otel.shop.svc.cluster.local"]);
    assert_eq!(backends(&used[..2]), [""; 0]);
}
