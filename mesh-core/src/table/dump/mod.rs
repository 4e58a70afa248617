//! What a table says, for tools: everything but secrets.

mod build;
mod inbound;
mod written;

pub use written::{
    Dump, HostDump, InboundDump, ListenerDump, MirrorDump, PolicyDump, RuleDump, ServerDump, TargetDump,
    TokenDump,
};
