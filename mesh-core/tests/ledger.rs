//! Documents change; what was good goes on serving.

use http::Request;
use mesh_core::{
    dialect::Setting,
    model::Model,
    source::Batch,
    table::{RequestView, Snapshot, Viewpoint},
    watch::{Ledger, Standing, Status, digest},
};
use std::sync::Arc;

fn batch(file: &str, text: &str) -> Arc<Batch> {
    Arc::new(Batch::of(file.into(), text.as_bytes(), "shop"))
}

fn rule(name: &str, timeout: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}}}\n\
         spec: {{hosts: [{name}], http: [{{timeout: {timeout}, route: [{{destination: {{host: {name}}}}}]}}]}}\n"
    )
}

/// The timeouts that serve, by the names of their rules, in order.
fn timeouts(ledger: &mut Ledger, batches: &[Arc<Batch>]) -> (Vec<(String, u64)>, Status) {
    let (model, status) = ledger.take(batches);
    let timeouts = model.virtual_services.iter().map(|rules| {
        let timeout = rules.routes[0].timeout.expect("every rule here has one");
        (rules.name.to_string(), timeout.as_secs())
    });
    (timeouts.collect(), status)
}

fn standings(status: &Status) -> Vec<Standing> {
    status.documents.iter().map(|document| document.standing).collect()
}

