//! What somebody *wrote*: Istio's and Kubernetes' documents, as plain values, one file a kind.
//!
//! Nothing here knows what a document means; [`dialect`](crate::dialect) does. Reading notes every fault of a document
//! at once, each with its line and field path.

mod destination_rule;
mod fault;
mod gateway;
mod http_match;
mod injection;
mod kind;
mod lines;
mod node;
mod object;
mod path;
mod plain;
mod policy;
mod read;
mod service;
mod service_entry;
mod values;
mod virtual_service;
mod workload_entry;

pub use destination_rule::{ClientTls, ClientTlsMode, DestinationRule, Selector, Subset, TrafficPolicy};
pub use fault::{Fault, Place, Severity};
pub use gateway::{Gateway, Server, ServerPort, ServerTls, ServerTlsMode};
pub use http_match::{HttpMatch, StringMatch};
pub use injection::{Abort, Delay, FaultInjection};
pub use kind::{Kind, KnownKind};
pub use lines::Lines;
pub use node::{Entry, Node, Value};
pub use object::{Body, Document, Key, Metadata, Reading, read};
pub use path::Path;
pub use plain::parse_duration;
pub use policy::{Policy, Target};
pub use read::{At, Fields, Read, Report};
pub use service::{Service, ServicePort, TargetPort};
pub use service_entry::{EntryPort, Location, Resolution, ServiceEntry, WorkloadSelector};
pub use values::{Base64, Later, Percent, PortSelector};
pub use virtual_service::{
    DerivePort, Destination, DirectResponse, HeaderOperations, Headers, HttpDestination, HttpRoute, Redirect,
    RegexRewrite, Rewrite, VirtualService,
};
pub use workload_entry::WorkloadEntry;
