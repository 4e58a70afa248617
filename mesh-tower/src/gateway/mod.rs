//! An ingress or egress gateway: the doors of the mesh.
//!
//! **What it does.** Opens the ports that `Gateway` documents ask for, ends TLS with the certificate of the host that
//! the client names (SNI), and forwards requests by the `VirtualService`s bound to the gateway. When documents change,
//! ports open and close; connections on the others stay, unless TLS for their host is to end in another way: those take
//! no further request. Certificates, authorities and revocations that change on disk are used from the next handshake on.
//!
//! **How it is configured.**
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: Gateway
//! metadata: {name: door}
//! spec:
//!   selector: {istio: ingressgateway}
//!   servers:
//!   - port: {number: 443, name: https, protocol: HTTPS}
//!     hosts: [shop.example.com]
//!     tls: {mode: SIMPLE, credentialName: shop-cert}
//!   - port: {number: 443, name: sealed, protocol: TLS}
//!     hosts: [bank.example.com]
//!     tls: {mode: PASSTHROUGH}
//! ```
//!
//! | mode | where TLS ends | a client's certificate |
//! |---|---|---|
//! | `SIMPLE` | here | is not asked for |
//! | `MUTUAL` | here | must come from the authorities of `caCertificates`, or of the secret |
//! | `OPTIONAL_MUTUAL` | here | may be absent, and is else as for `MUTUAL` |
//! | `ISTIO_MUTUAL` | here | must be that of a workload of the mesh: see [`mtls`](crate::mtls) |
//! | `PASSTHROUGH` | at the service that `tls` rules of a VirtualService name | is for that service to ask for |
//!
//! A client that names no host of the gateway in TLS is disconnected; a request that no rule matches gets 404. One that
//! comes over TLS made for another server's host gets 421, so that nobody walks around a server that asks for
//! certificates. The client's address is appended to `x-forwarded-for`, `x-forwarded-proto` is set, and
//! `x-forwarded-client-cert` tells of the client's certificate, and of nothing that the client says itself.

mod forward;
mod run;
mod tls;
mod tunnel;

pub use run::Gateway;
