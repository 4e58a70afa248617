//! Documents change; what was good goes on serving.

use mesh_core::{
    dialect::Setting,
    source::Batch,
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
