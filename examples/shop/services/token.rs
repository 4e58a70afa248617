//! Who may do what: every request to product-composite carries a token of auth-server.

use super::problem::Problem;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use mesh_tower::BoxError;
use mesh_tower::Client;
use serde::Deserialize;
use std::sync::Arc;
use tokio::{
    sync::Mutex,
    time::{Duration, Instant},
};

const KEYS: &str = "http://auth-server/.well-known/jwks.json";
const ISSUER: &str = "http://auth-server.local";
/// Tokens with invented key ids must not make us ask auth-server each time.
const PAUSE: Duration = Duration::from_secs(1);
/// What auth-server gets to answer.
const BUDGET: Duration = Duration::from_secs(2);

/// Checks tokens by the keys of auth-server, which it fetches when it meets a key id it does not know.
#[derive(Clone)]
pub(super) struct Guard {
    mesh: Client,
    keys: Arc<Mutex<Keys>>,
}

struct Keys {
    set: Arc<JwkSet>,
    fetched: Option<Instant>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    scope: Vec<String>,
}

/// Lets a request pass whose token has the scope that the method needs.
pub(super) async fn guard(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.split_once(' '))
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or_else(|| unauthorized("A token is needed: Authorization: Bearer …"))?;
    let claims = guard.check(token.trim()).await?;
    let needed = if request.method() == Method::GET { "product:read" } else { "product:write" };
    if !claims.scope.iter().any(|scope| scope == needed) {
        let problem = Problem::new(StatusCode::FORBIDDEN, format!("The token lacks the scope {needed}"));
        return Err(problem.challenging("Bearer error=\"insufficient_scope\""));
    }
    Ok(next.run(request).await)
}

fn unauthorized(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, message).challenging("Bearer")
}

impl Guard {
    pub(super) fn new(mesh: Client) -> Self {
        let none = Keys { set: Arc::new(JwkSet { keys: Vec::new() }), fetched: None };
        Self { mesh, keys: Arc::new(Mutex::new(none)) }
    }

    async fn check(&self, token: &str) -> Result<Claims, Problem> {
        let kid = decode_header(token).ok().and_then(|header| header.kid);
        let kid = kid.ok_or_else(|| unauthorized("The token is no JWT, or names no key."))?;
        let keys = self.keys_with(&kid).await.map_err(|error| {
            Problem::unavailable(format!("The keys of auth-server cannot be read: {error}"))
        })?;
        let jwk = keys.find(&kid);
        let jwk =
            jwk.ok_or_else(|| unauthorized("The token is signed by a key that auth-server does not know."))?;
        let key = DecodingKey::from_jwk(jwk).map_err(|error| Problem::unavailable(error.to_string()))?;
        decode::<Claims>(token, &key, &expectations())
            .map(|token| token.claims)
            .map_err(|error| unauthorized(&format!("The token is not valid: {error}")))
    }

    /// The keys, fetched anew if the one of this id is not among them. Callers wait for one fetch together.
    async fn keys_with(&self, kid: &str) -> Result<Arc<JwkSet>, BoxError> {
        let mut keys = self.keys.lock().await;
        let known = keys.set.find(kid).is_some();
        let recent = keys.fetched.is_some_and(|at| at.elapsed() < PAUSE);
        if !known && !recent {
            let set = tokio::time::timeout(BUDGET, self.fetch()).await??;
            *keys = Keys { set: Arc::new(set), fetched: Some(Instant::now()) };
        }
        Ok(keys.set.clone())
    }

    async fn fetch(&self) -> Result<JwkSet, BoxError> {
        let response = self.mesh.get(KEYS).await?;
        if !response.status().is_success() {
            return Err(format!("{KEYS} answered {}", response.status()).into());
        }
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}

fn expectations() -> Validation {
    let mut expected = Validation::new(Algorithm::RS256);
    expected.set_issuer(&[ISSUER]);
    expected.set_required_spec_claims(&["exp", "iss"]);
    expected.leeway = 0;
    expected
}
