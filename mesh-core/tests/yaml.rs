//! Text to located values: the language that is understood, and that no input whatever breaks the reading.

use mesh_core::{
    document::{Fault, Node, Reading, Value},
    source::{Batch, MAX_BYTES, Parsed, parse},
};
use proptest::prelude::*;
use std::sync::Arc;

fn read(text: &str) -> Parsed {
    parse(text.as_bytes(), &Arc::from("shop.yaml"))
}

fn one(text: &str) -> Node {
    let Parsed { mut documents, fault } = read(text);
    assert_eq!(fault, None);
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn fault(text: &str) -> String {
    read(text).fault.expect("a fault").to_string()
}

#[test]
fn every_value_knows_its_line() {
    let root = one("kind: A\nspec:\n  hosts:\n  - a\n  - b\n  port:\n\n  text: |\n    x\n");
    let spec = root.get("spec").unwrap();
    assert_eq!((root.line, spec.line), (1, 3));
    assert_eq!(spec.entries().iter().map(|entry| entry.line).collect::<Vec<_>>(), [3, 6, 8]);
    assert_eq!(spec.get("port").unwrap(), &Node { line: 6, value: Value::Null });
    let Value::List(hosts) = &spec.get("hosts").unwrap().value else { panic!("a list") };
    assert_eq!(hosts.iter().map(|host| host.line).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn json_is_yaml() {
    let json = one("{\"a\": [1, 2.5, true, null, \"3\"], \"b\": {}}");
    assert_eq!(json, one("{a: [1, 2.5, true, ~, '3'], b: {}}"));
    assert_eq!(one("{\n\t\"a\":\n\t\t1\n}").get("a").unwrap().value, Value::Int(1));
}

#[test]
fn a_byte_order_mark_and_foreign_line_ends_change_nothing() {
    assert_eq!(one("\u{feff}a: 1\r\nb:\r\n- c\r\n"), one("a: 1\nb:\n- c\n"));
}

#[test]
fn quotes_blocks_and_tags_make_text() {
    let root = one("a: '1'\nb: \"true\"\nc: !!str 3\nd: |-\n  4\ne: ! 5\n6: yes\n");
    let texts: Vec<_> = root.entries().iter().map(|entry| entry.value.as_text()).collect();
    assert_eq!(texts, ["1", "true", "3", "4", "5", "yes"].map(Some));
    assert_eq!(&*root.entries()[5].key, "6");
}

#[test]
fn documents_before_a_mistake_are_kept() {
    let parsed = read("a: 1\n---\nb: 2\n---\nc: [\n");
    assert_eq!(parsed.documents.len(), 2);
    assert_eq!(parsed.fault.unwrap().place.line(), 5);
}

#[test]
fn aliases_repeat_a_value_with_the_lines_where_it_is_written() {
    let root = one("a: &a\n  x: 1\nb: *a\n");
    assert_eq!(root.get("a"), root.get("b"));
    assert_eq!(root.get("b").unwrap().entries()[0].line, 2);
}

#[test]
fn merge_keys_add_what_is_not_written() {
    let root = one("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: {'<<': 4}\n");
    let c = root.get("c").unwrap();
    let values = ["x", "y", "z"].map(|key| c.get(key).unwrap().value.clone());
    assert_eq!(values, [Value::Int(3), Value::Int(1), Value::Int(2)]);
    assert_eq!(c.entries().len(), 3);
    assert_eq!(root.get("d").unwrap().get("<<").unwrap().value, Value::Int(4));
}

#[test]
fn an_alias_reaches_neither_into_itself_nor_into_another_document() {
    assert!(fault("a: &a [*a]\n").starts_with("shop.yaml:1: an alias inside the value that it repeats"));
    assert!(fault("a: &a 1\n---\nb: *a\n").starts_with("shop.yaml:3: an alias of nothing"));
}

#[test]
fn aliases_of_large_text_are_bounded_too() {
    let text = format!("a: &a {}\nb:\n{}", "x".repeat(1 << 20), "- *a\n".repeat(100_000));
    assert!(fault(&text).starts_with("shop.yaml:32: more than 33554432 bytes of text"));
}

#[test]
fn a_dense_text_is_refused_before_it_is_taken_apart() {
    let text = format!("[{}]", "1,".repeat(MAX_BYTES / 2 - 1));
    assert_eq!(
        fault(&text),
        "shop.yaml: more than 1000000 values (split the file, or repeat less with aliases)"
    );
}

const VALID: &str = r#"apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: product, labels: &labels {app: "shop"}}
spec:
  hosts: [product, 'other']
  http:
  - match: [{headers: {X-group: {exact: test}}}]
    timeout: 1.5s
    route: &route
    - destination: {host: product, port: {number: 80}}
      weight: 100
  - name: |
      folded
    route: *route
---
{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "product", "labels": {"a\n": "\u00e9"}}}
---
? a
: <<: {b: !!str 1}
"#;

/// Reads what may be anything, and holds that every fault is one line and points into the text.
fn check(bytes: &[u8]) {
    let batch = Batch::of("shop.yaml".into(), bytes, "default");
    let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    for reading in &batch.readings {
        let faults = match reading {
            Reading::Good { faults, .. } | Reading::Bad { faults, .. } => faults.as_slice(),
            _ => &[],
        };
        assert!(matches!(reading, Reading::Bad { .. }) == faults.iter().any(Fault::is_error));
        for fault in faults {
            assert!(fault.place.line() as usize <= lines, "{fault}");
            assert!(!fault.to_string().contains(char::is_control), "{fault:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn no_word_breaks_the_reading(word in "\\PC{0,20}|[\\x01-\\x20a]{0,4}", long in 1..200_usize) {
        let word = serde_json::to_string(&word.repeat(long)).expect("JSON");
        for text in [
            format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {word}}}\nspec: {{ports: [{{port: {word}}}]}}"),
            format!("apiVersion: networking.istio.io/v1\nkind: {word}"),
            VALID.replace("1.5s", &word),
            VALID.replace("exact", &word),
            VALID.replace("X-group", &word),
            VALID.replace("test", &word),
        ] {
            check(text.as_bytes());
        }
    }

    #[test]
    fn no_punctuation_breaks_the_reading(text in "[\\[\\]{},:?|>&*!%#@`'\"\\-\\.<a1~ \t\n\r\u{feff}]{0,60}") {
        check(text.as_bytes());
    }

    #[test]
    fn no_damage_to_a_valid_document_breaks_the_reading(
        damage in prop::collection::vec((0..VALID.len(), any::<u8>(), 0..12_usize, any::<bool>()), 1..6),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, byte, length, is_copy) in damage {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            if is_copy {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy.into_iter().rev());
            } else {
                bytes.splice(at..end, [byte & 0x7f]);
            }
        }
        check(&bytes);
    }
}

#[test]
fn the_document_that_is_damaged_is_a_valid_one() {
    let parsed = read(VALID);
    assert_eq!((parsed.documents.len(), parsed.fault), (3, None));
}
