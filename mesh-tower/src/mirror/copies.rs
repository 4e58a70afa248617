//! The copies of one request, and how long they may go on.

use super::{
    layer::{MirrorLayer, Origin},
    policy,
    state::Slot,
    tee,
};
use crate::{
    AnswerBy, Body, BoxError, Routed,
    context::{PeerAddress, Sent},
};
use futures_util::future::BoxFuture;
use http::{Extensions, Request, Response};
use http_body_util::BodyExt;
use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep},
};
use tower::util::ServiceExt;
use tower_service::Service;

/// How much of the answer to a copy is read, which lets its connection serve again. One that is longer ends with its
/// connection or stream.
const MOST_READ: u64 = 1 << 20;

/// Sends one copy, and reads what it is answered.
pub(super) type Copier = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Sends copies through a service.
pub(super) fn through<C, R>(copies: C) -> Copier
where
    C: Service<Request<Body>, Response = Response<R>, Future: Send, Error: Into<BoxError>>,
    C: Clone + Send + Sync + 'static,
    R: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    Arc::new(move |request| {
        let copies = copies.clone();
        Box::pin(async move {
            let outcome: Result<_, BoxError> = copies.oneshot(request).await.map_err(Into::into);
            match outcome {
                Ok(response) => discard(response.into_body()).await,
                Err(error) => tracing::debug!(error, "a copy of a request was not answered"),
            }
        })
    })
}

async fn discard<R: http_body::Body>(body: R) {
    let mut body = pin!(body);
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| bytes::Buf::remaining(data) as u64);
        if read > MOST_READ {
            return;
        }
    }
}

/// Stands for a request that was copied: when it is dropped the request is over.
#[derive(Debug)]
pub(super) struct Original {
    _told: watch::Sender<()>,
}

/// One copy that is to be sent.
struct Planned {
    routed: Option<Routed>,
    slot: Slot,
}

impl MirrorLayer {
    /// Sends the copies of a request. `None` when there are none.
    pub(super) fn copy(&self, request: &mut Request<Body>) -> Option<Original> {
        let planned = self.plan(request);
        if planned.is_empty() {
            return None;
        }
        // A copy is a task of its own, and there can be none outside a runtime.
        let runtime = Handle::try_current().ok()?;
        let (bodies, own) = tee::split(std::mem::take(request.body_mut()), planned.len(), self.held);
        *request.body_mut() = own;
        let limit = limit(request);
        let head = policy::head_of_copy(request, limit, self.is_renamed);
        let (told, original) = watch::channel(());
        for (Planned { routed, slot }, (body, sent)) in planned.into_iter().zip(bodies) {
            let mut copy = Request::from_parts(head.clone(), body);
            *copy.extensions_mut() = extensions(request, routed, answer_by(limit, sent.as_ref()));
            let outlived = outlived(original.clone(), self.linger);
            runtime.spawn(go_on((self.copier)(copy), late(limit, sent), outlived, slot));
        }
        Some(Original { _told: told })
    }

    /// The copies to send: by the rule, by chance, and by how many are under way. Allocates nothing when there are none.
    fn plan(&self, request: &Request<Body>) -> Vec<Planned> {
        let claim = |count| Slot::claim(count, self.most);
        match self.origin {
            Origin::Fixed(share) => {
                let is_copied = policy::is_copyable(request) && share.takes(self.dice.roll());
                let slot = is_copied.then(|| claim(self.slots.only())).flatten();
                slot.map(|slot| Planned { routed: None, slot }).into_iter().collect()
            }
            Origin::Routed => {
                let Some(routed) = request.extensions().get::<Routed>() else { return Vec::new() };
                let mirrors = routed.rule().map_or(&[][..], |rule| &rule.mirrors);
                if mirrors.is_empty() || !policy::is_copyable(request) || !policy::has_destination(routed) {
                    return Vec::new();
                }
                let chosen =
                    (0..=u16::MAX).zip(mirrors).filter(|(_, mirror)| mirror.share.takes(self.dice.roll()));
                let planned = chosen.filter_map(|(index, mirror)| {
                    let backend = mirror.backend.at(routed.port()).ok()?;
                    let slot = claim(self.slots.of(routed.snapshot(), &backend.name))?;
                    Some(Planned { routed: Some(routed.clone().copied_to(index)), slot })
                });
                planned.collect()
            }
        }
    }
}

/// What a copy takes along: nothing of the application's, which may be as large as it likes.
fn extensions(request: &Request<Body>, routed: Option<Routed>, by: Option<AnswerBy>) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(routed) = routed {
        extensions.insert(routed);
    }
    if let Some(by) = by {
        by.leave(&mut extensions);
    }
    if let Some(peer) = request.extensions().get::<PeerAddress>() {
        extensions.insert(*peer);
    }
    extensions
}

/// How long a copy may take once it has been sent: as long as its request.
fn limit(request: &Request<Body>) -> Option<Duration> {
    let extensions = request.extensions();
    if let Some(by) = AnswerBy::of_request(extensions) {
        return Some(by.left(Instant::now()));
    }
    let limit = extensions.get::<Routed>()?.rule()?.route.timeout;
    limit.filter(|limit| !limit.is_zero())
}

/// By when a copy has to be answered, which tells of an endpoint that is too slow.
fn answer_by(limit: Option<Duration>, sent: Option<&Sent>) -> Option<AnswerBy> {
    match (limit?, sent) {
        (limit, Some(sent)) => Some(AnswerBy::after_body(limit, sent.clone(), None)),
        (limit, None) => Instant::now().checked_add(limit).map(AnswerBy::at),
    }
}

/// Holds its slot until the copy is over in one way or another.
async fn go_on(copy: BoxFuture<'static, ()>, late: impl Future, outlived: impl Future, _slot: Slot) {
    tokio::select! {
        () = copy => {}
        _ = late => {}
        _ = outlived => {}
    }
}

/// Completes when a copy has taken too long since it was sent.
async fn late(limit: Option<Duration>, sent: Option<Sent>) {
    let Some(limit) = limit else { return pending().await };
    if let Some(sent) = sent {
        poll_fn(|cx| sent.poll(cx)).await;
    }
    sleep(limit).await;
}

/// Completes when a request has been over for so long.
async fn outlived(mut original: watch::Receiver<()>, linger: Duration) {
    // Nothing is ever sent: what it tells is its end.
    while original.changed().await.is_ok() {}
    sleep(linger).await;
}
