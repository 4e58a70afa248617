//! Sends a request to the endpoint that was chosen, over a connection that is kept for the next one, within the bounds of
//! its backend.
//!
//! # What it does
//!
//! Takes the [`Upstream`](crate::Upstream) from the request's extensions. HTTP/1.1 connections carry one request at a time
//! and go back to their endpoint's pool when the response has been read to its end; an HTTP/2 connection is shared by the
//! requests to its endpoint. Two backends that share an endpoint share no connection, as in Envoy.
//!
//! A [`Dialer`] knows ways other than TCP.
//!
//! An upstream that has a name, because the request itself names its host or a ServiceEntry of resolution
//! `DNS_ROUND_ROBIN` does, is looked up when a connection is made to it, and [kept up to date](crate::dns). Connections are
//! tried to all its addresses, the families by turns and IPv6 first, one after the other until there is one: the next
//! begins 250 ms after the one before, or when that has failed (RFC 8305, Happy Eyeballs).
//!
//! A server may close its connections when it likes. A request is sent again over another connection if
//!
//! * nothing of it was sent, or
//! * the connection had served before and ended without an answer, and the request's method is safe (GET, HEAD, OPTIONS,
//!   TRACE) and it has no body, or
//! * HTTP/2 says that the connection goes away and that the server has not looked at it, if its method is idempotent.
//!   Of bodies, those that are here as a whole are sent again.
//!
//! What is left is for the [`retry`](crate::retry) layer, which keeps other bodies too.
//!
//! # TLS
//!
//! How a connection is secured is settled before it is opened, and is part of which pool it belongs to: what a rule wants
//! secured never goes over a connection that was opened without, or otherwise.
//!
//! | `tls` of the DestinationRule | the connection |
//! |---|---|
//! | none, and the endpoint has the label `security.istio.io/tlsMode: istio`, is no part of a `MESH_EXTERNAL` ServiceEntry, and no PeerAuthentication disables mutual TLS at its port | mutual TLS of the mesh, unless the MeshConfig says `enableAutoMtls: false` |
//! | none otherwise, and `DISABLE` | plain text; TLS, if the request's own URL begins with `https://` |
//! | `ISTIO_MUTUAL` | mutual TLS of the mesh |
//! | `SIMPLE`, `MUTUAL` | TLS with the authorities, and the certificate, that the rule names |
//!
//! *The mesh's* is TLS 1.2 or 1.3 with the workload's own certificate. The server must show that of a workload in
//! `subjectAltNames`; or else of a service account of the service's instances, or of `subjectAltNames` of its ServiceEntry;
//! where nobody says any of this, of any workload of the mesh's trust domain. Istio's name for the destination is asked for
//! (`outbound_.80_.v1_.product.shop.svc.cluster.local`), and Istio's protocols are offered (`istio-http/1.1` or `istio-h2`).
//! A workload without a valid certificate makes no such connection, and none in plain text either.
//!
//! *Other* TLS asks for `sni`, or for the request's host, which is also whose certificate it must be unless
//! `subjectAltNames` says otherwise. (Istio looks at no name where `sni` is written and `subjectAltNames` is not.) Without
//! `caCertificates` the authorities of the system count. Files are read again when they change.
//!
//! *A URL of `https://`* is a client's own wish for TLS; Istio's sidecars would pass such TLS on untouched. The server must
//! have a certificate for the URL's host by an authority of the system. Where a rule secures the connection already, that
//! is what is wished for.
//!
//! A handshake is part of the `connectTimeout`. One that fails ends the request as a failed connection does: the log has the
//! reason, the caller has not. Sessions are resumed with the same certificates and the same trust alone, and the server's
//! certificate is looked at anew. Connections that are open outlive a change of certificates.
//!
//! # When you want it
//!
//! At the bottom of an outbound stack. Without a route layer above, [`Connection::with_bounds`] says how much there may be,
//! and without [`Connection::with_clients`] there is nothing to prove oneself with.
//!
//! # How it is configured
//!
//! By the DestinationRule of the backend; each number is that of one backend (a service's port, or a subset of it) in this
//! process:
//!
//! ```yaml
//! trafficPolicy:
//!   tls: {mode: ISTIO_MUTUAL}        # default: as the endpoint takes it
//!   connectionPool:
//!     tcp:
//!       maxConnections: 100          # further requests wait; default: no bound
//!       connectTimeout: 1s           # default: 10 s
//!       maxConnectionDuration: 1h    # then it finishes what it carries, and closes; default: any time
//!       tcpKeepalive: {time: 60s, interval: 10s, probes: 3}   # default: off
//!     http:
//!       http1MaxPendingRequests: 10  # may have no connection yet, of HTTP/2 too; default: no bound
//!       http2MaxRequests: 200        # may be under way, of HTTP/1.1 too; default: no bound
//!       maxRequestsPerConnection: 1000                        # default: no bound
//!       maxConcurrentStreams: 50     # of one HTTP/2 connection; further ones open another; default: no bound
//!       idleTimeout: 30m             # in which no request came, then it closes; 0 is never; default: 1 h
//!       http2KeepAlive: {interval: 30s, timeout: 5s}          # default: off
//! ```
//!
//! Requests to hosts that nobody described are within the bounds of the MeshConfig's `defaultTrafficPolicy`, all of them
//! together. What a DestinationRule does not say its `connectTimeout`, `tcpKeepalive` and `h2UpgradePolicy` do.
//!
//! The protocol comes from the service's port: its name (`http`, `http2`, `grpc`, …) or `appProtocol`; a port that tells
//! nothing gets HTTP of the version that the request came with.
//!
//! A request that has no connection at once is pending: it waits for the one that is opened for it, or for one that comes
//! free. Those that wait for one endpoint have their turns in the order in which they came. One that would be too many
//! fails at once with [`Kind::Overflow`](crate::Kind::Overflow). When a connection cannot be made, all who wait at its
//! endpoint fail with it, as in Envoy, and may be tried again elsewhere. An endpoint without a connection may always have one,
//! as in Envoy: what waits there would otherwise depend on what happens elsewhere. A connection that was upgraded counts
//! until it closes.
//!
//! # Posture
//!
//! Choose later: always ready, since readiness belongs to an endpoint. Whoever waits does so in the future, within the
//! bound on pending requests.
//!
//! # Cancel safety
//!
//! Dropping the future gives up the place in the line. Dropping it or the response body before the end closes an HTTP/1.1
//! connection, and resets one stream of an HTTP/2 connection; what counted is counted no longer.
//!
//! # What survives a reload
//!
//! Every connection to an endpoint that still exists in the same backend, and every count. Bounds on numbers hold for the
//! next request; how long a connection may live or rest is decided when it is opened. At an endpoint that is gone, requests
//! under way finish, and connections close as soon as nobody uses them.
//!
//! Nothing is buffered: bodies, trailers and upgrades pass as they come.

mod again;
mod connect;
mod counts;
mod dial;
mod dialer;
mod failure;
mod head;
mod http1;
mod http2;
mod lease;
mod life;
mod line;
mod pool;
mod service;
mod socket;
mod table;
mod tls;

pub use dialer::{Dialer, Transport};
pub(crate) use head::{remove_hop_by_hop, tokens, without_credentials};
pub use lease::Leased;
pub use service::Connection;
