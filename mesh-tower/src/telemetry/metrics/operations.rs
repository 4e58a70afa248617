//! What requests ask for, as the label `operation` has it.

use crate::event::Exchange;
use arc_swap::ArcSwap;
use rustc_hash::FxHashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What is said of those that are not told apart.
const OTHER: &str = "other";
/// gRPC's code of methods that there are not.
const UNIMPLEMENTED: u16 = 12;

/// The operations that are told apart.
#[derive(Default)]
pub(in crate::telemetry) struct Operations {
    /// How many there may be; without any, nothing is said of operations.
    most: AtomicUsize,
    known: ArcSwap<FxHashSet<Box<str>>>,
}

impl Operations {
    /// From now on so many are told apart.
    pub(in crate::telemetry) fn allow(&self, most: usize) {
        self.most.store(most, Relaxed);
    }

    /// Whether anything is said of operations.
    pub(in crate::telemetry) fn are_told(&self) -> bool {
        self.most.load(Relaxed) > 0
    }

    /// What is said of a request; `None` when nothing is said of any.
    pub(super) fn of<'a>(&self, exchange: &'a Exchange) -> Option<&'a str> {
        if !self.are_told() || exchange.is_connection {
            return None;
        }
        let name = exchange.operation.as_str();
        if name.is_empty() {
            return Some(super::key::UNKNOWN);
        }
        if self.known.load().contains(name) {
            return Some(name);
        }
        // Whoever makes up methods must not take the place of those that there are.
        let is_made_up = exchange.grpc_status == Some(UNIMPLEMENTED);
        Some(if !is_made_up && self.add(name) { name } else { OTHER })
    }

    /// Tells one more apart, if there is room.
    fn add(&self, name: &str) -> bool {
        let most = self.most.load(Relaxed);
        self.known.rcu(|known| {
            let mut more = FxHashSet::clone(known);
            if more.len() < most {
                more.insert(name.into());
            }
            more
        });
        self.known.load().contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: &str, grpc_status: Option<u16>) -> Exchange {
        Exchange { operation: name.to_owned(), grpc_status, ..Exchange::default() }
    }

    #[test]
    fn so_many_are_told_apart_and_no_more() {
        let operations = Operations::default();
        assert_eq!(operations.of(&asking("GET /a", None)), None);
        operations.allow(2);
        assert_eq!(operations.of(&asking("", None)), Some("unknown"));
        assert_eq!(operations.of(&asking("made.Up/Method", Some(12))), Some("other"));
        for name in ["GET /a", "shop.Product/Get", "GET /a"] {
            assert_eq!(operations.of(&asking(name, None)), Some(name));
        }
        assert_eq!(operations.of(&asking("GET /c", None)), Some("other"));
        assert_eq!(operations.of(&asking("shop.Product/Get", Some(12))), Some("shop.Product/Get"));
    }
}
