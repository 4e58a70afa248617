//! What comes of a case, as far as both sides must agree.

use super::{
    case::{Case, Times},
    script::{Attempt, Script, shown},
};
use crate::{istiod::NAME, outcome::RESPONSE_HEADERS, upstreams::texts};
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use mesh_tower::respond::Refused;
use std::{collections::BTreeMap, fmt::Debug, pin::pin};
use tests::soon;

/// Details that the mesh gives another name, with that name.
const DETAILS: [(&str, &str); 1] = [("response_timeout", "upstream_response_timeout")];

/// Everything that comes of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) answers: Vec<Answered>,
    /// Nothing is in them of those that met nobody.
    pub(super) attempts: Vec<Attempt>,
}

/// What became of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// Envoy's response flags and details; of the mesh, only where the answer is its own.
    pub(super) end: Option<End>,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// Or its length, if it is long. Of one that was cut off, nobody can tell how much has come.
    pub(super) body: Option<String>,
    pub(super) trailers: BTreeMap<String, Vec<String>>,
    pub(super) name: String,
}

/// How the one who answered says that it ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) flags: String,
    pub(super) details: String,
}

impl Answered {
    /// Reads a response to its end. An error has no status.
    pub(super) async fn of<B>(
        name: String,
        refused: Option<Refused>,
        response: Result<Response<B>, String>,
        script: &Script,
    ) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Debug>,
    {
        let response = match response {
            Ok(response) => response,
            Err(error) => return Self { body: Some(error), name, ..Self::default() },
        };
        script.arrived();
        let status = response.status().as_u16();
        let mut headers = texts(response.headers());
        headers.retain(|name, _| RESPONSE_HEADERS.iter().all(|(excluded, _)| name != excluded));
        let (body, trailers) = match soon(pin!(response.into_body()).collect()).await {
            Ok(body) => {
                let trailers = body.trailers().map(texts);
                (Some(shown(&body.to_bytes())), trailers.unwrap_or_default())
            }
            Err(_) => (None, BTreeMap::new()),
        };
        let end = refused.map(|refused| End {
            flags: refused.retry_flag.into_iter().chain([refused.flag]).collect::<Vec<_>>().join(","),
            details: refused.details.into_owned(),
        });
        Self { status, end, headers, body, trailers, name }
    }
}

impl Outcome {
    /// The same with what Envoy says of the ends, as far as the mesh says it too: of answers that it has begun to hand on
    /// it says nothing.
    pub(super) fn ending(mut self, ends: &BTreeMap<String, End>) -> Self {
        for answer in &mut self.answers {
            let mut end = ends[&answer.name].clone();
            if let Some((_, ours)) = DETAILS.iter().find(|(envoys, _)| *envoys == end.details) {
                (*ours).clone_into(&mut end.details);
            }
            let is_handed_on = end.details == "via_upstream" || answer.body.is_none();
            answer.end = Some(end).filter(|_| !is_handed_on);
        }
        self
    }

    /// The same without what is a matter of chance.
    pub(super) fn settled(mut self, case: &Case) -> Self {
        let is_at_once = matches!(case.times, Times::AtOnce(_));
        let unasked: Vec<_> = self.answers.drain(..case.unasked).map(|answer| answer.name).collect();
        self.attempts.retain(|attempt| !unasked.contains(&attempt.headers[NAME][0]));
        self.answers.iter_mut().for_each(|answer| answer.name.clear());
        if is_at_once {
            self.attempts.iter_mut().for_each(|attempt| drop(attempt.headers.remove(NAME)));
            self.answers.sort();
            self.attempts.sort();
        }
        self
    }
}
