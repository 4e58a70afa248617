//! Answers what a browser asks.

use super::{
    asked::Link,
    documents, files,
    looking::Looking,
    reply::{found, refused, sealed},
    settings::Process,
    stream::stream,
};
use crate::{
    Body,
    admin::{admit, parameters},
    context::Arrival,
};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::ALLOW};
use hyper::body::Incoming;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::watch;
use tower_service::Service;

/// The most that an explanation may be, in bytes.
const EXPLANATION: usize = 1 << 20;

/// Answers requests to the console.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    processes: watch::Receiver<Vec<Process>>,
    documents: Arc<[PathBuf]>,
    looking: Looking,
}

impl Pages {
    pub(super) fn new(
        processes: watch::Receiver<Vec<Process>>,
        documents: Vec<PathBuf>,
        looking: Looking,
    ) -> Self {
        Self { processes, documents: documents.into(), looking }
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let local = request.extensions().get::<Arrival>().map_or(nowhere, Arrival::local);
        if let Err(why) = admit(request.method(), request.uri(), request.headers(), local) {
            return refused(StatusCode::FORBIDDEN, why);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "the console only shows");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let query = request.uri().query();
        let answered = match request.uri().path() {
            "/api/stream" => Ok(stream(&self.looking)),
            "/api/explain" => self.explain(query).await,
            "/api/document" => self.document(query).await,
            path => files::find(path)
                .map(|(content_type, text)| found(content_type, text))
                .ok_or((StatusCode::NOT_FOUND, "there is no such page".to_owned())),
        };
        answered.unwrap_or_else(|(status, why)| refused(status, &why))
    }

    /// Asks a process what becomes of a request of its own.
    async fn explain(&self, query: Option<&str>) -> Result<Response<Body>, (StatusCode, String)> {
        let bad = |why| (StatusCode::BAD_REQUEST, why);
        let mut given = parameters(query, &["process", "to", "method", "header"]).map_err(bad)?;
        let at = given.iter().position(|(name, _)| *name == "process");
        let name = at.map(|at| given.swap_remove(at).1).unwrap_or_default();
        let found_process = self.processes.borrow().iter().find(|process| process.name == name).cloned();
        let process = found_process.ok_or_else(|| bad(format!("there is no process {name:?}")))?;
        let rest: Vec<String> = given
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let mut link = Link::to(process.admin.to_string());
        let path = format!("/explain?{}", rest.join("&"));
        let asked = link.look(&path, EXPLANATION).await;
        let (is_good, body) = asked.map_err(|fault| (StatusCode::BAD_GATEWAY, fault.to_string()))?;
        match is_good {
            true => Ok(found("application/json", body)),
            false => Err(bad(String::from_utf8_lossy(&body).trim().to_owned())),
        }
    }

    /// Shows a file that processes have read documents from.
    async fn document(&self, query: Option<&str>) -> Result<Response<Body>, (StatusCode, String)> {
        let bad = |why| (StatusCode::BAD_REQUEST, why);
        let given = parameters(query, &["file"]).map_err(bad)?;
        let (_, file) = given.into_iter().next().ok_or_else(|| bad("the file is missing".into()))?;
        let is_known = self.looking.files.borrow().contains(&file);
        if !is_known {
            return Err((StatusCode::NOT_FOUND, format!("no process has read documents from {file}")));
        }
        let roots = Arc::clone(&self.documents);
        let read = tokio::task::spawn_blocking(move || documents::text(Path::new(&file), &roots)).await;
        let text = read
            .unwrap_or_else(|_| Err("the file could not be read".into()))
            .map_err(|why| (StatusCode::NOT_FOUND, why))?;
        let json = serde_json::to_string(&text).map_err(|error| bad(error.to_string()))?;
        Ok(found("application/json", json))
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