#[test]
fn a_document_that_goes_wrong_keeps_its_last_good_meaning_and_its_neighbours_go_on() {
    let mut ledger = Ledger::new(Setting::default());
    let good = format!("{}---\n{}", rule("a", "1s"), rule("b", "1s"));
    let (serving, _) = timeouts(&mut ledger, &[batch("x.yaml", &good)]);
    assert_eq!(serving, [("a".into(), 1), ("b".into(), 1)]);

    for wrong in ["nonsense", "[1]", "10us"] {
        let half_good = format!("{}---\n{}", rule("a", wrong), rule("b", "2s"));
        let (serving, status) = timeouts(&mut ledger, &[batch("x.yaml", &half_good)]);
        assert_eq!(serving, [("a".into(), 1), ("b".into(), 2)], "{wrong}");
        assert_eq!(standings(&status), [Standing::Held, Standing::Serving]);
        assert_eq!(status.faults.len(), 1);
    }

    let (serving, status) = timeouts(&mut ledger, &[batch("x.yaml", &rule("a", "3s"))]);
    assert_eq!(serving, [("a".into(), 3)]);
    assert_eq!(status.faults, []);
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_loses_nothing() {
    let mut ledger = Ledger::new(Setting::default());
    let good = format!("{}---\n{}", rule("a", "1s"), rule("b", "1s"));
    timeouts(&mut ledger, &[batch("x.yaml", &good)]);

    let broken = format!("{}---\nkind: [unclosed", rule("a", "2s"));
    let (serving, status) = timeouts(&mut ledger, &[batch("x.yaml", &broken)]);
    assert_eq!(serving, [("a".into(), 2), ("b".into(), 1)]);
    assert_eq!(standings(&status), [Standing::Serving, Standing::Held]);

    let nameless = format!("{}---\nspec: {{hosts: [b]}}\n", rule("a", "3s"));
    let (serving, _) = timeouts(&mut ledger, &[batch("x.yaml", &nameless)]);
    assert_eq!(serving, [("a".into(), 3), ("b".into(), 1)]);
}

#[test]
fn what_is_taken_away_is_gone() {
    let mut ledger = Ledger::new(Setting::default());
    let (a, b) = (batch("a.yaml", &rule("a", "1s")), batch("b.yaml", &rule("b", "1s")));
    timeouts(&mut ledger, &[Arc::clone(&a), b]);
    let (serving, _) = timeouts(&mut ledger, &[a]);
    assert_eq!(serving, [("a".into(), 1)]);
}

#[test]
fn a_document_that_moves_to_another_file_while_it_is_wrong_is_still_known() {
    let mut ledger = Ledger::new(Setting::default());
    timeouts(&mut ledger, &[batch("a.yaml", &rule("a", "1s"))]);
    let (serving, _) = timeouts(&mut ledger, &[batch("b.yaml", &rule("a", "nonsense"))]);
    assert_eq!(serving, [("a".into(), 1)]);
}

#[test]
fn of_two_documents_with_one_name_the_first_serves_and_the_other_is_told() {
    let mut ledger = Ledger::new(Setting::default());
    let batches = [batch("a.yaml", &rule("a", "1s")), batch("b.yaml", &rule("a", "2s"))];
    let (serving, status) = timeouts(&mut ledger, &batches);
    assert_eq!(serving, [("a".into(), 1)]);
    assert_eq!(standings(&status), [Standing::Serving, Standing::Shadowed]);
    let expected = "b.yaml:1: VirtualService/a: is also written at a.yaml:1, which is used instead \
                    (remove one of the two)";
    assert_eq!(status.faults[0].to_string(), expected);
}

#[test]
fn equal_bytes_have_equal_digests_wherever_they_lie() {
    let (one, other) = (batch("a.yaml", "kind: X"), batch("elsewhere/b.yaml", "kind: X"));
    assert_eq!(digest(&[Arc::clone(&one)]), digest(&[other]));
    assert_ne!(digest(&[one]), digest(&[batch("a.yaml", "kind: Y")]));
}

#[test]
fn what_changes_alone_means_the_same_as_when_all_is_read_anew() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n";
    let config = |says: &str| batch("config.yaml", &format!("{head}data: {{mesh: \"{says}\"}}\n"));
    let aged = |name: &str, timeout: &str, year: &str| {
        let created = format!("{{name: {name}, creationTimestamp: '{year}-01-01T00:00:00Z'}}");
        rule(name, timeout).replace(&format!("{{name: {name}}}"), &created)
    };
    let service = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    let rules = |text: String| batch("rules.yaml", &text);
    let services = batch("services.yaml", &[service("a"), service("b")].concat());
    let both =
        |second: &str| rules([aged("a", "1s", "2021"), "---\n".into(), aged("b", "1s", second)].concat());
    let steps = [
        (both("2022"), config("{}")),
        (both("2020"), config("{}")),
        (both("2020"), config("defaultVirtualServiceExportTo: ['.']")),
        (both("2022"), config("defaultVirtualServiceExportTo: ['.']")),
        (rules(rule("a", "1s")), config("defaultDestinationRuleExportTo: ['.']")),
    ];
    let mut ledger = Ledger::new(Setting::default());
    let mut orders = Vec::new();
    for (rules, config) in steps {
        let batches = [rules, Arc::clone(&services), config];
        let after = ledger.take(&batches);
        assert_eq!(after, Ledger::new(Setting::default()).take(&batches));
        let rules = &after.0.virtual_services;
        orders.push(
            rules
                .iter()
                .map(|rules| (rules.name.to_string(), rules.export.reaches("other")))
                .collect::<Vec<_>>(),
        );
    }
    let order =
        |names: &[&str], is_seen| names.iter().map(|name| ((*name).to_owned(), is_seen)).collect::<Vec<_>>();
    let (ab, ba): (&[&str], &[&str]) = (&["a", "b"], &["b", "a"]);
    assert_eq!(
        orders,
        [order(ab, true), order(ba, true), order(ba, false), order(ab, false), order(&["a"], true)]
    );
}

#[test]
fn of_one_name_only_the_first_serves_even_when_all_of_them_go_wrong() {
    let mut ledger = Ledger::new(Setting::default());
    let files = |timeout: &str| ["x.yaml", "y.yaml"].map(|file| batch(file, &rule("a", timeout)));
    let (serving, status) = timeouts(&mut ledger, &files("1s"));
    assert_eq!(serving, [("a".into(), 1)]);
    assert_eq!(standings(&status), [Standing::Serving, Standing::Shadowed]);

    let (serving, status) = timeouts(&mut ledger, &files("nonsense"));
    assert_eq!(serving, [("a".into(), 1)]);
    assert_eq!(standings(&status), [Standing::Held, Standing::Shadowed]);
}

