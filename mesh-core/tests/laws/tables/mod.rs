//! Whole tables: a decision is what somebody finds who reads all documents for every request.

mod any;
mod scan;

use any::{Any, Sent};
use mesh_core::{
    model::Model,
    table::{Decision, Explanation, Refusal, RequestView, Snapshot, Viewpoint},
};
use scan::{Outcome, scan};

/// Holds all laws for a table, a change of it and some requests that these bytes choose.
pub(crate) fn hold(bytes: &[u8]) {
    let mut any = Any::new(bytes);
    // What is chosen last is poor: requests come first.
    let viewpoint = any.viewpoint();
    let sent: Vec<_> = (0..4).map(|_| (any.sent(&viewpoint), any.roll())).collect();
    let change = any.change();
    let model = any.model();
    let table = Snapshot::compile(&model, &viewpoint, None);
    let former = Snapshot::compile(&change.undo(&model), &viewpoint, None);
    let carried = Snapshot::compile(&model, &viewpoint, Some(&former));
    equal(&table, &carried);
    for (sent, roll) in &sent {
        one(&model, &viewpoint, [&table, &carried], sent, *roll);
    }
}

/// What is carried over from another table is as if it were made anew.
fn equal(made: &Snapshot, carried: &Snapshot) {
    assert!(made.virtual_hosts().eq(carried.virtual_hosts()), "{made:#?} and {carried:#?}");
    assert!(made.backends().eq(carried.backends()), "{made:#?} and {carried:#?}");
    assert_eq!(made.listeners(), carried.listeners());
}

fn one(model: &Model, viewpoint: &Viewpoint, tables: [&Snapshot; 2], sent: &Sent, roll: u32) {
    let headers = sent.headers();
    let view = sent.view(&headers);
    let expected = scan(model, viewpoint, &view, roll);
    for table in tables {
        let decided = outcome(table, &view, roll);
        assert_eq!(decided, expected, "{view:#?} of {viewpoint:?} in {model:#?}");
        explained(&table.explain(&view), &decided);
    }
}

fn outcome(table: &Snapshot, view: &RequestView<'_>, roll: u32) -> Outcome {
    match table.decide(view, roll) {
        Decision::Pass => Outcome::Pass,
        Decision::Refuse(refusal) => Outcome::Refuse(refusal),
        Decision::Answer(chosen) => Outcome::Answer(table.rule(chosen).name.to_string()),
        Decision::Forward(chosen) => {
            let target = table.target(chosen).expect("a target");
            let backend = target.backend(view.port).expect("a backend");
            let endpoint = |endpoint: &mesh_core::table::BackendEndpoint| {
                format!("{}:{}", endpoint.address, endpoint.port)
            };
            Outcome::Forward {
                rule: table.rule(chosen).name.to_string(),
                backend: backend.name.to_string(),
                endpoints: backend.endpoints.iter().map(endpoint).collect(),
                policy: [
                    Some(backend.policy.connection_pool.max_connections),
                    backend.policy.outlier_detection.as_ref().map(|outlier| outlier.consecutive_5xx),
                    backend.policy.retry_budget.map(|budget| budget.min_concurrency),
                ],
            }
        }
    }
}

/// An explanation tells of the same decision.
fn explained(explanation: &Explanation, decided: &Outcome) {
    let rule = explanation.rule.as_ref();
    let name = rule.map(|rule| rule.name.as_str());
    assert_eq!(rule.map_or(0, |rule| rule.number - 1), rule.map_or(0, |_| explanation.passed_over.len()));
    match decided {
        Outcome::Pass => assert_eq!((explanation.outcome, name), ("passthrough", None)),
        Outcome::Refuse(Refusal::NoRoute) => {
            assert_eq!((explanation.status, explanation.flag, name), (Some(404), Some("NR"), None));
        }
        Outcome::Refuse(Refusal::UnknownHost) => {
            assert_eq!((explanation.status, explanation.flag, name), (Some(502), None, None));
        }
        Outcome::Refuse(Refusal::Missing(_)) => {
            assert!(explanation.targets.iter().any(|target| target.missing.is_some()), "{explanation}");
        }
        Outcome::Answer(rule) => {
            assert_eq!(name, Some(rule.as_str()));
            assert!(matches!(explanation.outcome, "respond" | "redirect"), "{explanation}");
        }
        Outcome::Forward { rule, endpoints, .. } => {
            assert_eq!(name, Some(rule.as_str()));
            let told = |target: &mesh_core::table::TargetExplanation| target.endpoints == *endpoints;
            assert!(explanation.targets.iter().any(told), "{explanation}");
            let percent: f64 = explanation.targets.iter().map(|target| target.percent).sum();
            assert!((percent - 100.0).abs() < 1e-6, "{explanation}");
        }
    }
    assert!(!explanation.to_string().is_empty());
}
