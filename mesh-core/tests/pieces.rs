//! A file of many documents is read in pieces, and again only where it changed: with the same result as in one go.

use mesh_core::{
    document::{self, Body, Fault, Reading},
    source::{Batch, Parsed, parse},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::sync::Arc;

const FILE: &str = "shop.yaml";

/// What one go gives: the readings, and the mistake that ended them.
fn in_one_go(text: &str) -> (Vec<Reading>, Option<Fault>) {
    let file = FILE.into();
    let Parsed { documents, fault } = parse(text.as_bytes(), &file);
    (documents.iter().flat_map(|root| document::read(root, &file, "shop")).collect(), fault)
}

fn batch(text: &str) -> Arc<Batch> {
    Arc::new(Batch::of(FILE.into(), text.as_bytes(), "shop"))
}

fn hold(batch: &Batch, text: &str) {
    let (mut readings, fault) = in_one_go(text);
    assert_eq!(batch.is_whole, fault.is_none(), "{text}");
    readings.extend(fault.map(|fault| Reading::Bad { key: None, faults: vec![fault] }));
    assert_eq!(batch.readings, readings, "{text}");
    assert_eq!(batch.digest, self::batch(text).digest);
}

/// Lines that begin, end and disturb documents.
const LINES: &[&str] = &[
    "---\n",
    "---\n",
    "---\n",
    "---\r\n",
    "--- # again\n",
    "--- |\n",
    "--- >-\n",
    "--- {a: 1}\n",
    "--- &a b\n",
    "---\t\n",
    "---x: 1\n",
    "--- x\n",
    " ---\n",
    "----\n",
    "...\n",
    "... # end\n",
    "%YAML 1.2\n",
    "%TAG !e! tag:example.com:\n",
    "!e!x y\n",
    "\u{feff}",
    "\r",
    "\r\n",
    "\n",
    "# a comment\n",
    "kind: Service\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: product}\nspec: {ports: [{port: 80}]}\n",
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: review\nspec:\n  ports:\n  - port: http\n",
    "kind: List\nitems:\n- {kind: Pod, apiVersion: v1}\n-\n",
    "  - x\n",
    "- x\n",
    "a: &a 1\n",
    "b: *a\n",
    "c: 'quoted\n",
    "d: \"quoted\n",
    "  goes on'\n",
    "e: [\n",
    "]\n",
    "f: {\n",
    "}\n",
    "g: |\n",
    "|\n",
    "  block\n",
    "plain\n",
    "? key\n",
    "<<: {h: 1}\n",
    "i:\n",
    "j: \0\n",
    "no end of line",
];

fn text() -> impl Strategy<Value = String> {
    vec(select(LINES), 0..14).prop_map(|lines| lines.concat())
}

/// Documents that stand alone, so that changes among them are seen as such.
fn documents() -> impl Strategy<Value = String> {
    let document = (0..4_usize, 0..3_usize, any::<bool>()).prop_map(|(name, lines, is_marked)| {
        let comments = "# a line more\n".repeat(lines);
        let marker = if is_marked { "--- # service\n" } else { "---\n" };
        format!("{comments}apiVersion: v1\nkind: Service\nmetadata: {{name: s{name}}}\nspec: {{}}\n{marker}")
    });
    vec(document, 0..8).prop_map(|documents| documents.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_give_what_the_whole_text_gives(text in text()) {
        hold(&batch(&text), &text);
    }

    #[test]
    fn a_text_after_another_gives_what_it_gives_alone(texts in vec(prop_oneof![documents(), text()], 1..4)) {
        let mut last = batch("");
        for text in &texts {
            last = last.next(text.as_bytes());
            hold(&last, text);
        }
    }
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n---\n"
    )
}

fn is_shared(before: &Reading, after: &Reading) -> bool {
    match (before, after) {
        (Reading::Good { document: before, .. }, Reading::Good { document: after, .. }) => {
            Arc::ptr_eq(before, after)
        }
        _ => false,
    }
}

#[test]
fn what_did_not_change_is_shared_where_it_stands_on_the_same_line() {
    let texts = ["a", "b", "c"].map(service);
    let first = batch(&texts.concat());
    assert!(Arc::ptr_eq(&first, &first.next(texts.concat().as_bytes())));

    let second = first.next([&texts[0], &service("x"), &texts[2]].map(String::as_str).concat().as_bytes());
    let shared: Vec<_> = first.readings.iter().zip(&second.readings).map(|(a, b)| is_shared(a, b)).collect();
    assert_eq!(shared, [true, false, true]);

    let third = second.next(format!("# a line more\n{}", texts.concat()).as_bytes());
    let Reading::Good { document, .. } = &third.readings[2] else { panic!("a good document") };
    assert_eq!(document.place.line, 12);
    assert!(!is_shared(&second.readings[2], &third.readings[2]));
}

#[test]
fn many_documents_are_in_the_order_in_which_they_are_written() {
    let text: String = (0..1_000).map(|number| service(&format!("s{number}"))).collect();
    hold(&batch(&text), &text);
}

#[test]
fn the_bounds_on_a_text_hold_for_all_its_pieces_together() {
    let many = format!("---\n[{}]\n", "1,".repeat(300_000));
    let text = many.repeat(4);
    // One more of them than fits, after a text that does.
    let fits = batch(&many.repeat(3));
    assert!(fits.is_whole);
    let next = fits.next(text.as_bytes());
    assert!(!next.is_whole);
    hold(&next, &text);
}

/// A MeshConfig, as text within a ConfigMap.
fn config(setting: &str) -> String {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n";
    format!("{head}data:\n  mesh: |-\n    # The first line.\n    {setting}\n---\n")
}

#[test]
fn a_mesh_config_is_understood_in_a_piece_as_in_a_file_of_its_own() {
    let text = |setting: &str| [service("a"), config(setting), service("b")].concat();
    let first = batch(&text("rootNamespace: root"));
    assert_eq!(first.readings.len(), 3);
    let Reading::Good { document, .. } = &first.readings[1] else { panic!("{:?}", first.readings[1]) };
    assert!(matches!(document.body, Body::MeshConfig(_)), "{:?}", document.body);

    let second = first.next(text("rootNamespace: [").as_bytes());
    let shared: Vec<_> = first.readings.iter().zip(&second.readings).map(|(a, b)| is_shared(a, b)).collect();
    assert_eq!(shared, [true, false, true]);
    assert!(second.is_whole);
    let Reading::Bad { key: None, faults } = &second.readings[1] else { panic!("{:?}", second.readings[1]) };
    let line_in_piece = faults[0].place.line;

    // With a directive before it the whole text is read in one go.
    let whole = batch(&format!("%YAML 1.2\n---\n{}", text("rootNamespace: [")));
    let Reading::Bad { key: None, faults } = &whole.readings[1] else { panic!("{:?}", whole.readings[1]) };
    assert_eq!(faults[0].place.line, line_in_piece + 2);

    let third = second.next(text("rootNamespace: root").as_bytes());
    assert_eq!(third.readings, first.readings);
}
