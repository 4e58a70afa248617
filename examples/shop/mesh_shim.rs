//! Temporary: stands in for `mesh_tower`'s `Mesh`, `Client` and `gateway` until they are merged, then goes.
//! It reads the WorkloadEntries of the platform folder, prefers v1, and knows nothing else.

use axum::Router;
use http::{Request, Response, Uri};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use mesh_tower::{Body, BoxError};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

pub(crate) struct Mesh;

impl Mesh {
    pub(crate) async fn from_env() -> Result<Self, BoxError> {
        Ok(Self)
    }

    pub(crate) fn serve(
        &self,
        listener: TcpListener,
        app: Router,
    ) -> impl Future<Output = Result<(), BoxError>> + use<> {
        async move {
            let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let stop = async move {
                tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            };
            Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http())
    }
}

#[derive(Clone)]
pub(crate) struct Client(hyper_util::client::legacy::Client<HttpConnector, Body>);

impl Client {
    pub(crate) async fn get(&self, url: &str) -> Result<Response<Body>, BoxError> {
        self.request(Request::get(url).body(Body::empty())?).await
    }

    pub(crate) async fn request(&self, mut request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let port = port_of(&host).ok_or_else(|| format!("no endpoint for {host}"))?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("http://127.0.0.1:{port}{path}").parse()?;
        Ok(self.0.request(request).await?.map(Body::new))
    }
}

fn port_of(app: &str) -> Option<u16> {
    let folders = std::env::var("MESH_DOCUMENTS").ok()?;
    let files = std::fs::read_dir(folders.rsplit(':').next()?).ok()?;
    let mut found: Vec<(bool, u16)> = files
        .flatten()
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .filter(|text| text.lines().any(|line| line.trim() == format!("app: {app}")))
        .filter_map(|text| {
            let port = text.lines().find_map(|line| line.trim().strip_prefix("http: ")?.parse().ok())?;
            Some((!text.contains("version: v1"), port))
        })
        .collect();
    found.sort_unstable();
    found.first().map(|(_, port)| *port)
}

pub(crate) mod gateway {
    use super::*;

    pub(crate) struct Gateway(Client);

    impl Gateway {
        pub(crate) async fn from_env() -> Result<Self, BoxError> {
            Ok(Self(Mesh.client()))
        }

        pub(crate) async fn run(self) -> Result<(), BoxError> {
            let listen = std::env::var("MESH_LISTEN")?;
            let listener = TcpListener::bind(listen.trim_start_matches("443=")).await?;
            let app = Router::new().fallback(async move |mut request: axum::extract::Request| {
                let host = if request.uri().path().starts_with("/oauth") {
                    "auth-server"
                } else {
                    "product-composite"
                };
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                let uri: Uri = format!("http://{host}{path}").parse().unwrap_or_default();
                *request.uri_mut() = uri;
                request.headers_mut().remove("host");
                match self.0.request(request.map(Body::new)).await {
                    Ok(response) => response.map(axum::body::Body::new),
                    Err(error) => {
                        Response::builder().status(503).body(error.to_string().into()).unwrap_or_default()
                    }
                }
            });
            Mesh.serve(listener, app).await
        }
    }
}
