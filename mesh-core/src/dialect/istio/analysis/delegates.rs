//! VirtualServices that are handed requests.

use super::{documents::All, subject::SPEC};
use crate::{
    dialect::codes::UNKNOWN_REFERENCE,
    document::{Fault, VirtualService},
};
use std::collections::HashMap;

/// Checks that what rules hand over to is there, and is a delegate. `is_whole`: nothing that matters is elsewhere.
pub(super) fn check(rules: &All<'_, VirtualService>, is_whole: bool, faults: &mut Vec<Fault>) {
    let mut delegates: HashMap<(&str, &str), bool> = HashMap::new();
    for (subject, written) in rules {
        let metadata = subject.metadata();
        delegates.entry((&metadata.namespace, &metadata.name)).or_insert(written.hosts.is_empty());
    }
    let is_whole = is_whole || delegates.values().any(|is_delegate| *is_delegate);
    for (subject, written) in rules {
        let at = SPEC.field("http");
        for (index, rule) in written.http.iter().enumerate() {
            let Some(delegate) = &rule.delegate else { continue };
            let (namespace, name) = subject.delegate(delegate);
            let finding = match delegates.get(&(&*namespace, &*name)) {
                Some(true) => continue,
                Some(false) => {
                    let reason =
                        format!("VirtualService {namespace}/{name} has hosts of its own, and is no delegate");
                    UNKNOWN_REFERENCE.because(reason, "remove its hosts, or hand over to another")
                }
                None if !is_whole => continue,
                None => {
                    let reason = format!("referenced VirtualService not found: \"{namespace}/{name}\"");
                    UNKNOWN_REFERENCE
                        .because(reason, "correct the name and the namespace, or add the delegate")
                }
            };
            faults.push(subject.fault(&at.index(index).field("delegate"), finding));
        }
    }
}
