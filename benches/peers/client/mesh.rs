//! The mesh's client, with what an Istio sidecar has on by default.

use super::Caller;
use crate::{
    certificates::{CALLER, Files},
    contender::Contender,
    documents,
    origin::{documents_of, log},
};
use benches::product::Nobody;
use bytes::Bytes;
use http::{Request, Response};
use mesh_tower::{
    Body, BoxError, Client, Mesh,
    mesh::{Config, IdentitySource},
    recorder::Recorder,
    telemetry::spans::SpanExporter,
};
use std::{fs, net::SocketAddr, path::Path};
use tower::ServiceExt;

#[derive(Clone)]
pub(super) struct Meshed {
    client: Client,
    /// Follows the documents.
    _mesh: Mesh,
}

impl Meshed {
    /// Joins the mesh of one service at these addresses.
    ///
    /// # Errors
    /// When a document is refused, or there is no certificate though one is needed.
    pub(super) async fn join(
        world: &Path,
        contender: Contender,
        to: &[SocketAddr],
    ) -> Result<Self, BoxError> {
        let folder = documents_of(world, contender.door());
        let identity = if contender.is_mtls() {
            IdentitySource::Files(Files::of(world, CALLER).folder)
        } else {
            // The origin knows nothing of the mesh, and has written nothing.
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("product.yaml"), documents::plain(to))?;
            IdentitySource::None
        };
        let config = Config {
            service: CALLER.into(),
            identity,
            documents: vec![folder],
            recording: Recorder::default().into(),
            access_log: contender.is_logging().then(log),
            spans: contender.is_tracing().then(|| SpanExporter::new(Nobody)),
            ..Config::default()
        };
        let mesh = Mesh::start(config).await?;
        let faults = mesh.status().borrow().faults.clone();
        match faults.iter().find(|fault| fault.is_refusal()) {
            Some(fault) => Err(format!("the mesh refuses a document: {fault}").into()),
            None => Ok(Self { client: mesh.client(), _mesh: mesh }),
        }
    }
}

impl Caller for Meshed {
    type Body = Body;

    async fn call(&mut self, request: Request<Bytes>) -> Result<Response<Body>, BoxError> {
        let client = ServiceExt::<Request<Body>>::ready(&mut self.client).await?;
        tower::Service::call(client, request.map(Body::from)).await
    }
}
