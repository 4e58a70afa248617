//! What is written to logs.

use crate::{config, document, telemetry};
use mesh_core::{
    model::{Attributes, LogFormat, ResponseAttributes, Side, TelemetryProviderKind},
    table::{AccessLog, SideTelemetry},
};

const PROVIDERS: &str = "extensionProviders: [\
    {name: file, envoyFileAccessLog: {path: /var/log/a, logFormat: {labels: {code: '%RESPONSE_CODE%', n: {a: 1}}}}}, \
    {name: lines, envoyFileAccessLog: {logFormat: {text: '%REQ(X)%'}}}, \
    {name: otel, envoyOtelAls: {service: otel.istio-system.svc.cluster.local, port: 4317, \
     logFormat: {text: body, labels: {a: b}}}}]";

fn logs(name: &str, written: &str) -> String {
    document(name, &format!("accessLogging: [{written}]"))
}

/// The logs at one end, each as `name` or `name:filter`.
fn names(side: &SideTelemetry) -> Vec<String> {
    let name = |log: &AccessLog| match &log.filter {
        Some(filter) => format!("{}:{filter}", log.provider.name),
        None => log.provider.name.to_string(),
    };
    side.access_logs.iter().map(name).collect()
}

#[track_caller]
fn are_written(mesh: &str, documents: &[String], client: &[&str], server: &[&str]) {
    let all: Vec<_> = [config(mesh)].into_iter().chain(documents.iter().cloned()).collect();
    let said = telemetry(&all);
    assert_eq!(names(said.at(Side::Client)), client, "{all:?}");
    assert_eq!(names(said.at(Side::Server)), server, "{all:?}");
}

#[test]
fn nothing_is_written_unless_somebody_asks() {
    assert!(telemetry(&[]).client.access_logs.is_empty());
    are_written("accessLogFile: ''", &[], &[], &[]);
}

#[test]
fn the_mesh_asks_by_a_file_or_by_default_providers() {
    are_written("accessLogFile: /dev/stdout", &[], &["accessLogFile"], &["accessLogFile"]);
    let default = "accessLogFile: /dev/stdout, defaultProviders: {accessLogging: [envoy]}";
    are_written(default, &[], &["envoy"], &["envoy"]);
    // Whoever has a Telemetry does not look at the file.
    are_written("accessLogFile: /dev/stdout", &[logs("shop/a", "{disabled: true}")], &[], &[]);
}

#[test]
fn documents_name_providers_ends_and_filters() {
    let none: &[&str] = &[];
    for (written, client, server) in [
        ("{providers: [{name: envoy}]}", &["envoy"][..], &["envoy"][..]),
        ("{providers: [{name: envoy}], match: {mode: SERVER}}", none, &["envoy"]),
        ("{providers: [{name: envoy}], match: {mode: CLIENT}, disabled: true}", none, none),
        ("{providers: [{name: envoy}, {name: otel}]}", &["envoy", "otel"], &["envoy", "otel"]),
        ("{providers: [{name: envoy}]}, {providers: [{name: file}]}", &["envoy", "file"], &["envoy", "file"]),
        ("{providers: [{name: envoy}], filter: {expression: 'true'}}", &["envoy:true"], &["envoy:true"]),
        (
            "{providers: [{name: envoy}], match: {mode: CLIENT}, filter: {expression: '1 == 1'}}, \
             {providers: [{name: envoy}], match: {mode: SERVER}, filter: {expression: '2 == 2'}}",
            &["envoy:1 == 1"],
            &["envoy:2 == 2"],
        ),
        ("{providers: [{name: nobody}]}", none, none),
        ("{providers: [{name: prometheus}]}", none, none),
        ("{filter: {expression: 'true'}}", none, none),
    ] {
        are_written(PROVIDERS, &[logs("shop/a", written)], client, server);
    }
    let default = "defaultProviders: {accessLogging: [envoy]}";
    let filter = logs("shop/a", "{filter: {expression: response.code >= 400}}");
    are_written(default, &[filter], &["envoy:response.code >= 400"], &["envoy:response.code >= 400"]);
}

