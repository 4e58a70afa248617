//! What Istio asks of Telemetry and ProxyConfig documents.

use crate::{document, faults};

/// The errors and warnings about one Telemetry with these fields.
fn about(spec: &str) -> (Vec<String>, Vec<String>) {
    faults(&[document("shop/a", spec)])
}

#[track_caller]
fn is_refused(spec: &str, expected: &str) {
    assert_eq!(about(spec).0, [expected], "{spec}");
}

#[track_caller]
fn is_accepted(spec: &str) {
    assert_eq!(about(spec), (vec![], vec![]), "{spec}");
}

#[track_caller]
fn warns(spec: &str, expected: &str) {
    assert_eq!(about(spec), (vec![], vec![expected.to_owned()]), "{spec}");
}

#[test]
fn every_field_is_read_in_both_spellings_and_all_versions() {
    is_accepted(
        "selector: {matchLabels: {app: cart}}, \
         tracing: [{match: {mode: CLIENT}, providers: [{name: zipkin}], randomSamplingPercentage: 10.5, \
         disableSpanReporting: true, useRequestIdForTraceSampling: false, enableIstioTags: true, \
         disableContextPropagation: false, customTags: {a: {literal: {value: b}}, \
         c: {environment: {name: D, defaultValue: e}}, f: {header: {name: g, defaultValue: h}}, \
         i: {formatter: {value: '%REQ(J)%'}}}}], \
         metrics: [{providers: [{name: prometheus}], reportingInterval: 5s, overrides: [\
         {match: {metric: GRPC_RESPONSE_MESSAGES, mode: SERVER}, disabled: false, tagOverrides: {\
         request_method: {operation: UPSERT, value: request.method}, request_protocol: {operation: REMOVE}}}]}], \
         accessLogging: [{match: {mode: CLIENT_AND_SERVER}, providers: [{name: envoy}], disabled: false, \
         filter: {expression: response.code >= 400}}]",
    );
    is_accepted(
        "tracing: [{random_sampling_percentage: 10, disable_span_reporting: true, custom_tags: {}, \
         use_request_id_for_trace_sampling: true}], \
         metrics: [{reporting_interval: 5s, overrides: [{tag_overrides: {a: {value: request.host}}}]}], \
         access_logging: [{disabled: true}]",
    );
    is_accepted("tracing: [{match: {mode: 1}}], metrics: [{overrides: [{match: {metric: 4, mode: 2}}]}]");
    is_accepted("");
    for version in ["v1", "v1alpha1"] {
        let text = document("shop/a", "tracing: [{}]").replace("io/v1", &format!("io/{version}"));
        assert_eq!(faults(&[text]), (vec![], vec![]), "{version}");
    }
    let (errors, _) = faults(&[document("shop/a", "").replace("Telemetry", "Telemetri")]);
    assert_eq!(errors, [": unknown kind \"Telemetri\""]);
}

#[test]
fn providers_have_names_and_spans_one_provider() {
    for field in ["tracing", "metrics", "accessLogging"] {
        is_refused(
            &format!("{field}: [{{providers: [{{name: ''}}]}}]"),
            &format!("spec.{field}[0].providers[0].name: providers.name may not be empty"),
        );
    }
    warns("tracing: [{}, {}]", "spec.tracing: multiple tracing is not currently supported");
    warns(
        "tracing: [{providers: [{name: a}, {name: b}]}]",
        "spec.tracing[0].providers: multiple providers is not currently supported",
    );
}

#[test]
fn a_share_of_traces_is_within_its_bounds() {
    for wrong in ["-0.1", "100.1", "1e9"] {
        is_refused(
            &format!("tracing: [{{randomSamplingPercentage: {wrong}}}]"),
            "spec.tracing[0].randomSamplingPercentage: randomSamplingPercentage must be in range [0.0, 100.0]",
        );
    }
    is_refused(
        "tracing: [{randomSamplingPercentage: .nan}]",
        "spec.tracing[0].randomSamplingPercentage: expected a number, found a number",
    );
    warns(
        "tracing: [{randomSamplingPercentage: 0.00001}]",
        "spec.tracing[0].randomSamplingPercentage: is less than one trace in a million, and none is kept",
    );
}

#[test]
fn tags_have_names_and_values() {
    for (tag, expected) in [
        ("{a: null}", "[\"a\"]: tag 'a' may not have a nil value"),
        ("{a: {}}", "[\"a\"]: tag 'a' may not have a nil value"),
        ("{'': {literal: {value: b}}}", "[\"\"]: tag name may not be empty"),
        ("{a: {literal: {value: ''}}}", "[\"a\"].literal: literal tag value may not be empty"),
        ("{a: {header: {name: ''}}}", "[\"a\"].header: header tag name may not be empty"),
        ("{a: {environment: {}}}", "[\"a\"].environment: environment tag name may not be empty"),
        ("{a: {formatter: {}}}", "[\"a\"].formatter: formatter tag value may not be empty"),
        ("{a: {header: {name: 'b c'}}}", "[\"a\"].header.name: header name b c is not a valid header name"),
        (
            "{a: {literal: {value: b}, header: {name: c}}}",
            "[\"a\"]: literal, environment, header, formatter exclude one another",
        ),
    ] {
        let spec = format!("tracing: [{{customTags: {tag}}}]");
        is_refused(&spec, &format!("spec.tracing[0].customTags{expected}"));
    }
}

