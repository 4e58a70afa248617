//! Who may visit whom: reads the sources and holds the arrows between their rooms.

use std::collections::BTreeSet;
use tests::architecture::{Rule, Source, Violation, rooms};

/// The rooms of mesh-core, and those that each may name.
const CORE: [(&str, &[&str], &str); 7] = [
    ("document", &[], "what somebody wrote knows nothing of what becomes of it"),
    ("source", &["document"], "a source brings documents and does not judge them"),
    ("dialect", &["document", "model", "identity"], "the one door from written to meant"),
    ("model", &["identity"], "what documents mean is said in words of its own, and of identities"),
    ("table", &["model", "identity"], "a table is compiled from the model alone"),
    ("watch", &["source", "dialect", "table", "document", "model"], "the pump joins these five"),
    (
        "identity",
        &[
            "model::AuthoritySource",
            "model::CertificateSource",
            "model::ClientDemand",
            "model::ServerTls",
            "model::TlsLimits",
            "model::TlsVersion",
        ],
        "identity is a leaf",
    ),
];

/// The folders of mesh-tower that are no layers: leaves that layers use, and the assembly that uses layers.
const NO_LAYERS: [&str; 10] =
    ["admin", "context", "event", "dns", "recorder", "trace", "mesh", "gateway", "console", "bin"];

/// Above all layers; only the assembly itself and the package's page name it.
const ASSEMBLY: [&str; 8] = ["stack", "mesh", "gateway", "client", "admin", "console", "Mesh", "Client"];

/// Layers and leaves that make metrics of the facts that others announce.
const EXPORTERS: [&str; 2] = ["telemetry", "recorder"];

/// Files besides the assembly that name a layer.
const NAMES_A_LAYER: [(&str, &str, &str); 1] = [(
    "mesh-tower/src/body.rs",
    "connection",
    "the pool's body is held unboxed, on the path of every request",
)];

/// What layers may name of mesh-core.
const CORE_FOR_LAYERS: [&str; 4] = ["table", "model", "identity", "watch::Handle"];

/// Files that name a status code though they do not turn a refusal into one.
const NAMES_A_STATUS: [(&str, &str); 8] = [
    ("mesh-tower/src/admin/", "pages are its own answers, and no refusals of requests"),
    ("mesh-tower/src/answer/", "a document names the status"),
    ("mesh-tower/src/console/", "pages are its own answers, and no refusals of requests"),
    (
        "mesh-tower/src/ext_authz/",
        "an authorization service names the status: 200 is a yes, and a no without one is 403",
    ),
    ("mesh-tower/src/grpc.rs", "a service that speaks gRPC answers with 200, whatever it says"),
    ("mesh-tower/src/gateway/forward.rs", "httpsRedirect is a 301, and 101 hands the connection over"),
    (
        "mesh-tower/src/telemetry/future.rs",
        "101 hands the connection over, and what follows belongs to the request",
    ),
    ("mesh-tower/src/timeout/policy.rs", "101 hands the connection over, which then has no end to be late"),
];

fn hold(checks: impl IntoIterator<Item = (Rule, Vec<Source>)>) {
    let violations = checks
        .into_iter()
        .flat_map(|(rule, sources)| sources.into_iter().flat_map(move |source| rule.violations(&source)));
    let lines: Vec<String> = violations.map(|violation: Violation| violation.to_string()).collect();
    assert!(lines.is_empty(), "forbidden arrows:\n{}", lines.join("\n"));
}

fn core_in(room: &str) -> Vec<Source> {
    let sources: Vec<_> =
        Source::all("mesh-core/src").into_iter().filter(|source| source.room() == room).collect();
    assert!(!sources.is_empty(), "mesh-core has a room {room}");
    sources
}

fn layers() -> BTreeSet<String> {
    rooms("mesh-tower").into_iter().filter(|room| !NO_LAYERS.contains(&&**room)).collect()
}

fn tower() -> Vec<Source> {
    Source::all("mesh-tower/src")
}

fn may_name(room: &str, only: &[&str], why: &'static str) -> Rule {
    let only = only.iter().chain([&room]).map(|&name| name.to_owned()).collect();
    Rule::Names { root: "crate", only, why }
}

