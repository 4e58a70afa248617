use super::{
    future::ResponseFuture,
    global::{self, Question},
    layer::RateLimitLayer,
    policy::{Quota, Verdict, judge, over},
    state::{Limiter, Limiters},
};
use crate::{BoxError, Error, Kind};
use http::{HeaderMap, Request, Response};
use mesh_core::{
    model::{Limit, LocalLimit},
    table::InboundView,
};
use std::task::{Context, Poll};
use tower_service::Service;

/// A service that gets no more requests than it takes. Made by [`RateLimitLayer`].
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    pub(super) inner: S,
    pub(super) layer: RateLimitLayer,
}

impl<S, B, R> Service<Request<B>> for RateLimit<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Counted { quota, refusal, questions } = self.layer.count(&request);
        let headers = quota.map(|quota| {
            let mut headers = Box::new(HeaderMap::new());
            quota.tell(&mut headers);
            headers
        });
        match refusal {
            Some(error) => ResponseFuture::refuse(error, headers),
            None if questions.is_empty() => ResponseFuture::forward(self.inner.call(request), headers),
            None => {
                let answer = Box::pin(global::ask(self.layer.caller.clone(), questions));
                ResponseFuture::ask(answer, self.inner.clone(), request, headers)
            }
        }
    }
}

/// What came of counting a request.
#[derive(Debug, Default)]
struct Counted {
    /// How much is left of the scarcest limit that is told.
    quota: Option<Quota>,
    refusal: Option<Error>,
    /// What services are to be asked.
    questions: Vec<Question>,
}

impl RateLimitLayer {
    /// Takes the tokens of a request. Of the services that keep limits none is asked yet: what is refused here costs
    /// them nothing.
    fn count<B>(&self, request: &Request<B>) -> Counted {
        let Some(handle) = &self.handle else {
            return self.count_by(&self.state.limiters(), &self.place.view(request, 0));
        };
        // The newest table, whatever table the request keeps: who names an old one must not get around a new limit.
        let snapshot = handle.snapshot();
        let inbound = snapshot.inbound();
        if inbound.rate_limits().is_empty() {
            return Counted::default();
        }
        let view = self.place.view(request, inbound.trusted_proxies());
        self.count_by(&self.state.follow(&snapshot), &view)
    }

    fn count_by(&self, limiters: &Limiters, view: &InboundView<'_>) -> Counted {
        let now = self.state.now();
        let mut counted = Counted::default();
        for limiter in limiters.all.iter().filter(|limiter| limiter.limit.is_for(view)) {
            match &limiter.limit.rule.limit {
                Limit::Local(local) => self.take(limiter, local, view, now, &mut counted),
                Limit::Global(global) => {
                    let roll = self.dice.roll();
                    counted.questions.extend(Question::of(&limiter.limit, global, view, roll));
                }
            }
            if counted.refusal.is_some() {
                break;
            }
        }
        counted
    }

    fn take(
        &self,
        limiter: &Limiter,
        local: &LocalLimit,
        view: &InboundView<'_>,
        now: i64,
        counted: &mut Counted,
    ) {
        let rule = &limiter.limit.rule;
        let Some(taken) = limiter.take(local, view, now) else { return };
        if rule.tells {
            let quota = Quota::of(local.bucket.most.get(), taken);
            counted.quota = Some(quota.scarcer(counted.quota));
        }
        match judge(rule, taken.is_granted, self.dice.roll()) {
            Verdict::Pass => {}
            Verdict::Note => {
                let limit = &*limiter.limit.origin;
                tracing::info!(limit, rule = &*rule.name, "over a limit that is not enforced");
            }
            Verdict::Refuse => counted.refusal = Some(over(rule, Kind::RateLimited)),
        }
    }
}
