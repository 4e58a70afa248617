//! What is traced.

use crate::{cart, config, document, model, telemetry};
use mesh_core::{
    model::Share,
    table::{SideTelemetry, TagValue, Telemetry, Tracing, Viewpoint},
};

const PROVIDERS: &str = "extensionProviders: [\
    {name: zip, zipkin: {service: zipkin.istio-system.svc.cluster.local, port: 9411, maxTagLength: 99}}, \
    {name: otel, opentelemetry: {service: otel.istio-system.svc.cluster.local, port: 4317}}, \
    {name: dd, datadog: {service: dd.istio-system.svc.cluster.local, port: 8126}}]";

fn tracing(name: &str, written: &str) -> String {
    document(name, &format!("tracing: [{written}]"))
}

fn provider(side: &SideTelemetry) -> Option<&str> {
    side.tracing.provider.as_ref().map(|provider| &*provider.name)
}

/// The tags, each as `name=value`.
fn tags(tracing: &Tracing) -> Vec<String> {
    let tag = |tag: &mesh_core::table::Tag| match &tag.value {
        TagValue::Text(text) => format!("{}={text}", tag.name),
        TagValue::Header { name, default } => {
            format!("{}={name}|{}", tag.name, default.as_deref().unwrap_or("-"))
        }
        TagValue::Formatted(text) => format!("{}=<{text}>", tag.name),
    };
    tracing.tags.iter().map(tag).collect()
}

#[test]
fn without_a_document_nobody_gets_spans() {
    assert_eq!(telemetry(&[]).client.tracing, Tracing::default());
    assert_eq!(Tracing::default().sampling, Share::from_percent(1.0).expect("a share"));
}

#[test]
fn every_field_says_what_it_does_at_the_ends_it_is_for() {
    let written = "{match: {mode: CLIENT}, providers: [{name: OTEL}, {name: zip}], randomSamplingPercentage: 12.5, \
                   useRequestIdForTraceSampling: false, enableIstioTags: false, disableContextPropagation: true}";
    let said = telemetry(&[config(PROVIDERS), tracing("shop/a", written)]);
    assert_eq!((provider(&said.client), provider(&said.server)), (Some("otel"), None));
    let client = &said.client.tracing;
    assert_eq!(client.sampling, Share::from_percent(12.5).expect("a share"));
    assert!(!client.samples_by_request_id && !client.has_istio_tags && !client.passes_context);
    let server = &said.server.tracing;
    assert_eq!(server.sampling, Share::from_percent(1.0).expect("a share"));
    assert!(server.samples_by_request_id && server.has_istio_tags && server.passes_context);
}

#[test]
fn who_gets_spans_is_the_last_that_is_named_unless_they_are_hidden() {
    let default = config(&format!("{PROVIDERS}, defaultProviders: {{tracing: [zip, otel]}}"));
    for (documents, expected) in [
        (vec![], (Some("zip"), Some("zip"))),
        (vec![tracing("shop/a", "{randomSamplingPercentage: 5}")], (Some("zip"), Some("zip"))),
        (
            vec![tracing("shop/a", "{match: {mode: SERVER}, providers: [{name: otel}]}")],
            (Some("zip"), Some("otel")),
        ),
        (vec![tracing("shop/a", "{providers: [{name: nobody}]}")], (None, None)),
        (vec![tracing("shop/a", "{providers: [{name: dd}]}")], (None, None)),
        (vec![tracing("shop/a", "{providers: [{name: prometheus}]}")], (None, None)),
        (vec![tracing("shop/a", "{disableSpanReporting: true}")], (None, None)),
        (
            vec![
                tracing("istio-system/a", "{disableSpanReporting: true}"),
                tracing("shop/a", "{match: {mode: CLIENT}, disableSpanReporting: false}"),
            ],
            (Some("zip"), None),
        ),
    ] {
        let all: Vec<_> = [default.clone()].into_iter().chain(documents).collect();
        let said = telemetry(&all);
        assert_eq!((provider(&said.client), provider(&said.server)), expected, "{all:?}");
    }
    assert_eq!(telemetry(&[default]).client.tracing.longest_tag, 99);
}

#[test]
fn sampling_goes_from_none_to_all() {
    for (percent, expected) in [("0", 0.0), ("100.0", 100.0), ("0.0001", 0.0001), ("33.3333", 33.3333)] {
        let said = telemetry(&[tracing("shop/a", &format!("{{randomSamplingPercentage: {percent}}}"))]);
        assert!((said.client.tracing.sampling.percent() - expected).abs() < 1e-9, "{percent}");
    }
}

#[test]
fn tags_take_the_place_of_those_said_before_and_know_the_environment() {
    let mesh = config(
        "defaultConfig: {tracing: {sampling: 50, maxPathTagLength: 64, customTags: {mesh: {literal: {value: m}}}}}",
    );
    let wide = tracing("istio-system/a", "{customTags: {wide: {literal: {value: w}}}}");
    let narrow = tracing(
        "shop/a",
        "{customTags: {lit: {literal: {value: l}}, env: {environment: {name: POD, defaultValue: d}}, \
         unset: {environment: {name: NONE, defaultValue: d}}, gone: {environment: {name: NONE}}, \
         head: {header: {name: X-A, defaultValue: d}}, bare: {header: {name: x-b}}, \
         form: {formatter: {value: '%REQ(X)%'}}}}",
    );
    let viewpoint = Viewpoint { environment: [("POD".into(), "cart-1".into())].into(), ..cart() };
    let said = |documents: &[String]| Telemetry::of(&model(documents), &viewpoint).server.tracing;
    let alone = said(std::slice::from_ref(&mesh));
    assert_eq!(tags(&alone), ["mesh=m"]);
    assert_eq!(alone.longest_tag, 64);
    assert_eq!(alone.sampling, Share::from_percent(50.0).expect("a share"));
    assert_eq!(tags(&said(&[mesh.clone(), wide.clone()])), ["wide=w"]);
    assert_eq!(
        tags(&said(&[mesh, wide, narrow])),
        ["bare=x-b|-", "env=cart-1", "form=<%REQ(X)%>", "head=x-a|d", "lit=l", "unset=d"]
    );
}

#[test]
fn the_tracer_of_the_proxies_gets_spans_where_nobody_else_is_named() {
    let zipkin = "defaultConfig: {tracing: {zipkin: {address: 'zipkin.istio-system:9411'}}}";
    let said = telemetry(&[config(zipkin)]);
    assert_eq!(provider(&said.client), Some("zipkin"));
    let off = telemetry(&[config(&format!("enableTracing: false, {zipkin}"))]);
    assert_eq!(provider(&off.client), None);
    let named = telemetry(&[config(zipkin), tracing("shop/a", "{randomSamplingPercentage: 5}")]);
    assert_eq!(provider(&named.client), None, "Telemetry documents speak of providers by name");
}
