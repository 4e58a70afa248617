//! What the processes of a run say to each other, as one line of JSON each.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};

/// Where an origin answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    /// Its addresses: whoever balances balances among them.
    pub(crate) at: [SocketAddr; 2],
}

/// What a caller is told to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// How long it calls.
    pub(crate) lasting: Duration,
}

/// What came of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// How many requests were answered as they should be.
    pub(crate) requests: u64,
    /// How many were not.
    pub(crate) failures: u64,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
    /// What half of the requests took at most.
    pub(crate) p50: Duration,
    /// What 99 of 100 requests took at most.
    pub(crate) p99: Duration,
}
