//! An ingress or egress gateway: the doors of the mesh.
//!
//! **What it does.** Opens the ports that `Gateway` documents ask for, ends TLS with the certificate of the host that
//! the client names (SNI), and forwards requests by the `VirtualService`s bound to the gateway. When documents change,
//! ports open and close; connections on the others stay. A certificate that changes on disk is used from the next
//! handshake on.
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
//! ```
//!
//! A client that names no host of the gateway in TLS is disconnected; a request that no rule matches gets 404. The
//! client's address is appended to `x-forwarded-for`, and `x-forwarded-proto` is set.

mod forward;
mod run;
mod tls;
mod tunnel;

pub use run::Gateway;
