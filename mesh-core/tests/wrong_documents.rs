//! Wrong documents, each with exactly the faults it has, in the words that its writer reads.
//!
//! The documents are in `tests/wrong`, but for those that are too large, or no text at all.

use mesh_core::{
    document::{Fault, Reading},
    source::{Batch, MAX_BYTES},
};
use std::{collections::BTreeSet, fs, path::Path};

/// The faults of all files in `tests/wrong`: file by file, and line by line within a file.
const FAULTS: &[&str] = &[
    "body-base64.yaml:8: VirtualService/product: spec.http[0].directResponse.body.bytes: expected base64, found text",
    "both-spellings.yaml:10: VirtualService/product: spec.http[0].match[0].source_namespace: written twice, as lowerCamelCase and as snake_case (keep one)",
    "destination-text.yaml:9: VirtualService/product: spec.http[0].route[0].destination: expected a mapping, found text",
    "entry-ports.yaml:7: ServiceEntry/payments: spec.ports[0]: expected a mapping, found a number",
    "field-beside-spec.yaml:5: VirtualService/product: hosts: unknown field (remove it; known here: apiVersion, kind, status, metadata, spec)",
    "field-misspelt.yaml:8: VirtualService/product: spec.http[0].rout: unknown field (did you mean route?)",
    "field-spelling.yaml:9: VirtualService/product: spec.http[0].fault.delay.fixed-delay: unknown field (did you mean fixedDelay?)",
    "field-unknown.yaml:7: VirtualService/product: spec.prefixes: unknown field (remove it; known here: hosts, gateways, http, tls, tcp, exportTo)",
    r#"group-missing.yaml:1: unknown apiVersion "v1" (did you mean networking.istio.io/v1?)"#,
    r#"group-misspelt.yaml:1: unknown apiVersion "networking.istio/v1" (did you mean networking.istio.io/v1?)"#,
    r#"header-value-bool.yaml:8: VirtualService/product: spec.http[0].headers.request.set["x-canary"]: expected text, found true or false (put it in quotes)"#,
    "headers-list.yaml:11: VirtualService/product: spec.http[0].headers.request.set: expected a mapping, found a list",
    "host-number.yaml:6: VirtualService/product: spec.hosts[0]: expected text, found a number (put it in quotes)",
    "hosts-mapping.yaml:7: VirtualService/product: spec.hosts: expected a list, found a mapping (begin each element with '- ')",
    "hosts-text.yaml:6: VirtualService/product: spec.hosts: expected a list, found text (begin each element with '- ')",
    "http-mapping.yaml:8: VirtualService/product: spec.http: expected a list, found a mapping (begin each element with '- ')",
    "http-null.yaml:8: VirtualService/product: spec.http[0]: http route may not be null",
    "key-twice-deep.yaml:13: VirtualService/product: spec.http[0].route[0].destination.port.number: written twice: on line 12 too (keep one)",
    "key-twice-in-unused.yaml:10: DestinationRule/product: spec.trafficPolicy.loadBalancer.simple: written twice: on line 9 too (keep one)",
    "key-twice.yaml:11: VirtualService/product: spec.hosts: written twice: on line 6 too (keep one)",
    r#"kind-misspelt.yaml:2: unknown kind "VirtualServcie" (did you mean VirtualService?)"#,
    "kind-number.yaml:2: kind: expected text, found a number (every document starts with apiVersion, kind and metadata)",
    r#"label-number.yaml:6: VirtualService/product: metadata.labels["version"]: expected text, found a number (put it in quotes)"#,
    "list-item.yaml:4: not a document of Kubernetes or Istio: expected a mapping, found text (every document starts with apiVersion, kind and metadata)",
    "list-item.yaml:8: Service/product: spec.ports[0].port: expected a whole number, found text",
    "list.yaml:1: not a document of Kubernetes or Istio: expected a mapping, found a list (every document starts with apiVersion, kind and metadata)",
    "many-faults.yaml:6: VirtualService/product: spec.hosts: expected a list, found text (begin each element with '- ')",
    r#"many-faults.yaml:8: VirtualService/product: spec.http[0].timeout: invalid duration "soon" (write a number and a unit: 100ms, 2s, 1m30s)"#,
    "many-faults.yaml:9: VirtualService/product: spec.http[0].nmae: unknown field (did you mean name?)",
    "many-faults.yaml:11: VirtualService/product: spec.http[0].route[0].destination.host: expected text, found a number (put it in quotes)",
    "many-faults.yaml:12: VirtualService/product: spec.http[0].route[0].weight: expected a whole number, found a list",
    "match-flag-text.yaml:10: VirtualService/product: spec.http[0].match[0].ignoreUriCase: expected true or false, found text (write true or false, without quotes)",
    r#"match-header-null.yaml:10: VirtualService/product: spec.http[0].match[0].headers["X-group"]: a match cannot be null (write {} to ask only for presence)"#,
    r#"match-number.yaml:11: VirtualService/product: spec.http[0].match[0].headers["X-version"].exact: expected text, found a number (put it in quotes)"#,
    r#"match-text.yaml:9: VirtualService/product: spec.http[0].match[0].uri: expected exact, prefix or regex, found text (write {exact: …})"#,
    "match-two.yaml:10: VirtualService/product: spec.http[0].match[0].uri: exact, prefix and regex exclude one another (keep one)",
    "match-unknown.yaml:9: VirtualService/product: spec.http[0].match[0].uri.suffix: unknown field (remove it; known here: exact, prefix, regex)",
    "metadata-list.yaml:4: VirtualService/?: metadata: expected a mapping, found a list",
    "metadata-misspelt.yaml:3: VirtualService/?: metdata: unknown field (did you mean metadata?)",
    r#"name-capitals.yaml:4: VirtualService/Product_VS: metadata.name: "Product_VS" is not a valid DNS subdomain (use lower-case letters, digits, '-' and '.', at most 253 of them)"#,
    "name-number.yaml:4: VirtualService/?: metadata.name: expected text, found a number (put it in quotes)",
    r#"namespace-dots.yaml:5: VirtualService/product: metadata.namespace: "shop.prod" is not a valid DNS label (use lower-case letters, digits and '-', at most 63 of them)"#,
    "no-api-version.yaml:1: not a document of Kubernetes or Istio: it has no apiVersion (every document starts with apiVersion, kind and metadata)",
    "no-kind.yaml:1: not a document of Kubernetes or Istio: it has no kind (every document starts with apiVersion, kind and metadata)",
    "no-metadata.yaml:1: VirtualService/?: metadata is missing (give it at least a name)",
    "no-name.yaml:4: VirtualService/?: metadata: name is missing (give the object a name)",
    "no-spec.yaml:1: VirtualService/product: spec is missing (write it beside metadata)",
    "percent-text.yaml:9: VirtualService/product: spec.http[0].fault.abort.percentage: expected a mapping, found a number (write {value: 20})",
    "percent-word.yaml:9: VirtualService/product: spec.http[0].fault.abort.percentage.value: expected a number, found text",
    "policy-targets.yaml:6: Policy/product: spec.targets[0]: expected a mapping, found text",
    "port-bare.yaml:11: VirtualService/product: spec.http[0].route[0].destination.port: expected a mapping, found a number (write {number: 80})",
    "port-huge.yaml:11: VirtualService/product: spec.http[0].route[0].destination.port.number: 100000000000000000000 is out of range",
    "port-negative.yaml:11: VirtualService/product: spec.http[0].route[0].destination.port.number: -80 is out of range",
    r#"resolution.yaml:7: ServiceEntry/payments: spec.resolution: unknown value "STATC" (use one of NONE, STATIC, DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS)"#,
    "server-port.yaml:7: Gateway/edge: spec.servers[0].port.number: expected a whole number, found text",
    "server-tls-flag.yaml:9: Gateway/edge: spec.servers[0].tls.httpsRedirect: expected true or false, found text (write true or false, without quotes)",
    "spec-list.yaml:6: VirtualService/product: spec: expected a mapping, found a list",
    "spec-misspelt.yaml:5: VirtualService/product: spce: unknown field (did you mean spec?)",
    r#"subset-labels.yaml:9: DestinationRule/product: spec.subsets[0].labels["version"]: expected text, found a number (put it in quotes)"#,
    "subsets-mapping.yaml:8: DestinationRule/product: spec.subsets: expected a list, found a mapping (begin each element with '- ')",
    "telemetry-flag.yaml:7: Telemetry/mesh: spec.accessLogging[0].disabled: expected true or false, found text (write true or false, without quotes)",
    "telemetry-flag.yaml:8: Telemetry/mesh: spec.accessLogging[0].provider: unknown field (did you mean providers?)",
    r#"telemetry-group.yaml:1: unknown apiVersion "telemetry.istio/v1" (did you mean telemetry.istio.io/v1?)"#,
    r#"telemetry-metric.yaml:9: Telemetry/mesh: spec.metrics[0].overrides[0].match.metric: unknown value "REQUEST_COUNTS" (use one of ALL_METRICS, REQUEST_COUNT, REQUEST_DURATION, REQUEST_SIZE, RESPONSE_SIZE, TCP_OPENED_CONNECTIONS, TCP_CLOSED_CONNECTIONS, TCP_SENT_BYTES, TCP_RECEIVED_BYTES, GRPC_REQUEST_MESSAGES, GRPC_RESPONSE_MESSAGES)"#,
    r#"telemetry-tag.yaml:8: Telemetry/mesh: spec.tracing[0].customTags["tenant"]: expected a mapping, found text"#,
    "text.yaml:1: not a document of Kubernetes or Istio: expected a mapping, found text (every document starts with apiVersion, kind and metadata)",
    r#"timeout-negative.yaml:8: VirtualService/product: spec.http[0].timeout: invalid duration "-1s" (write a number and a unit: 100ms, 2s, 1m30s)"#,
    "timeout-number.yaml:8: VirtualService/product: spec.http[0].timeout: expected a duration, found a number (write a number and a unit: 100ms, 2s, 1m30s)",
    r#"timeout-unit.yaml:8: VirtualService/product: spec.http[0].timeout: invalid duration "3 seconds" (write a number and a unit: 100ms, 2s, 1m30s)"#,
    "tls-mode-number.yaml:8: DestinationRule/product: spec.trafficPolicy.tls.mode: expected one of DISABLE, SIMPLE, MUTUAL, ISTIO_MUTUAL, found a number",
    r#"tls-mode.yaml:8: DestinationRule/product: spec.trafficPolicy.tls.mode: unknown value "istio_mutual" (use one of DISABLE, SIMPLE, MUTUAL, ISTIO_MUTUAL)"#,
    "weight-fraction.yaml:11: VirtualService/product: spec.http[0].route[0].weight: 33.3 is not a whole number",
    "weight-large.yaml:11: VirtualService/product: spec.http[0].route[0].weight: 99999999999 is out of range",
    "weight-text.yaml:11: VirtualService/product: spec.http[0].route[0].weight: expected a whole number, found text",
    "yaml-at.yaml:6: invalid YAML: text cannot start with this character (put it in quotes)",
    "yaml-brace.yaml:7: invalid YAML: expected ',' or '}' in a mapping that { opened (close it; text that starts with { goes in quotes)",
    "yaml-bracket.yaml:7: invalid YAML: a ':' where no key can stand (check indentation and brackets; text with ': ' in it goes in quotes)",
    "yaml-colon.yaml:6: invalid YAML: a ':' where no key can stand (check indentation and brackets; text with ': ' in it goes in quotes)",
    "yaml-conflict.yaml:7: a merge conflict that is not resolved (resolve it)",
    "yaml-indentation.yaml:7: invalid YAML: expected a key (check the indentation)",
    "yaml-no-colon.yaml:7: invalid YAML: a ':' where no key can stand (check indentation and brackets; text with ': ' in it goes in quotes)",
    r#"yaml-quote-escape.yaml:10: invalid YAML: an unknown escape in double quotes (write \\ for a backslash, or use single quotes)"#,
    "yaml-quote.yaml:6: invalid YAML: a quote is opened here and never closed (close it)",
    "yaml-second-document.yaml:17: invalid YAML: expected ',' or ']' in a list that [ opened (close it)",
    "yaml-star-alone.yaml:7: invalid YAML: a name must follow * or & (text that starts with * or & goes in quotes)",
    "yaml-star.yaml:7: invalid YAML: an alias of nothing (text that starts with * goes in quotes)",
    "yaml-tab.yaml:7: invalid YAML: a tab where only spaces may stand (indent with spaces)",
    "yaml-tag.yaml:6: the tag !Ref means nothing here (remove it)",
    "yaml-template.yaml:6: a list or mapping as a key (keys are plain words; a template's {{ … }} goes in quotes)",
];

