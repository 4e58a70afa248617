//! Who may connect to a workload: mutual TLS, as the mesh speaks it.
//!
//! # What it does
//!
//! Looks at the first byte of each connection, which tells TLS from HTTP, and at the protocols that a TLS client offers,
//! which tell the mesh's TLS (`istio`, `istio-h2`, …) from the application's own. What then becomes of it is for the
//! documents to say, for each port:
//!
//! | mode | plain text | the mesh's TLS | other TLS |
//! |---|---|---|---|
//! | `PERMISSIVE` | is served | is served, if both ends prove who they are | is handed to the application untouched, or closed if that does not ask for it |
//! | `STRICT` | is reset | is served, if both ends prove who they are | the same |
//! | `DISABLE` | is served | is bytes like any other | the same |
//!
//! A client proves who it is by a certificate of a workload of the mesh: one SPIFFE id, of the mesh's trust domain or an
//! alias of it, signed by an authority of that domain. TLS is 1.2 or 1.3. A workload without credentials, or with
//! credentials whose time is over, makes no handshake: it serves plain text where that is allowed, and nothing else.
//!
//! # How it is configured
//!
//! By `PeerAuthentication`, and by `trustDomain`, `trustDomainAliases`, `caCertificates` and `meshMTLS` of the
//! MeshConfig:
//!
//! ```yaml
//! apiVersion: security.istio.io/v1
//! kind: PeerAuthentication
//! metadata: {name: default, namespace: shop}
//! spec: {mtls: {mode: STRICT}}
//! ```
//!
//! # What is bounded
//!
//! A client has 60 s for its first byte and 10 s from then on for its handshake. Of a client that is not known yet, no
//! more than its first message is kept.
//!
//! # What survives a reload
//!
//! Connections do. New credentials, new trust and new modes are for new connections; but those in plain text end where
//! mutual TLS must be spoken from now on: what is under way is answered, within the time of a drain, and an idle one is
//! closed at once. Sessions are resumed for as long as credentials and trust are those that they began with, and the
//! client's certificate is valid.

mod accept;
mod policy;
mod state;

pub(crate) use accept::{Arrived, Door, hello, secured};
pub(crate) use state::Secrets;
