//! What the mesh is told: what a service of Istio's has by default, and some rules for its requests.

use crate::certificates::PRODUCT;
use std::{fmt::Write, net::SocketAddr};

/// The ports of the service: for HTTP/1.1 and for HTTP/2.
pub(crate) const PORTS: [u16; 2] = [80, 8080];

/// The service itself.
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: product}
spec:
  selector: {app: product}
  ports: [{name: http, port: 80}, {name: http2, port: 8080}]
";

/// Testers go to the new version, everybody else by weight; faults are for nobody, retries are the default, and
/// connections, time and endpoints have their limits. Envoy is configured to the same effect.
const RULES: &str = "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: product}
spec:
  host: product
  trafficPolicy:
    tls: {mode: TLS_MODE}
    connectionPool:
      tcp: {maxConnections: 1024, connectTimeout: 1s}
      http: {http1MaxPendingRequests: 1024, http2MaxRequests: 1024}
    outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 50}
  subsets: [{name: old, labels: {version: old}}, {name: new, labels: {version: new}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: product}
spec:
  hosts: [product]
  http:
  - match: [{headers: {x-group: {exact: test}}}]
    route: [{destination: {host: product, subset: new}}]
  - fault: {abort: {percentage: {value: 0}, httpStatus: 500}}
    timeout: 10s
    route:
    - {destination: {host: product, subset: old}, weight: 100}
    - {destination: {host: product, subset: new}, weight: 0}
";

/// Everybody has to prove who they are.
const STRICT: &str = "---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: mesh, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
";

/// The documents of a mesh without TLS, whose service has these addresses, all of the old version.
pub(crate) fn plain(addresses: &[SocketAddr]) -> String {
    documents(addresses, "DISABLE")
}

/// The same with mutual TLS, which everybody has to speak.
pub(crate) fn secured(addresses: &[SocketAddr]) -> String {
    documents(addresses, "ISTIO_MUTUAL") + STRICT
}

fn documents(addresses: &[SocketAddr], mode: &str) -> String {
    let mut text = SERVICE.to_owned() + &RULES.replace("TLS_MODE", mode);
    for (number, address) in addresses.iter().enumerate() {
        let (ip, port) = (address.ip(), address.port());
        let _ = write!(
            text,
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: at-{number}}}\nspec: \
             {{address: {ip}, ports: {{http: {port}, http2: {port}}}, serviceAccount: {PRODUCT}, labels: {{app: \
             product, version: old}}}}\n"
        );
    }
    text
}