/// All faults of a batch, as people read them.
fn faults(batch: &Batch) -> Vec<String> {
    let faults = batch.readings.iter().flat_map(|reading| match reading {
        Reading::Bad { faults, .. } => faults.as_slice(),
        _ => &[],
    });
    faults.map(Fault::to_string).collect()
}

fn read(bytes: &[u8]) -> Batch {
    Batch::of("shop.yaml".into(), bytes, "default")
}

fn only_fault(text: &str) -> String {
    let mut faults = faults(&read(text.as_bytes()));
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

#[test]
fn every_wrong_document_has_the_faults_it_has_and_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.collect();
    for file in &files {
        let batch = Batch::of(file.as_str().into(), &fs::read(folder.join(file)).unwrap(), "default");
        let of_file = format!("{file}:");
        let expected: Vec<_> = FAULTS.iter().filter(|fault| fault.starts_with(&of_file)).collect();
        assert!(!expected.is_empty(), "{file} is not in the list");
        assert_eq!(faults(&batch), expected.into_iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let listed: BTreeSet<_> = FAULTS.iter().filter_map(|fault| fault.split(':').next()).collect();
    assert_eq!(listed, files.iter().map(String::as_str).collect());
}

#[test]
fn a_wrong_document_spares_its_neighbours() {
    let good = "apiVersion: v1\nkind: Service\nmetadata: {name: product}\nspec: {}\n";
    let batch = read(format!("{good}---\nkind: Service\n---\n{good}").as_bytes());
    let is_good: Vec<_> =
        batch.readings.iter().map(|reading| matches!(reading, Reading::Good { .. })).collect();
    assert_eq!(is_good, [true, false, true]);
    assert!(batch.is_whole);
}

#[test]
fn a_wrong_document_still_says_which_object_it_was_to_be() {
    let text =
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: product}\nspec: []\n";
    let batch = read(text.as_bytes());
    let [Reading::Bad { key: Some(key), .. }] = &batch.readings[..] else { panic!("one bad document") };
    assert_eq!((key.to_string(), &*key.namespace), ("VirtualService/product".to_owned(), "default"));
}

#[test]
fn a_text_of_fifty_megabytes_is_not_even_looked_at() {
    let text = "a: 1\n".repeat(10_000_000);
    assert_eq!(only_fault(&text), "shop.yaml: larger than 16 MiB (split it into several files)");
}

#[test]
fn a_text_of_the_largest_size_is_read() {
    let comment = format!("#{}\n", "x".repeat(MAX_BYTES - 2));
    assert_eq!(comment.len(), MAX_BYTES);
    assert!(faults(&read(comment.as_bytes())).is_empty());
}

#[test]
fn rubbish_is_not_text() {
    let remedy = "(a document is text in UTF-8; was another file put here by mistake?)";
    let zero = format!("shop.yaml:2: not text: it holds a zero byte {remedy}");
    assert_eq!(faults(&read(b"a: 1\nb: \0\n")), [zero]);
    let image = format!("shop.yaml:1: not text: it holds bytes that are not UTF-8 {remedy}");
    assert_eq!(faults(&read(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")), [image]);
}

#[test]
fn a_hundred_thousand_levels_are_too_many() {
    let deep = "nested deeper than 64 lists and mappings (is a bracket never closed?)";
    for level in ["[", "{a: ", "- ", "[{"] {
        let text = level.repeat(100_000);
        let fault = only_fault(&text);
        assert_eq!(fault, format!("shop.yaml:1: {deep}"));
    }
    let lines: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(only_fault(&lines), format!("shop.yaml:65: {deep}"));
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    let fault = only_fault(&text);
    let expected = "more than 1000000 values (split the file, or repeat less with aliases)";
    assert!(fault.ends_with(expected), "{fault}");
}

#[test]
fn aliases_do_not_hide_depth() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        text += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    let fault = only_fault(&text);
    assert!(fault.contains("nested deeper than 64"), "{fault}");
}

#[test]
fn a_fault_does_not_repeat_a_whole_file() {
    let text = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: product, namespace: {}}}\nspec: {{}}\n",
        "é".repeat(9_999)
    );
    let fault = only_fault(&text);
    assert!(fault.len() < 600 && fault.contains('…'), "{fault}");
}
