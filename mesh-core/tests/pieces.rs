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
    readings.extend(fault.map(|fault| Reading::Bad { key: None, faults: vec![fault], draft: None }));
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
    // Right, odd, wrong, wrong with a line that is quoted, another's, and with a text within.
    let specs =
        ["spec: {}\n", "spec:\n  ports: [{port: 80, name: Http}]\n", "spec: {ports: [{port: http}]}\n"];
    let more = ["spec: {}\nspec: {}\n", "spec: {}\n---\napiVersion: v2\nkind: X\n", &*config("a: [")];
    let specs: Vec<_> = specs.into_iter().chain(more).map(str::to_owned).collect();
    let document = (0..4_usize, 0..3_usize, any::<bool>(), select(specs));
    let document = document.prop_map(|(name, lines, is_marked, spec)| {
        let comments = "# a line more\n".repeat(lines);
        let marker = if is_marked { "--- # service\n" } else { "---\n" };
        match spec.starts_with("spec") {
            true => format!(
                "{comments}apiVersion: v1\nkind: Service\nmetadata: {{name: s{name}}}\n{spec}{marker}"
            ),
            false => format!("{comments}{spec}"),
        }
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
            last = next(&last, text);
        }
    }

    #[test]
    fn documents_that_are_put_in_another_order_are_all_shared(
        (now, before) in vec(0..4_usize, 1..9).prop_flat_map(|names| (Just(names.clone()).prop_shuffle(), Just(names))),
    ) {
        let text = |names: &[usize]| {
            let text: String = names.iter().map(|name| format!("---\n{}", documents_of(*name))).collect();
            format!("# All of them.\n{text}")
        };
        let first = batch(&text(&before));
        let second = next(&first, &text(&now));
        let mut kept = kept(&first, &second);
        kept.sort_unstable();
        prop_assert_eq!(kept, (0..before.len()).map(Some).collect::<Vec<_>>());
    }
}

/// A document with as many lines more as its number says.
fn documents_of(number: usize) -> String {
    let text = service(&format!("s{number}"));
    "# a line more\n".repeat(number) + text.trim_end_matches("---\n")
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

/// For each document of `after` the number of the one of `before` that it is, if it is one of them.
fn kept(before: &Batch, after: &Batch) -> Vec<Option<usize>> {
    let find = |after| before.readings.iter().position(|before| is_shared(before, after));
    after.readings.iter().map(find).collect()
}

/// The lines on which documents start.
fn lines(batch: &Batch) -> Vec<u32> {
    let line = |reading: &Reading| match reading {
        Reading::Good { document, .. } => document.place.line(),
        Reading::Bad { faults, .. } => faults[0].place.line(),
        Reading::Skipped { place, .. } => place.line(),
    };
    batch.readings.iter().map(line).collect()
}

/// What comes after a batch, which is as if it had been read alone.
fn next(batch: &Arc<Batch>, text: &str) -> Arc<Batch> {
    let (next, alone) = (batch.next(text.as_bytes()), self::batch(text));
    assert_eq!(next.readings, alone.readings, "{text}");
    assert_eq!((next.is_whole, next.digest), (alone.is_whole, alone.digest));
    next
}

#[test]
fn what_did_not_change_is_shared_wherever_it_is_and_tells_its_new_line() {
    let texts = ["a", "b", "c"].map(service);
    let first = batch(&texts.concat());
    assert!(Arc::ptr_eq(&first, &first.next(texts.concat().as_bytes())));

    let second = next(&first, &[&texts[0], &*service("x"), &texts[2]].concat());
    assert_eq!(kept(&first, &second), [Some(0), None, Some(2)]);

    let third = next(&second, &format!("# a line more\n{}", texts.concat()));
    assert_eq!(kept(&second, &third), [None, None, Some(2)]);
    assert_eq!(lines(&third), [2, 7, 12]);
    // The document is one and the same.
    assert_eq!(lines(&second)[2], 12);

    let fourth = next(&third, &texts[1..].concat());
    assert_eq!(kept(&third, &fourth), [None, Some(2)]);
    assert_eq!(lines(&fourth), [1, 6]);
}

#[test]
fn documents_that_change_places_are_shared() {
    let [a, b, c, d] =
        ["a", "b", "c", "d"].map(|name| format!("---\n{}", &service(name)[..service(name).len() - 4]));
    let long = c.replace("spec:", "# two\n# lines more\nspec:");
    let first = batch(&[&*a, &b, &long, &d].concat());
    let second = next(&first, &[&*a, &long, &b, &d].concat());
    assert_eq!(kept(&first, &second), [Some(0), Some(2), Some(1), Some(3)]);
    assert_eq!(lines(&second), [2, 7, 14, 19]);
}

#[test]
fn equal_documents_are_as_many_as_are_written_and_each_tells_its_line() {
    let (a, x) = (format!("---\n{}", service("a").trim_end_matches("---\n")), service("x"));
    let first = batch(&[&*x, &a[4..], &a].concat());
    assert_eq!(lines(&first), [1, 6, 11]);

    let second = next(&first, &[&*x, &a[4..], &a, &a].concat());
    assert_eq!(kept(&first, &second), [Some(0), Some(1), Some(2), None]);
    assert_eq!(lines(&second), [1, 6, 11, 16]);

    let third = next(&second, &[&*x, "# a line more\n", &a[4..], &a].concat());
    assert_eq!(lines(&third), [1, 7, 12]);
    assert_eq!(kept(&second, &third)[0], Some(0));
    assert_eq!(kept(&second, &third)[1], None);
    assert!(kept(&second, &third)[2].is_some());
}

#[test]
fn the_lines_are_those_of_the_last_text_even_when_it_is_the_first_again() {
    let text = ["a", "b"].map(|name| service(name).replace("80", "port")).concat();
    let good = service("c");
    let text = format!("{text}{good}");
    let first = batch(&text);
    next(&first, &format!("{good}# more\n{text}"));
    let again = next(&first, &text);
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(lines(&again), [4, 9, 11]);
}

#[test]
fn a_fault_that_quotes_a_line_quotes_the_one_where_it_is_now() {
    let text = format!("{}{}kind: Service\n", service("a"), service("b").trim_end_matches("---\n"));
    let first = batch(&text);
    let second = next(&first, &format!("# a line more\n{text}"));
    let Reading::Bad { faults, .. } = &second.readings[1] else { panic!("{:?}", second.readings[1]) };
    let line = "shop.yaml:11: Service/b: kind: written twice: on line 8 too (keep one)";
    assert_eq!(faults[0].to_string(), line);
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
    let Reading::Bad { key: None, faults, .. } = &second.readings[1] else {
        panic!("{:?}", second.readings[1])
    };
    let line_in_piece = faults[0].place.line();

    // With a directive before it the whole text is read in one go.
    let whole = batch(&format!("%YAML 1.2\n---\n{}", text("rootNamespace: [")));
    let Reading::Bad { key: None, faults, .. } = &whole.readings[1] else {
        panic!("{:?}", whole.readings[1])
    };
    assert_eq!(faults[0].place.line(), line_in_piece + 2);

    let third = second.next(text("rootNamespace: root").as_bytes());
    assert_eq!(third.readings, first.readings);
}
