//! Which requests are hedged, how many hedges there are, and which answers are worth taking.

use crate::BoxError;
use http::{HeaderName, Method, Request, Response, header::UPGRADE};
use mesh_core::model::Share;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How many hedges there may be at once: a share of the requests that wait for their answer, or `at_least` so many.
///
/// A service that is slow because it has too much to do would have twice as much without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The share of the requests that wait for their answer. Default: 20 %.
    pub share: Share,
    /// How many there may be however few requests wait. Default: 3.
    pub at_least: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { share: Share::from_percent(20.0).unwrap_or(Share::NONE), at_least: 3 }
    }
}

impl Budget {
    /// How many hedges there may be at once while so many requests wait.
    pub(super) fn most(self, waiting: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
        let share = (self.share.percent() / 100.0 * f64::from(waiting)) as u32;
        share.max(self.at_least)
    }
}

/// Whether a request may be sent more than once: never one that is to become a tunnel, and one that could do something
/// twice only if somebody is bold.
pub(super) fn is_repeatable<B>(request: &Request<B>, is_bold: bool) -> bool {
    let (method, headers) = (request.method(), request.headers());
    let is_idempotent = method.is_idempotent() || headers.contains_key(IDEMPOTENCY_KEY);
    method != Method::CONNECT && !headers.contains_key(UPGRADE) && (is_bold || is_idempotent)
}

/// Whether an outcome is worth taking while another one may still come: an answer that another endpoint would give, too.
pub(super) fn is_good<R>(outcome: &Result<Response<R>, BoxError>) -> bool {
    let Ok(response) = outcome else { return false };
    let grpc: Option<u8> =
        response.headers().get(GRPC_STATUS).and_then(|status| status.to_str().ok()?.parse().ok());
    // Cancelled, deadline exceeded, resource exhausted, internal, unavailable: what a retry could mend.
    !response.status().is_server_error() && !grpc.is_some_and(|code| matches!(code, 1 | 4 | 8 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_share_and_has_a_floor() {
        for (waiting, most) in [(0, 3), (15, 3), (20, 4), (100, 20)] {
            assert_eq!(Budget::default().most(waiting), most, "{waiting}");
        }
        assert_eq!(Budget { share: Share::NONE, at_least: 0 }.most(u32::MAX), 0);
    }

    #[test]
    fn what_must_be_done_once_is_repeated_only_by_the_bold_and_a_tunnel_by_nobody() {
        let request = |method| Request::builder().method(method).uri("product:80");
        let cases = [
            (request(Method::GET), true, true),
            (request(Method::PUT), true, true),
            (request(Method::POST), false, true),
            (request(Method::POST).header(IDEMPOTENCY_KEY, "1"), true, true),
            (request(Method::CONNECT), false, false),
            (request(Method::GET).header(UPGRADE, "websocket"), false, false),
        ];
        for (request, by_default, if_bold) in cases {
            let request = request.body(()).unwrap();
            assert_eq!(is_repeatable(&request, false), by_default, "{request:?}");
            assert_eq!(is_repeatable(&request, true), if_bold, "{request:?}");
        }
    }

    #[test]
    fn an_answer_that_another_endpoint_would_give_too_is_good() {
        let outcome = |status: u16, grpc: Option<&str>| {
            let response = Response::builder().status(status);
            let response =
                grpc.map_or(Response::builder().status(status), |code| response.header(GRPC_STATUS, code));
            Ok(response.body(()).unwrap())
        };
        for (status, grpc) in [(200, None), (404, None), (200, Some("0")), (200, Some("5"))] {
            assert!(is_good(&outcome(status, grpc)), "{status} {grpc:?}");
        }
        for (status, grpc) in [(500, None), (503, None), (200, Some("14")), (200, Some("4"))] {
            assert!(!is_good(&outcome(status, grpc)), "{status} {grpc:?}");
        }
        assert!(!is_good::<()>(&Err("no answer".into())));
    }
}
