//! Laws that hold whatever is written and whatever is asked; the fuzz targets hold the same laws.

#[expect(dead_code, reason = "the tests of the table use the rest")]
#[path = "../table/build.rs"]
mod build;
mod documents;
mod hosts;
mod paths;
mod string_match;
mod tables;

use proptest::{
    collection::{SizeRange, vec},
    prelude::*,
    sample::select,
};
use std::{fs, path::Path};

/// Every text of a folder of seeds of the fuzz targets.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = fs::read_dir(folder).expect("a folder of seeds");
    let seeds: Vec<_> = files.map(|file| fs::read(file.expect("a file").path()).expect("a seed")).collect();
    assert!(!seeds.is_empty());
    seeds
}

/// One of the seeds of a target, with pieces of it lost, doubled, moved or replaced.
fn any_seed(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let piece = select(
        &[": ", "- ", "[", "}", "'", "\"", "*a", "&a ", "\t", "\n", "é", "\0", "~", "-1", "|", "!"][..],
    );
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8, piece);
    (select(seeds(target)), vec(change, 0..6)).prop_map(|(mut text, changes)| {
        for (from, to, kind, piece) in changes {
            let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            let cut = text[from..to].to_vec();
            match kind {
                0 => drop(text.drain(from..to)),
                1 => drop(text.splice(to..to, cut)),
                2 => drop(text.splice(from..to, piece.bytes())),
                _ => drop(text.splice(from..from, piece.bytes())),
            }
        }
        text
    })
}

/// Lines that are made of pieces, which often meet one another.
fn any_lines(pieces: &'static [&'static str], count: impl Into<SizeRange>) -> impl Strategy<Value = String> {
    let line =
        prop_oneof![9 => vec(select(pieces), 0..5).prop_map(|pieces| pieces.concat()), 1 => "\\PC{0,9}"];
    vec(line, count).prop_map(|lines| lines.join("\n"))
}

/// Names and patterns of few labels, and what is nearly one.
fn any_names() -> impl Strategy<Value = String> {
    let labels = vec(select(&["a", "B", "com", "1", ""][..]), 1..4).prop_map(|labels| labels.join("."));
    let (before, after) = (select(&["", "", "*.", "*.", "."][..]), select(&["", "", "", ".", ":80"][..]));
    let name = (before, labels, after).prop_map(|(before, labels, after)| format!("{before}{labels}{after}"));
    vec(prop_oneof![9 => name, 1 => "\\PC{0,9}", 1 => Just("*".to_owned())], 2..9)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn a_changed_document_is_read_or_told_what_is_wrong_with_it(text in any_seed("documents")) {
        documents::hold(&text);
    }

    #[test]
    fn a_host_pattern_means_the_hosts_that_it_covers(text in any_names()) {
        hosts::hold(&text);
    }

    #[test]
    fn a_text_is_compared_as_a_naive_reader_would(
        text in any_lines(&["/", "a", "A", "ab", ".", "*", "(", ")", "|", "é", "É", "[a-b]", "?", "(?i)", "^", "$"], 3),
    ) {
        string_match::hold(&text);
    }

    #[test]
    fn a_path_is_taken_apart_and_changed_at_any_byte(
        kind in select(&["exact", "prefix", "regex", "", "exact any", "prefix any"][..]),
        text in any_lines(&["/", "a", "A", "b", "?", "#", "é", ".", "*", "=", "&", "$1", ":80"], 4),
        fits: bool,
    ) {
        let asked = if fits { text.lines().last().unwrap_or_default().split('?').next().unwrap_or_default() } else { "/a" };
        paths::hold(&format!("{kind}\n{asked}\n{text}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_table_decides_as_a_reader_of_all_documents(choices in vec(any::<u8>(), 0..1200)) {
        tables::hold(&choices);
    }
}

#[test]
fn every_seed_holds_the_laws() {
    let text = |seed: Vec<u8>| String::from_utf8(seed).expect("a seed of text");
    seeds("documents").iter().for_each(|seed| documents::hold(seed));
    seeds("hosts").into_iter().map(text).for_each(|seed| hosts::hold(&seed));
    seeds("string_match").into_iter().map(text).for_each(|seed| string_match::hold(&seed));
    seeds("tables").iter().for_each(|seed| tables::hold(seed));
    seeds("paths").into_iter().map(text).for_each(|seed| paths::hold(&seed));
}
