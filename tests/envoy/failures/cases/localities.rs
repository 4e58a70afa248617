//! Endpoints near and far: the first is near, all others are in another locality.

use crate::failures::{
    case::{Case, http},
    script::{Step, Step::*, answer},
};
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let weak = [Answer(answer(503)); 12];
    let retries = |more: &[(&str, bool)]| {
        let mut retries = json!({"attempts": 6, "retryOn": "5xx"});
        more.iter().for_each(|(field, value)| retries[field] = json!(value));
        retries
    };
    let (leaves, accepts) = (("retryRemoteLocalities", true), ("retryIgnorePreviousHosts", false));
    vec![
        far("far endpoints get nothing while the near one is healthy", &weak, 2).never_again().in_turn(4),
        far("retries stay near", &weak, 2).retries(retries(&[])),
        far("retries leave a locality after two tries", &weak, 2).retries(retries(&[leaves])),
        far("retries leave a locality though they accept what was tried", &weak, 2)
            .retries(retries(&[leaves, accepts])),
        far("two tries leave nothing", &weak, 2).retries(json!({
            "attempts": 1, "retryOn": "5xx", "retryRemoteLocalities": true,
        })),
        far("far endpoints get what the near one is left out of", &weak[..1], 2)
            .policy("outlierDetection", outlier(1))
            .never_again()
            .in_turn(4),
    ]
}

/// A service with one near endpoint and so many in all. Without ejections nobody would be near.
fn far(name: &'static str, script: &[Step], endpoints: usize) -> Case {
    let case = http(name, script).endpoints(endpoints, 0).policy("outlierDetection", outlier(0));
    Case { is_spread: true, ..case }
}

fn outlier(errors: u32) -> serde_json::Value {
    json!({"consecutive5xxErrors": errors, "maxEjectionPercent": 100, "baseEjectionTime": "60s", "interval": "60s"})
}
