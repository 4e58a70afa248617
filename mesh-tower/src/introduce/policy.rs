//! What becomes of `x-forwarded-client-cert`.

use crate::context::{Arrival, Introduction};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Who the callers are, the latest last.
const CLIENT_CERT: HeaderName = HeaderName::from_static("x-forwarded-client-cert");

/// Whether what earlier ones said stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// It does, where whoever passes it on has proven who it is: Envoy's `APPEND_FORWARD`.
    Stays,
    /// It does not: Envoy's `SANITIZE_SET`.
    Goes,
}

/// Writes who is at the other end. Nobody else's word counts where nobody has proven who it is.
pub(super) fn introduce(headers: &mut HeaderMap, arrival: Option<&Arrival>, earlier: Earlier) {
    match arrival.and_then(Arrival::introduction) {
        None => drop(headers.remove(CLIENT_CERT)),
        Some(introduction) => {
            let value = match earlier {
                Earlier::Stays => joined(headers, introduction),
                Earlier::Goes => introduction.element().clone(),
            };
            headers.insert(CLIENT_CERT, value);
        }
    }
}

/// What was said, and the newest element.
fn joined(headers: &HeaderMap, introduction: &Introduction) -> HeaderValue {
    let mut bytes = Vec::new();
    for said in headers.get_all(CLIENT_CERT).iter().filter(|said| !said.is_empty()) {
        bytes.extend_from_slice(said.as_bytes());
        bytes.push(b',');
    }
    if bytes.is_empty() {
        return introduction.element().clone();
    }
    bytes.extend_from_slice(introduction.element().as_bytes());
    // Parts that are values of headers are one together.
    HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| introduction.element().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::identity::{PeerCertificate, SpiffeId};
    use std::net::SocketAddr;

    fn arrival(is_proven: bool) -> Arrival {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let id = |name: &str| SpiffeId::parse(&format!("spiffe://td/ns/shop/sa/{name}")).unwrap();
        let certificate = PeerCertificate {
            hash: [0xab; 32],
            subject: "CN=a \"b\"".into(),
            uris: vec![id("caller").to_string()],
            ..PeerCertificate::default()
        };
        let introduction = is_proven.then(|| Introduction::of_workload(&id("own"), &certificate)).flatten();
        Arrival::new(address, address).introduced(introduction)
    }

    fn told(said: &[&'static str], arrival: Option<&Arrival>, earlier: Earlier) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for said in said {
            headers.append(CLIENT_CERT, HeaderValue::from_static(said));
        }
        introduce(&mut headers, arrival, earlier);
        headers.get_all(CLIENT_CERT).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn who_has_proven_nothing_is_not_believed_about_others() {
        let stranger = arrival(false);
        for earlier in [Earlier::Stays, Earlier::Goes] {
            assert_eq!(told(&["By=a;URI=b"], Some(&stranger), earlier), [""; 0]);
            assert_eq!(told(&["By=a;URI=b", "c"], None, earlier), [""; 0]);
        }
    }

    #[test]
    fn a_workload_adds_to_what_it_passes_on_and_a_gateway_begins_anew() {
        let own = format!(
            "By=spiffe://td/ns/shop/sa/own;Hash={};Subject=\"CN=a \\\"b\\\"\";URI=spiffe://td/ns/shop/sa/caller",
            "ab".repeat(32)
        );
        let known = arrival(true);
        assert_eq!(told(&[], Some(&known), Earlier::Stays), std::slice::from_ref(&own));
        assert_eq!(told(&["x", "y"], Some(&known), Earlier::Stays), [format!("x,y,{own}")]);
        assert_eq!(told(&["x", "y"], Some(&known), Earlier::Goes), [own]);
    }
}