fn layer_names_no_other(room: &str) -> Rule {
    let others = layers().into_iter().filter(|other| other != room);
    let paths = others.chain(ASSEMBLY.map(str::to_owned)).collect();
    Rule::NamesNot { paths, why: "layers do not know one another; only stack.rs knows the order" }
}

const PURE_TABLE: Rule = Rule::SaysNot {
    words: &["tokio", "arc_swap", "Instant", "SystemTime", "rand", "fastrand"],
    why: "a decision is a function: now and roll are its arguments",
};

const CORE_WITHOUT_SOCKETS: Rule = Rule::SaysNot {
    words: &["hyper", "tower", "mesh_tower"],
    why: "mesh-core believes and decides; mesh-tower acts on requests, and is never named from here",
};

const NO_METRICS: Rule = Rule::SaysNot {
    words: &["metrics", "prometheus", "opentelemetry", "counter", "gauge", "histogram"],
    why: "layers announce facts; exporters name metrics",
};

const NO_STATUS: Rule = Rule::NoConstantOf {
    name: "StatusCode",
    why: "only respond turns a refusal into a status code; a status that a document names needs a line in this test",
};

#[test]
fn the_rooms_of_mesh_core_name_only_those_before_them() {
    let rooms = rooms("mesh-core");
    let known: BTreeSet<String> = CORE.iter().map(|(room, ..)| (*room).to_owned()).collect();
    assert_eq!(rooms, known, "every room of mesh-core has its arrows in this test");
    hold(CORE.map(|(room, only, why)| (may_name(room, only, why), core_in(room))));
}

#[test]
fn a_table_has_no_clock_and_no_dice() {
    hold([(PURE_TABLE, core_in("table"))]);
}

#[test]
fn mesh_core_never_names_what_carries_requests() {
    hold([(CORE_WITHOUT_SOCKETS, Source::all("mesh-core/src"))]);
}

#[test]
fn a_layer_names_no_other_layer_and_nothing_above_it() {
    let of = |room: &str| tower().into_iter().filter(|source| source.room() == room).collect::<Vec<_>>();
    hold(layers().iter().map(|room| (layer_names_no_other(room), of(room))));
}

#[test]
fn what_layers_share_names_no_layer() {
    let is_leaf = |source: &Source| {
        let room = source.room();
        !room.is_empty() && !layers().contains(room) && !ASSEMBLY.contains(&room) && room != "bin"
    };
    let rule = |source: &Source| {
        let excused = NAMES_A_LAYER.iter().find(|(file, ..)| *file == source.file);
        layer_names_no_other(excused.map_or("", |(_, layer, _)| *layer))
    };
    hold(tower().into_iter().filter(is_leaf).map(|source| (rule(&source), vec![source])));
}

#[test]
fn layers_use_what_the_mesh_decided_and_not_how() {
    let only = CORE_FOR_LAYERS.map(str::to_owned).to_vec();
    let rule = Rule::Names { root: "mesh_core", only, why: "layers read tables, models and identities" };
    let layers = layers();
    hold([(rule, tower().into_iter().filter(|source| layers.contains(source.room())).collect())]);
}

#[test]
fn only_respond_names_status_codes() {
    let is_excused = |source: &Source| {
        source.room() == "respond"
            || source.room() == "reply"
            || NAMES_A_STATUS.iter().any(|(file, _)| source.file.starts_with(file))
    };
    hold([(NO_STATUS, tower().into_iter().filter(|source| !is_excused(source)).collect())]);
}

#[test]
fn every_excuse_is_needed() {
    for (file, layer, why) in NAMES_A_LAYER {
        let source = tower().into_iter().find(|source| source.file == file).expect("the excused file exists");
        assert!(
            !layer_names_no_other("").violations(&source).is_empty(),
            "{file} no longer names {layer}: {why}"
        );
    }
    for (file, why) in NAMES_A_STATUS.into_iter().filter(|(file, _)| !file.ends_with('/')) {
        let source = tower().into_iter().find(|source| source.file == file).expect("the excused file exists");
        assert!(!NO_STATUS.violations(&source).is_empty(), "{file} no longer names a status: {why}");
    }
}

