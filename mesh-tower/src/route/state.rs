//! The name of the documents that decided last, as a header says it.

use crate::context::generation_value;
use arc_swap::ArcSwap;
use http::HeaderValue;
use std::sync::Arc;

/// The value of the generation header, made once for many requests: its clones share the text.
#[derive(Clone, Debug)]
pub(super) struct Generations(Arc<ArcSwap<Named>>);

#[derive(Debug)]
struct Named {
    digest: u64,
    value: HeaderValue,
}

impl Named {
    fn new(digest: u64) -> Self {
        Self { digest, value: generation_value(digest) }
    }
}

impl Generations {
    /// The value for the documents of this digest.
    pub(super) fn value(&self, digest: u64) -> HeaderValue {
        let last = self.0.load();
        if last.digest == digest {
            return last.value.clone();
        }
        let next = Arc::new(Named::new(digest));
        let value = next.value.clone();
        self.0.store(next);
        value
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Named::new(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_its_own_value_whichever_was_last() {
        let generations = Generations::default();
        for digest in [0, 7, 7, 8, 7] {
            assert_eq!(generations.value(digest), generation_value(digest));
        }
    }
}
