//! What several of the benchmarks share: a mesh of many services, as text, and a real Envoy.

pub mod envoy;
pub mod product;

use std::fmt::Write;

/// The VirtualService of service `number`, as a document of its own: testers see the new version, and everybody else is
/// split, with this weight for the old one.
#[must_use]
pub fn virtual_service(number: usize, weight: usize) -> String {
    let other = 100 - weight;
    format!(
        "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: service-{number}
  namespace: shop
spec:
  hosts:
  - service-{number}
  http:
  - match:
    - headers:
        x-group:
          exact: test
    route:
    - destination:
        host: service-{number}
        subset: new
  - route:
    - destination:
        host: service-{number}
        subset: old
      weight: {weight}
    - destination:
        host: service-{number}
        subset: new
      weight: {other}
---
"
    )
}

/// So many VirtualServices in one text; one of them, if `changed` names it, with other weights.
#[must_use]
pub fn virtual_services(count: usize, changed: Option<usize>) -> String {
    (0..count).map(|number| virtual_service(number, if changed == Some(number) { 80 } else { 90 })).collect()
}

/// The services that the rules are for, and their subsets.
#[must_use]
pub fn services(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "apiVersion: v1
kind: Service
metadata:
  name: service-{number}
  namespace: shop
spec:
  ports:
  - name: http
    port: 80
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: service-{number}
  namespace: shop
spec:
  host: service-{number}
  subsets:
  - name: old
    labels:
      version: old
  - name: new
    labels:
      version: new
---
"
        );
    }
    text
}
