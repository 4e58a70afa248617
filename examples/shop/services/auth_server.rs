//! auth-server: hands out tokens, and the key by which anybody can check them.

use axum::{
    Form, Json, Router,
    extract::{State, rejection::FormRejection},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use mesh_tower::BoxError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

const ISSUER: &str = "http://auth-server.local";
const LIFETIME_SECONDS: i64 = 3600;

/// The clients that may ask, their secrets, and what their tokens allow.
const CLIENTS: [(&str, &str, &[&str]); 2] =
    [("writer", "secret", &["product:read", "product:write"]), ("reader", "secret", &["product:read"])];
/// The people in whose name they ask.
const USERS: [(&str, &str); 1] = [("magnus", "password")];

#[derive(Clone)]
struct Service {
    key: EncodingKey,
    public: Jwk,
}

#[derive(Deserialize)]
struct Asked {
    grant_type: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    user_name: &'a str,
    client_id: &'a str,
    scope: &'a [&'a str],
    iat: i64,
    exp: i64,
}

/// The routes of auth-server. `key` is the PEM of the RSA key that signs tokens.
///
/// # Errors
/// `key` is no such PEM.
pub(crate) fn app(key: &[u8]) -> Result<Router, BoxError> {
    let key = EncodingKey::from_rsa_pem(key)?;
    let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
    public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256)?);
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let routes = Router::new().route("/oauth/token", post(token)).route(
        "/.well-known/jwks.json",
        get(async |State(service): State<Service>| Json(JwkSet { keys: vec![service.public] })),
    );
    Ok(routes.with_state(Service { key, public }))
}

async fn token(
    State(service): State<Service>,
    headers: HeaderMap,
    form: Result<Form<Asked>, FormRejection>,
) -> Result<Response, Refused> {
    let (client, _, scope) = client(&headers).ok_or(Refused::Client)?;
    let Form(asked) = form.map_err(|error| Refused::Request(error.body_text()))?;
    if asked.grant_type != "password" {
        return Err(Refused::GrantType);
    }
    if !USERS.contains(&(&asked.username, &asked.password)) {
        return Err(Refused::User);
    }
    let token =
        service.sign(client, &asked.username, scope).map_err(|error| Refused::Request(error.to_string()))?;
    let body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": LIFETIME_SECONDS,
        "scope": scope.join(" "),
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// The client that the request's Basic credentials name.
fn client(headers: &HeaderMap) -> Option<(&'static str, &'static str, &'static [&'static str])> {
    let (kind, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (name, secret) = credentials.split_once(':')?;
    let named = |client: &&(&str, &str, &[&str])| (client.0, client.1) == (name, secret);
    CLIENTS.iter().find(named).copied().filter(|_| kind.eq_ignore_ascii_case("basic"))
}

impl Service {
    fn sign(&self, client: &str, user: &str, scope: &[&str]) -> jsonwebtoken::errors::Result<String> {
        let iat = OffsetDateTime::now_utc().unix_timestamp();
        let exp = iat + LIFETIME_SECONDS;
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let claims = Claims { iss: ISSUER, sub: user, user_name: user, client_id: client, scope, iat, exp };
        encode(&header, &claims, &self.key)
    }
}

/// Why no token is handed out, in the words of OAuth 2.0.
enum Refused {
    Client,
    User,
    GrantType,
    Request(String),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::Client => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "Unknown client, or wrong secret.".into())
            }
            Self::User => {
                (StatusCode::UNAUTHORIZED, "invalid_grant", "Unknown user, or wrong password.".into())
            }
            Self::GrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type", "Use password.".into()),
            Self::Request(description) => (StatusCode::BAD_REQUEST, "invalid_request", description),
        };
        let body: (_, Json<serde_json::Value>) =
            (status, Json(json!({"error": error, "error_description": description as String})));
        if status == StatusCode::UNAUTHORIZED {
            return ([(WWW_AUTHENTICATE, "Basic realm=\"auth-server\"")], body).into_response();
        }
        body.into_response()
    }
}
