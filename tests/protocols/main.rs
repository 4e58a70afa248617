//! What HTTP promises, through the client, the server and the gateway, over real sockets.

mod closing;
mod failures;
mod hedges;
mod messages;
mod mirrors;
mod pool;
mod rules;
mod streaming;
mod upgrades;