#[test]
fn documents_that_move_serve_as_they_did_and_tell_their_new_lines() {
    let odd = rule("c", "1s").replace("}]}]}", "}]}, {route: [{destination: {host: c}}]}]}");
    let text = [rule("a", "1s"), rule("b", "nonsense"), odd, rule("a", "2s")].join("---\n");
    let first = batch("x.yaml", &text);
    let mut ledger = Ledger::new(Setting::default());
    let (before, status) = ledger.take(&[Arc::clone(&first)]);
    let told = |status: &Status| {
        let faults: Vec<_> = status.faults.iter().map(|fault| fault.place.to_string()).collect();
        (faults, status.documents.iter().map(|document| document.place.line()).collect::<Vec<_>>())
    };
    let (faults, lines) = told(&status);
    assert_eq!(lines, [1, 11, 16]);
    assert!(
        faults.contains(&"x.yaml:9".to_owned()) && faults.contains(&"x.yaml:16".to_owned()),
        "{faults:?}"
    );

    let moved = first.next(format!("{}---\n{text}", rule("z", "1s")).as_bytes());
    let (after, status) = ledger.take(&[Arc::clone(&moved)]);
    let alone = [batch("x.yaml", &format!("{}---\n{text}", rule("z", "1s")))];
    assert_eq!(status, Ledger::new(Setting::default()).take(&alone).1);
    assert_eq!(told(&status).1, [1, 6, 16, 21]);

    let find = |model: &Model, name: &str| {
        let mut rules = model.virtual_services.iter().filter(|rules| *rules.name == *name);
        rules.next().cloned().expect("it serves")
    };
    assert!(Arc::ptr_eq(&find(&before, "c"), &find(&after, "c")));
    assert_eq!(find(&after, "c").routes[0].line.number(), 19);
}

#[test]
fn a_table_explains_itself_by_the_lines_where_its_documents_are_now() {
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    let text = [rule("a", "1s"), rule("b", "1s")].join("---\n");
    let (first, mut ledger) = (batch("x.yaml", &text), Ledger::new(Setting::default()));
    let table = Snapshot::compile(&ledger.read(&[Arc::clone(&first)]), &viewpoint, None);
    let line = |table: &Snapshot| {
        let request = Request::get("http://b.shop.svc.cluster.local/").body(()).expect("a request");
        table.explain(&RequestView::outbound(&request)).rule.expect("a rule").line
    };
    assert_eq!(line(&table), 9);

    let second = first.next(format!("# a line more\n{text}").as_bytes());
    let next = Snapshot::compile(&ledger.read(&[Arc::clone(&second)]), &viewpoint, Some(&table));
    assert_eq!((line(&next), line(&table)), (10, 10));
    let find = |table: &Snapshot| {
        let mut hosts = table.virtual_hosts().filter(|host| host.name.starts_with("b."));
        std::ptr::from_ref(hosts.next().expect("a virtual host"))
    };
    assert_eq!(find(&table), find(&next));

    // A document that is read anew in the same place is another one, which moves by itself.
    let third = second.next(format!("# a line more\n{text}# The end.\n").as_bytes());
    let next = Snapshot::compile(&ledger.read(&[Arc::clone(&third)]), &viewpoint, Some(&next));
    assert_eq!(line(&next), 10);
    let fourth = third.next(format!("{text}# The end.\n").as_bytes());
    let next = Snapshot::compile(&ledger.read(&[fourth]), &viewpoint, Some(&next));
    assert_eq!(line(&next), 9);
}

#[test]
fn what_changes_places_means_the_same_as_when_all_is_read_anew() {
    let texts = ["a", "b", "c", "d"].map(|name| format!("---\n{}", rule(name, "1s")));
    let text = |order: &[usize]| {
        let texts: Vec<_> = order.iter().map(|number| &*texts[*number]).collect();
        format!("# Rules.\n{}", texts.concat())
    };
    let mut batch = batch("x.yaml", &text(&[0, 1, 2, 3]));
    let mut ledger = Ledger::new(Setting::default());
    ledger.take(&[Arc::clone(&batch)]);
    for order in [&[0, 2, 1, 3][..], &[3, 2, 1, 0], &[2, 0], &[0, 1, 2, 2, 3], &[1]] {
        batch = batch.next(text(order).as_bytes());
        let after = ledger.take(&[Arc::clone(&batch)]);
        assert_eq!(after, Ledger::new(Setting::default()).take(&[Arc::clone(&batch)]), "{order:?}");
    }
}
