//! What HTTP promises, through the client, the server and the gateway, over real sockets.

mod failures;
mod mirrors;
mod pool;
mod rules;
mod streaming;
mod upgrades;
