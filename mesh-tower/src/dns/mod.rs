//! What DNS says of names, asked once for everybody who wants to know, and kept up to date.
//!
//! # What it does
//!
//! A name is asked for when somebody wants to know it for the first time; whoever wants to know it meanwhile waits for the
//! same answer. From then on it is asked for again in the background, whenever its last answer has expired, so that nobody
//! waits again.
//!
//! | the last answer | asked again after |
//! |---|---|
//! | addresses | the shortest of their TTLs: at least 1 s, at most `dnsRefreshRate`, which also stands for a TTL of zero |
//! | no such name, or no address for it | 1 s, doubled up to `dnsRefreshRate` for as long as it stays so |
//! | none: no server answered, or one that failed | the same; until then what was known before still holds |
//!
//! Who says that there is no such name is believed at once, as by Envoy: a Kubernetes service without a pod has none.
//!
//! The operating system says whom to ask: `/etc/hosts` and `/etc/resolv.conf`, with its search list, both read again when
//! they change. Addresses to which this machine has no route, those of IPv6 in most places, are left out if there are
//! others.
//!
//! Names that documents mention are kept up to date for as long as a table has them. Those that requests bring along are
//! the last 1024, and are forgotten when nobody connected to them for five minutes, as by Envoy.
//!
//! # How it is configured
//!
//! By `dnsRefreshRate` of the MeshConfig, 60 s unless it says otherwise; [`Dns::at`] asks other servers than the system's,
//! [`Dns::asking`] something else than DNS.

mod known;
mod lookup;
mod names;
mod policy;
mod route;
mod system;

pub(crate) use known::Name;
pub use lookup::{Answer, Lookup};
pub use names::Dns;
