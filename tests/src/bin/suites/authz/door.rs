//! The door of the workload that is asked, with the layers that every service has.

use crate::documents::{self, or, text};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::HOST};
use http_body_util::BodyExt;
use mesh_core::{
    document::Fault,
    identity::{Claims, SpiffeId},
    table::{GatewayRole, InboundView, Viewpoint},
    watch::{Handle, Publisher, channel},
};
use mesh_tower::{
    Arrival, Body, BoxError, PeerIdentity, Token, authorize::AuthorizeLayer, normalize::NormalizeLayer,
    respond::RespondLayer,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tower::{Layer, ServiceExt, service_fn};

/// Who asks.
#[derive(Debug, Deserialize)]
pub(super) struct Caller {
    ip: Option<IpAddr>,
    #[serde(default)]
    pub(super) mtls: bool,
    principal: Option<String>,
}

/// A workload's door.
pub(super) struct Door {
    handle: Handle,
    _publisher: Publisher,
    is_gateway: bool,
    port: u16,
    fault: Option<String>,
}

/// What became of a request, or of a connection.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) grpc_status: Option<String>,
    passed: bool,
}

impl Door {
    /// A door that is kept as these documents say. As in the suite's world, one proxy before gateways is believed.
    pub(super) fn open(written: &[Value], viewpoint: &Viewpoint, port: u16) -> Self {
        let mut written = written.to_vec();
        written.push(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": {"defaultConfig": {"gatewayTopology": {"numTrustedProxies": 1}}}},
        }));
        let (model, status) = documents::take(&written);
        let (mut publisher, handle) = channel(viewpoint.clone());
        publisher.publish(&model);
        let fault = status.faults.iter().find(|fault| fault.is_refusal()).map(Fault::to_string);
        let is_gateway = viewpoint.gateway != GatewayRole::None;
        Self { handle, _publisher: publisher, is_gateway, port, fault }
    }

    /// The first document that is refused, if one is.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    /// What becomes of a connection that is not HTTP.
    pub(super) fn connect(&self, caller: &Caller) -> Answer {
        let arrival = self.arrival(caller);
        let source = Some(arrival.peer().ip());
        let view = InboundView {
            source,
            remote: source,
            destination: Some(arrival.local().ip()),
            port: self.port,
            server_name: None,
            peer: arrival.identity().map(|identity| &identity.id),
            claims: None,
            request: None,
        };
        Answer { passed: self.handle.snapshot().inbound().authorize(&view).is_allowed(), ..Answer::default() }
    }

    /// What becomes of a request.
    pub(super) async fn ask(
        &self,
        caller: &Caller,
        asked: &Value,
        claims: Option<&Value>,
        is_grpc: bool,
    ) -> Result<Answer, String> {
        let request = self.request(caller, asked, claims, is_grpc).map_err(|error| error.to_string())?;
        let app = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
        let mut authorize = AuthorizeLayer::inbound(self.handle.clone());
        if self.is_gateway {
            authorize = authorize.at_gateway(self.port, self.port == 443);
        }
        let server = NormalizeLayer::new(self.handle.clone()).layer(authorize.layer(app));
        let answer = RespondLayer::new().layer(server).oneshot(request).await;
        let (head, body) = answer.map_err(|error| error.to_string())?.into_parts();
        let body: Bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let grpc_status = head.headers.get("grpc-status").and_then(|status| status.to_str().ok());
        Ok(Answer {
            status: head.status.as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
            grpc_status: grpc_status.map(str::to_owned),
            passed: head.status == StatusCode::OK && grpc_status.is_none(),
        })
    }

    fn request(
        &self,
        caller: &Caller,
        asked: &Value,
        claims: Option<&Value>,
        is_grpc: bool,
    ) -> Result<Request<Body>, http::Error> {
        let request = Request::builder().method(text(asked, "method")).uri(text(asked, "path"));
        let mut request = request.header(HOST, or(text(asked, "host"), "b.echo1")).body(Body::empty())?;
        for (name, value) in asked["headers"].as_object().into_iter().flatten() {
            let value = HeaderValue::from_str(value.as_str().unwrap_or_default())?;
            request.headers_mut().append(HeaderName::try_from(name)?, value);
        }
        let arrival = self.arrival(caller);
        if self.is_gateway {
            // As a gateway adds its client before it looks.
            let client = HeaderValue::from_str(&arrival.peer().ip().to_string())?;
            request.headers_mut().append("x-forwarded-for", client);
        }
        if is_grpc {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        }
        // Somebody else verifies tokens: all that are asked with are good.
        if let Some(claims) = claims.and_then(Value::as_object) {
            request.extensions_mut().insert(Token(Arc::new(Claims::new(claims.clone()))));
        }
        request.extensions_mut().insert(arrival);
        Ok(request)
    }

    fn arrival(&self, caller: &Caller) -> Arrival {
        let peer = SocketAddr::new(caller.ip.unwrap_or([192, 0, 2, 1].into()), 40_000);
        let local = SocketAddr::new([10, 10, 1, 2].into(), self.port);
        let principal = caller.principal.as_ref().filter(|_| caller.mtls);
        let id = principal.and_then(|principal| SpiffeId::parse(&format!("spiffe://{principal}")).ok());
        match id {
            Some(id) => {
                let identity = PeerIdentity { id, certificate_hash: [0; 32] };
                Arrival::over_tls(peer, local, None, Some(identity))
            }
            None => Arrival::new(peer, local),
        }
    }
}

impl Answer {
    /// What was decided, by the suite's word.
    pub(super) fn decision(&self) -> &'static str {
        if self.passed { "allow" } else { "deny" }
    }
}
