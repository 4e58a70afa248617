//! Who may connect to workloads, and what may be asked of them.

/// What all documents say about the requests that come to workloads, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {}
