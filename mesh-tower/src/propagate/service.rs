use super::{
    future::ResponseFuture,
    layer::{Place, PropagateLayer},
    policy::{Verdict, decide, parent, span},
};
use crate::{
    event::{Exchange, Forwarded, Heads, Sampling, Traced, note},
    request_id::{REQUEST_ID, identify, set_reason},
    trace::{Ambient, Incoming, SpanId, TraceContext, TraceFormats},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::{
    mem,
    task::{Context, Poll},
    time::SystemTime,
};
use tower_service::Service;

/// What the caller calls the span of a request.
const OPERATION: HeaderName = HeaderName::from_static("x-envoy-decorator-operation");

/// A service of whose requests some are traced. Made by [`PropagateLayer`].
#[derive(Clone, Debug)]
pub struct Propagate<S> {
    pub(super) inner: S,
    pub(super) layer: PropagateLayer,
}

/// What is known before a layer does anything.
struct Known {
    sampling: Sampling,
    is_decided: bool,
    traced: Option<TraceContext>,
}

impl<S, B> Service<Request<B>> for Propagate<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let ambient = match known() {
            Some(known) => self.trace(&known, &mut request),
            None => Ambient::none(),
        };
        let future = ambient.within(|| self.inner.call(request));
        ResponseFuture::new(future, ambient)
    }
}

/// What is known of the request that is worked on; `None` when nobody asks for traces.
fn known() -> Option<Known> {
    let mut known = None;
    note(|exchange| {
        let Some(sampling) = exchange.sampling else { return };
        let is_decided = mem::replace(&mut exchange.is_sampling_decided, true);
        let traced = exchange.traced.as_ref().map(|traced| traced.context);
        known = Some(Known { sampling, is_decided, traced });
    });
    known
}

impl<S> Propagate<S> {
    /// Decides, and tells whoever is called. The result is what the application's own spans belong to.
    fn trace<B>(&self, known: &Known, request: &mut Request<B>) -> Ambient {
        let sampling = &known.sampling;
        let context = match (known.traced, known.is_decided) {
            (Some(traced), _) => Some(self.forward(traced, request.headers())),
            (None, false) if sampling.is_reported => self.begin(sampling, request),
            (None, _) => None,
        };
        if self.layer.place == Place::Exit && !sampling.passes_context {
            TraceFormats::take_off(request.headers_mut());
        } else if let Some((context, incoming)) = &context {
            incoming.replace(context, sampling.formats, request.headers_mut());
        }
        match (self.layer.place, context) {
            (Place::Exit, _) => Ambient::none(),
            (Place::Door, Some((context, _))) => Ambient::of(&context),
            (Place::Door, None) if sampling.is_reported => Ambient::untraced(),
            (Place::Door, None) => Ambient::none(),
        }
    }

    /// The span of what a gateway sends on.
    fn forward(&self, traced: TraceContext, headers: &HeaderMap) -> (TraceContext, Incoming) {
        let context = traced.child(SpanId::random(|| self.layer.dice.roll()));
        note(|exchange| {
            let forwarded = Forwarded { span: context.span, after: exchange.begun.elapsed() };
            if let Some(traced) = &mut exchange.traced {
                traced.forwarded = Some(forwarded);
            }
        });
        (context, Incoming::read(headers))
    }

    /// The span of a request, if it is traced.
    fn begin<B>(&self, sampling: &Sampling, request: &mut Request<B>) -> Option<(TraceContext, Incoming)> {
        let is_door = self.layer.place == Place::Door;
        let headers = request.headers_mut();
        let operation = if is_door { headers.remove(OPERATION) } else { None };
        if sampling.by_request_id {
            identify(headers, || self.layer.dice.roll());
        }
        let incoming = Incoming::read(headers);
        // What comes in is no work of this process.
        let own = if is_door { None } else { Ambient::current() };
        let (parent, decided) = parent(&incoming, own);
        match decide(headers, decided, sampling, || self.layer.dice.roll()) {
            Verdict::Untraced => return None,
            Verdict::Traced => {}
            Verdict::Begins(reason) => set_reason(headers, Some(reason)),
        }
        let context = span(parent, sampling, || self.layer.dice.roll());
        note(|exchange| keep(exchange, context, operation, request));
        Some((context, incoming))
    }
}

/// Keeps with the exchange what is told of its span when it has ended.
fn keep<B>(
    exchange: &mut Exchange,
    context: TraceContext,
    operation: Option<HeaderValue>,
    request: &Request<B>,
) {
    exchange.trace = Some(context);
    let headers = request.headers();
    let request_id = headers.get(REQUEST_ID).cloned();
    exchange.traced = Some(Box::new(Traced { context, forwarded: None, request_id, operation }));
    let now = SystemTime::now();
    exchange.started = now.checked_sub(exchange.begun.elapsed()).unwrap_or(now);
    if exchange.kept.heads.is_none() {
        exchange.kept.heads = Some(Box::new(Heads {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: headers.clone(),
            answer: HeaderMap::new(),
        }));
    }
}
