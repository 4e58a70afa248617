//! What a page is sent while it is open.

use super::looking::{Eye, Looking, Said};
use crate::Body;
use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::StreamBody;
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until, timeout},
};

/// After so long with nothing to tell a comment is sent: so it shows that a page is gone.
const QUIET: Duration = Duration::from_secs(10);
/// How many requests are told of at a time.
const BATCH: usize = 256;
/// How often requests are told of, at most.
const PACE: Duration = Duration::from_millis(200);

/// One page that looks.
struct Page {
    mesh: watch::Receiver<Option<Said>>,
    traffic: watch::Receiver<Option<Said>>,
    requests: broadcast::Receiver<Said>,
    /// When requests may be told of next.
    due: Instant,
    _eye: Eye,
}

/// Server-sent events of all that a page shows.
pub(super) fn stream(looking: &Looking) -> Response<Body> {
    let mut page = Page {
        requests: looking.requests.subscribe(),
        mesh: looking.mesh.clone(),
        traffic: looking.traffic.clone(),
        due: Instant::now(),
        _eye: looking.look(),
    };
    // What is there already is news to this page.
    page.mesh.mark_changed();
    page.traffic.mark_changed();
    let mut response = Response::new(Body::new(StreamBody::new(events(page))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

fn events(page: Page) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    unfold(page, |mut page| async move {
        let event = match timeout(QUIET, page.next()).await {
            Ok(event) => event?,
            Err(_) => ": still here\n\n".to_owned(),
        };
        Some((Ok(Frame::data(Bytes::from(event))), page))
    })
}

impl Page {
    /// The next event; `None` when the console is closed.
    async fn next(&mut self) -> Option<String> {
        loop {
            let event = tokio::select! {
                changed = self.mesh.changed() => {
                    changed.ok()?;
                    event("mesh", self.mesh.borrow_and_update().as_deref())
                }
                changed = self.traffic.changed() => {
                    changed.ok()?;
                    event("traffic", self.traffic.borrow_and_update().as_deref())
                }
                received = after(self.due, &mut self.requests) => self.requests(received)?,
            };
            if let Some(event) = event {
                return Some(event);
            }
        }
    }

    /// The requests that have come by now, as one event.
    fn requests(&mut self, first: Result<Said, broadcast::error::RecvError>) -> Option<Option<String>> {
        let mut told = match first {
            Ok(first) => vec![first],
            Err(broadcast::error::RecvError::Lagged(missed)) => vec![missed_by(missed)],
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        while told.len() < BATCH {
            match self.requests.try_recv() {
                Ok(next) => told.push(next),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => told.push(missed_by(missed)),
                Err(_) => break,
            }
        }
        self.due = Instant::now() + PACE;
        Some(event("requests", Some(&format!("[{}]", told.join(",")))))
    }
}

/// The next request, but not before a moment. Nothing is lost when this is dropped.
async fn after(
    due: Instant,
    requests: &mut broadcast::Receiver<Said>,
) -> Result<Said, broadcast::error::RecvError> {
    sleep_until(due).await;
    requests.recv().await
}

fn missed_by(missed: u64) -> Said {
    format!("{{\"missed\":{missed}}}").into()
}

/// An event, if there is anything to tell. JSON has no line breaks.
fn event(name: &str, said: Option<&str>) -> Option<String> {
    Some(format!("event: {name}\ndata: {}\n\n", said?))
}
