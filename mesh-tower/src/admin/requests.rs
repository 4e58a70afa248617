//! Requests as they end.

use crate::{
    Body,
    telemetry::{Look, News},
};
use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::json;
use std::{convert::Infallible, time::Duration};
use tokio::time::sleep;

/// How often it is looked who has ended. A request wakes nobody up.
const PAUSE: Duration = Duration::from_millis(250);
/// After so many looks at nothing an empty line is sent: so it shows that a reader is gone.
const QUIET: u32 = 40;

/// Tells of each request that ends from now on, for as long as somebody reads.
pub(super) fn stream(look: Look) -> Response<Body> {
    let mut response = Response::new(Body::new(StreamBody::new(lines(look))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

fn lines(look: Look) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    // An empty line at once: whoever reads knows from then on that nothing is missed.
    unfold((look, true), |(mut look, is_first)| async move {
        let text = if is_first { "\n".to_owned() } else { next(&mut look).await };
        Some((Ok(Frame::data(Bytes::from(text))), (look, false)))
    })
}

async fn next(look: &mut Look) -> String {
    for _ in 0..QUIET {
        sleep(PAUSE).await;
        let text = written(&look.news());
        if !text.is_empty() {
            return text;
        }
    }
    "\n".to_owned()
}

fn written(News { seen, missed }: &News) -> String {
    let mut text = String::new();
    if *missed > 0 {
        text += &json!({"missed": missed}).to_string();
        text.push('\n');
    }
    // A description has only texts and numbers, which are always written.
    for line in seen.iter().filter_map(|seen| serde_json::to_string(seen).ok()) {
        text += &line;
        text.push('\n');
    }
    text
}
