//! Finds the page for a request.

use super::{
    certificates::Certificates,
    clusters,
    configuration::Configuration,
    explain::explain,
    guard::admit,
    pages::{self, Entry, Page},
    query::parameters,
    reply::{html, json, sealed, text},
    requests,
    state::State,
};
use crate::{Body, context::Arrival};
use futures_util::future::BoxFuture;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, ALLOW},
};
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::Semaphore;
use tower_service::Service;

/// How many pages are made at a time that take long where there are many documents.
const LARGE: usize = 2;

/// Answers requests to the admin endpoint.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    state: Arc<State>,
    large: Arc<Semaphore>,
}

impl Pages {
    pub(super) fn new(state: State) -> Self {
        Self { state: Arc::new(state), large: Arc::new(Semaphore::new(LARGE)) }
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let local = request.extensions().get::<Arrival>().map_or(nowhere, Arrival::local);
        if let Err(why) = admit(request.method(), request.uri(), request.headers(), local) {
            return text(StatusCode::FORBIDDEN, format!("Refused: {why}.\n"));
        }
        let Some(entry) = pages::find(request.uri().path()) else {
            return text(StatusCode::NOT_FOUND, format!("There is no such page.\n\n{}", pages::index()));
        };
        if !entry.takes(request.method()) {
            return not_allowed(entry, request.method());
        }
        self.page(entry.page, &request).await
    }

    async fn page(self, page: Page, request: &Request<Incoming>) -> Response<Body> {
        let query = request.uri().query();
        match page {
            Page::Index => index(request),
            Page::Live => text(StatusCode::OK, "live\n"),
            Page::Ready => match self.state.unready() {
                None => text(StatusCode::OK, "ready\n"),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
            },
            Page::Metrics => self.metrics(request),
            Page::Requests => requests::stream(self.state.parts.telemetry.reporter().look()),
            Page::ConfigDump => self.large(|state| json(&Configuration::of(state))).await,
            Page::Clusters => self.clusters(query).await,
            Page::Certificates => json(&Certificates::of(&self.state)),
            Page::Explain => match explain(&self.state, query) {
                Ok(explanation) => json(&explanation),
                Err(wrong) => bad(&wrong),
            },
            Page::Logging => self.logging(request.method(), query),
            Page::Drain => {
                self.state.drain.start();
                text(StatusCode::OK, "draining: no new connections; requests under way are answered\n")
            }
        }
    }

    fn metrics(&self, request: &Request<Incoming>) -> Response<Body> {
        let Some(recorder) = &self.state.recorder else {
            let why = "This program has a recorder of metrics of its own, which alone can tell what it measured \
                       (or let the mesh's be the first: mesh_tower::recorder::Recorder::install).\n";
            return text(StatusCode::NOT_IMPLEMENTED, why);
        };
        let names = match parameters(request.uri().query(), &["name[]"]) {
            Ok(given) => given.into_iter().map(|(_, name)| name).collect::<Vec<_>>(),
            Err(wrong) => return bad(&wrong),
        };
        // What changes by the mere passing of time is looked at now.
        self.state.gauges.update();
        recorder.response_of(request.headers(), &names)
    }

    async fn clusters(self, query: Option<&str>) -> Response<Body> {
        let form = match parameters(query, &["format"]) {
            Ok(given) => given.into_iter().last().map(|(_, form)| form),
            Err(wrong) => return bad(&wrong),
        };
        match form.as_deref() {
            None | Some("text") => {
                self.large(|state| text(StatusCode::OK, clusters::text(&clusters::all(state)))).await
            }
            Some("json") => self.large(|state| json(&clusters::all(state))).await,
            Some(other) => bad(&format!("{other:?} is no format (write format=json, or format=text)")),
        }
    }

    fn logging(&self, method: &Method, query: Option<&str>) -> Response<Body> {
        let Some(logging) = &self.state.config.logging else {
            let why = "This program did not say how the level of its log is changed (set Config::logging, with a \
                       handle of its subscriber).\n";
            return text(StatusCode::NOT_IMPLEMENTED, why);
        };
        let given = match parameters(query, &["level"]) {
            Ok(given) => given.into_iter().last().map(|(_, level)| level),
            Err(wrong) => return bad(&wrong),
        };
        if method != Method::POST {
            return text(StatusCode::OK, format!("{}\n", logging.level()));
        }
        let Some(level) = given else { return bad("the level is missing (write ?level=debug)") };
        match logging.change(&level) {
            Ok(()) => {
                tracing::info!(level, "the level of the log was changed");
                text(StatusCode::OK, format!("{}\n", logging.level()))
            }
            Err(wrong) => bad(&format!("{level:?} is no level: {wrong} (such as info, or mesh_tower=debug)")),
        }
    }

    /// Makes a page that takes long where no request waits for it.
    async fn large(self, make: impl FnOnce(&State) -> Response<Body> + Send + 'static) -> Response<Body> {
        // It is never closed.
        let _place = self.large.acquire().await;
        let state = Arc::clone(&self.state);
        let made = tokio::task::spawn_blocking(move || make(&state)).await;
        made.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "this page could not be made\n"))
    }
}

impl Service<Request<Incoming>> for Pages {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let answer = self.clone().answer(request);
        Box::pin(async move { Ok(sealed(answer.await)) })
    }
}

fn index(request: &Request<Incoming>) -> Response<Body> {
    let is_browser = request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    if is_browser { html(pages::index_page()) } else { text(StatusCode::OK, pages::index()) }
}

fn not_allowed(entry: &Entry, method: &Method) -> Response<Body> {
    let allow = entry.allow;
    let mut response =
        text(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for this page, only {allow}.\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn bad(wrong: &str) -> Response<Body> {
    text(StatusCode::BAD_REQUEST, format!("{wrong}\n"))
}
