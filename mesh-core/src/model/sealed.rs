//! Rules for TLS that ends at the service behind.

use super::{Block, Destination, HostPattern, Line};

/// One rule for connections whose TLS is not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRoute {
    /// The line of its document where it starts, for explanations; 0 when unknown.
    pub line: Line,
    /// The conditions: one block must hold. Never empty.
    pub blocks: Vec<SealedBlock>,
    /// Where such connections go, by weight. Never empty; the weights' sum is never 0.
    pub destinations: Vec<Destination>,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    /// The hosts that the client asks for. Never empty.
    pub hosts: Vec<HostPattern>,
    /// What is asked of the place; what it says of requests is not looked at.
    pub place: Block,
}