#[test]
fn no_layer_names_a_metric() {
    let layers: BTreeSet<_> = layers().into_iter().filter(|room| !EXPORTERS.contains(&&**room)).collect();
    hold([(NO_METRICS, tower().into_iter().filter(|source| layers.contains(source.room())).collect())]);
}

#[test]
fn no_file_is_longer_than_its_budget() {
    let folders = ["mesh-core", "mesh-tower", "examples", "benches", "tests"];
    hold(folders.map(|folder| (Rule::Lines(400), Source::all(folder))));
}

/// What a rule says of a made-up file.
fn found(rule: &Rule, file: &str, text: &str) -> Vec<String> {
    rule.violations(&Source::new(file, text)).iter().map(ToString::to_string).collect()
}

#[test]
fn every_arrow_of_mesh_core_can_be_broken() {
    for (room, only, why) in CORE {
        let rule = may_name(room, only, why);
        let forbidden =
            CORE.iter().map(|(other, ..)| *other).filter(|other| *other != room && !only.contains(other));
        for other in forbidden {
            let file = format!("mesh-core/src/{room}/made_up.rs");
            let text = format!("//! crate::{other}\nuse crate::{{\n    {room}::X,\n    {other}::Y,\n}};\n");
            assert_eq!(found(&rule, &file, &text), [format!("{file}:2: {room} → {other}::Y ({why})")]);
            let upwards = format!("fn f(x: super::super::{other}::X) {{}}");
            assert_eq!(found(&rule, &file, &upwards), [format!("{file}:1: {room} → {other}::X ({why})")]);
        }
    }
}

#[test]
fn an_allowed_arrow_is_no_violation() {
    for (room, only, why) in CORE {
        let text: String = only.iter().map(|other| format!("use crate::{other};\n")).collect();
        let text = format!("{text}use super::neighbour;\nmod tests {{ use super::*; }}");
        let file = format!("mesh-core/src/{room}/made_up.rs");
        assert!(found(&may_name(room, only, why), &file, &text).is_empty(), "{room}");
    }
}

#[test]
fn every_word_can_be_caught_but_not_in_a_comment_or_a_text() {
    for rule in [PURE_TABLE, CORE_WITHOUT_SOCKETS, NO_METRICS] {
        let Rule::SaysNot { words, why } = &rule else { panic!("a rule of words") };
        for word in *words {
            let text = format!("// {word}\nconst A: &str = \"{word}\";\nuse {word}::b;\n");
            let expected = format!("a/src/b.rs:3: says {word} ({why})");
            assert_eq!(found(&rule, "a/src/b.rs", &text), [expected]);
        }
    }
}

#[test]
fn a_layer_that_names_another_is_caught_wherever_it_does() {
    for room in layers() {
        let rule = layer_names_no_other(&room);
        let file = format!("mesh-tower/src/{room}/service.rs");
        assert!(found(&rule, &file, &format!("use crate::{{Body, error::Error, {room}::X}};")).is_empty());
        for other in layers().into_iter().filter(|other| *other != room).chain(["stack".to_owned()]) {
            for text in [format!("use crate::{other}::X;"), format!("use super::super::{{{other}}};")] {
                assert_eq!(found(&rule, &file, &text).len(), 1, "{text}");
            }
        }
    }
}

#[test]
fn a_status_code_and_a_long_file_are_caught() {
    let text = "fn f() -> StatusCode { StatusCode::BAD_GATEWAY }\nfn g() { StatusCode::from_u16(200); }";
    let caught = found(&NO_STATUS, "mesh-tower/src/fault/policy.rs", text);
    assert_eq!(caught.len(), 1);
    assert!(caught[0].starts_with("mesh-tower/src/fault/policy.rs:1: names StatusCode::BAD_GATEWAY"));

    assert!(found(&Rule::Lines(2), "a/src/b.rs", "1\n2\n").is_empty());
    let long = found(&Rule::Lines(2), "a/src/b.rs", "1\n2\n3\n");
    assert_eq!(long, ["a/src/b.rs:3: has 3 lines (a file has at most 2 lines; split it by what it says)"]);
}