#[test]
fn overrides_name_metrics_and_give_tags_values() {
    let overriding = |change: &str| format!("metrics: [{{overrides: [{{{change}}}]}}]");
    for (change, expected) in [
        ("match: {metric: REQUESTS}", "match.metric: unknown value \"REQUESTS\""),
        ("match: {customMetric: ''}", "match.customMetric: customMetric must not be empty"),
        (
            "match: {customMetric: a, metric: REQUEST_COUNT}",
            "match: metric, customMetric exclude one another",
        ),
        (
            "tagOverrides: {a: {}}",
            "tagOverrides[\"a\"]: tagOverrides.value must be set when operation is UPSERT",
        ),
        (
            "tagOverrides: {a: {operation: REMOVE, value: b}}",
            "tagOverrides[\"a\"].value: tagOverrides.value may only be set when operation is UPSERT",
        ),
        (
            "tagOverrides: {a: {value: 'b ==='}}",
            "tagOverrides[\"a\"].value: must be a valid CEL expression, 1:5: token recognition error at: '='",
        ),
        ("tagOverrides: {a: {operation: ADD}}", "tagOverrides[\"a\"].operation: unknown value \"ADD\""),
    ] {
        let (errors, _) = about(&overriding(change));
        assert!(errors[0].starts_with(&format!("spec.metrics[0].overrides[0].{expected}")), "{errors:?}");
    }
    let at = "spec.metrics[0].overrides[0]";
    warns(
        &overriding("match: {customMetric: other}"),
        &format!(
            "{at}.match.customMetric: no metric is called \"other\" here, and this override has no effect"
        ),
    );
    warns(
        &overriding("tagOverrides: {request_method: {operation: REMOVE}}"),
        &format!(
            "{at}.tagOverrides[\"request_method\"]: no metric has a tag \"request_method\", and nothing is removed"
        ),
    );
    warns(
        &overriding("tagOverrides: {a: {value: request.nothing}}"),
        &format!(
            "{at}.tagOverrides[\"a\"].value: \"request.nothing\" is not known here, and has no value: \
             whatever needs it is unknown"
        ),
    );
    is_refused(
        "metrics: [{reportingInterval: 0s}]",
        "spec.metrics[0].reportingInterval: duration must be greater than 1ms",
    );
}

#[test]
fn filters_are_expressions() {
    let filter = |expression: &str| format!("accessLogging: [{{filter: {{expression: {expression:?}}}}}]");
    let at = "spec.accessLogging[0].filter.expression";
    let (errors, _) = about(&filter(")++++"));
    assert_eq!(errors, [format!("{at}: must be a valid CEL expression, 1:1: mismatched input ')'")]);
    let (errors, _) = about("accessLogging: [{filter: {}}]");
    assert_eq!(errors, [format!("{at}: must be a valid CEL expression, it is empty")]);
    let (errors, warnings) = about(&filter("request.nothing == 'a'"));
    assert_eq!(errors, [""; 0]);
    let unknown = "\"request.nothing\" is not known here, and has no value: whatever needs it is false";
    assert!(warnings.contains(&format!("{at}: {unknown}")), "{warnings:?}");
}

#[test]
fn what_it_is_for_is_checked_as_policies_are() {
    is_refused(
        "targetRef: {group: gateway.networking.k8s.io, kind: Gateway}",
        "spec.targetRef.name: targetRef name must be set",
    );
    is_refused(
        "selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]",
        "spec: only one of targetRefs or workloadSelector can be set",
    );
    is_refused(
        "selector: {matchLabels: {'': b}}",
        "spec.selector: empty key is not supported in selector: \"=b\"",
    );
    let dry = document("shop/a", "").replace("name: a,", "name: a, annotations: {istio.io/dry-run: 'true'},");
    let reason = "shop/a has unsupported annotation istio.io/dry-run, please remove the annotation";
    assert_eq!(faults(&[dry]).0, [format!("metadata.annotations[\"istio.io/dry-run\"]: {reason}")]);
}

#[test]
fn a_proxy_config_is_checked_and_says_that_it_has_no_effect() {
    let about = |spec: &str| {
        faults(&[format!(
            "{{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {{name: a}}, spec: {spec}}}\n"
        )])
    };
    let no_effect =
        |field: &str| format!("spec.{field}: is accepted, but has no effect: there is no sidecar");
    assert_eq!(about("{}"), (vec![], vec![]));
    let full = "{selector: {matchLabels: {a: b}}, concurrency: 0, image: {imageType: debug}, \
                environmentVariables: {A: b}}";
    let expected = ["concurrency", "environmentVariables", "image"].map(no_effect);
    let (errors, mut warnings) = about(full);
    warnings.sort();
    assert_eq!((errors, warnings), (vec![], expected.to_vec()));
    let negative = "spec.concurrency: concurrency must be greater than or equal to 0";
    assert_eq!(about("{concurrency: -1}").0, [negative]);
    let empty = "spec.selector: empty key is not supported in selector: \"=b\"";
    assert_eq!(about("{selector: {matchLabels: {'': b}}}").0, [empty]);
    assert_eq!(about("{cpus: 1}").0, ["spec.cpus: unknown field"]);
}