#[test]
fn narrower_documents_replace_providers_and_disable_them_by_end() {
    let mesh = logs("istio-system/a", "{providers: [{name: envoy}], filter: {expression: 'true'}}");
    let other = logs("shop/a", "{providers: [{name: file}]}");
    are_written(PROVIDERS, &[mesh.clone(), other], &["file"], &["file"]);
    let off = logs("shop/a", "{disabled: true}");
    are_written(PROVIDERS, &[mesh.clone(), off], &[], &[]);
    let half = logs("shop/a", "{match: {mode: CLIENT}, disabled: true}");
    are_written(PROVIDERS, &[mesh.clone(), half], &[], &["envoy:true"]);
    let silent = logs("shop/a", "{}");
    are_written(PROVIDERS, &[mesh.clone(), silent], &["envoy:true"], &["envoy:true"]);
    let unfiltered = logs("shop/a", "{providers: [{name: envoy}]}");
    are_written(PROVIDERS, &[mesh.clone(), unfiltered], &["envoy"], &["envoy"]);
    // Another end's providers do not replace these.
    let server = logs("shop/a", "{match: {mode: SERVER}, providers: [{name: file}]}");
    are_written(PROVIDERS, &[mesh, server], &["envoy:true"], &["file"]);
}

#[test]
fn a_filter_that_is_not_true_drops_the_entry() {
    let filter = logs("shop/a", "{providers: [{name: envoy}], filter: {expression: response.code >= 400}}");
    let said = telemetry(&[filter, config("accessLogFile: ''")]);
    let [log] = &*said.server.access_logs else { panic!("one log") };
    let answered = |code: Option<u16>| {
        let response = ResponseAttributes { code, ..ResponseAttributes::default() };
        log.takes(&Attributes { response, ..Attributes::default() })
    };
    assert_eq!([Some(200), Some(404), None].map(answered), [false, true, false]);
}

#[test]
fn providers_and_the_mesh_say_where_entries_go_and_what_they_look_like() {
    let kinds = |mesh: &str, name: &str| {
        let all = [config(mesh), logs("shop/a", &format!("{{providers: [{{name: {name}}}]}}"))];
        telemetry(&all).client.access_logs[0].provider.kind.clone()
    };
    let file = |kind| match kind {
        TelemetryProviderKind::LogFile(file) => (file.path.to_string(), file.format),
        other => panic!("{other:?}"),
    };
    let json = |text: &str| LogFormat::JsonOf(std::sync::Arc::new(serde_json::from_str(text).expect("JSON")));
    let labels = json(r#"{"code": "%RESPONSE_CODE%", "n": {"a": 1}}"#);
    assert_eq!(file(kinds(PROVIDERS, "file")), ("/var/log/a".to_owned(), labels));
    let text = LogFormat::TextOf("%REQ(X)%".into());
    assert_eq!(file(kinds(PROVIDERS, "lines")), ("/dev/stdout".to_owned(), text.clone()));
    for (mesh, expected) in [
        ("accessLogFile: ''", LogFormat::Text),
        ("accessLogEncoding: JSON", LogFormat::Json),
        ("accessLogFormat: '%REQ(X)%'", text),
        (r#"accessLogEncoding: 1, accessLogFormat: '{"a": "%REQ(X)%"}'"#, json(r#"{"a": "%REQ(X)%"}"#)),
        ("accessLogEncoding: JSON, accessLogFormat: 'no JSON'", LogFormat::Json),
    ] {
        assert_eq!(file(kinds(mesh, "envoy")), ("/dev/stdout".to_owned(), expected), "{mesh}");
    }
    let TelemetryProviderKind::OpenTelemetryLog(otel) = kinds(PROVIDERS, "otel") else {
        panic!("a collector")
    };
    assert_eq!((otel.service.port, &otel.body), (4317, &LogFormat::TextOf("body".into())));
    assert_eq!(otel.attributes["a"], "b");
    assert_eq!(&*otel.log_name, "otel_envoy_accesslog");
    let stderr = telemetry(&[config("accessLogFile: /dev/stderr, accessLogEncoding: JSON")]);
    let kind = stderr.client.access_logs[0].provider.kind.clone();
    assert_eq!(file(kind), ("/dev/stderr".to_owned(), LogFormat::Json));
}
