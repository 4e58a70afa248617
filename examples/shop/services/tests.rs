//! The services as such: what they answer, without a mesh between them. The store is the real one.

use super::{auth_server, product, recommendation, with_problems};
use crate::store::{self, Store};
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tower::ServiceExt;

async fn new_store() -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, store::server()).await });
    Store::new(address.to_string())
}

async fn new_product() -> Router {
    with_problems(product("product-v1/127.0.0.1:1 (v1)".to_owned(), new_store().await))
}

async fn ask(app: &Router, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    send(app, request.body(Body::from(body.to_string())).expect("a request")).await
}

async fn send(app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = app.clone().oneshot(request).await.expect("an answer");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn a_product_is_found_by_the_instances_of_both_versions() {
    let store = new_store().await;
    let (v1, v2) = (product("one (v1)".to_owned(), store.clone()), product("two (v2)".to_owned(), store));
    let chair = json!({"productId": 1, "name": "chair", "weight": 7});

    assert_eq!(ask(&v1, "POST", "/product", chair).await.0, StatusCode::OK);
    let (status, found) = ask(&v2, "GET", "/product/1", Value::Null).await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(found, json!({"productId": 1, "name": "chair", "weight": 7, "serviceAddress": "two (v2)"}));
}

#[tokio::test]
async fn a_second_product_of_the_same_number_is_refused() {
    let app = new_product().await;
    ask(&app, "POST", "/product", json!({"productId": 1})).await;

    let (status, problem) = ask(&app, "POST", "/product", json!({"productId": 1})).await;

    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["message"], "Duplicate key, Product Id: 1");
}

#[tokio::test]
async fn problems_tell_what_is_wrong_and_where() {
    let app = new_product().await;
    let cases = [
        ("/product/13", 404, "Not Found", "No product found for productId: 13"),
        ("/product/-1", 422, "Unprocessable Entity", "Invalid productId: -1"),
        ("/product/chair", 400, "Bad Request", "Type mismatch."),
        ("/product/1?delay=long", 400, "Bad Request", "Type mismatch."),
        ("/product/1?faultPercent=100", 500, "Internal Server Error", "Something went wrong..."),
        ("/chair", 404, "Not Found", "There is nothing at this path."),
    ];
    for (path, status, error, message) in cases {
        let (answered, problem) = ask(&app, "GET", path, Value::Null).await;
        assert_eq!(answered.as_u16(), status, "{path}");
        assert_eq!((&problem["status"], &problem["error"]), (&json!(status), &json!(error)), "{path}");
        assert_eq!(problem["message"], message, "{path}");
        assert_eq!(problem["path"], path.split('?').next().expect("a path"));
        assert!(problem["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{problem}");
    }
}

#[tokio::test]
async fn deleting_what_is_not_there_is_fine() {
    let app = new_product().await;
    ask(&app, "POST", "/product", json!({"productId": 1})).await;

    assert_eq!(ask(&app, "DELETE", "/product/1", Value::Null).await.0, StatusCode::OK);
    assert_eq!(ask(&app, "GET", "/product/1", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, "DELETE", "/product/1", Value::Null).await.0, StatusCode::OK);
}

#[tokio::test]
async fn recommendations_of_one_product_are_not_those_of_another_whose_number_begins_alike() {
    let app = with_problems(recommendation(String::new(), new_store().await));
    for (product, recommendation) in [(1, 1), (1, 2), (10, 1)] {
        let body = json!({"productId": product, "recommendationId": recommendation, "author": "Ann"});
        assert_eq!(ask(&app, "POST", "/recommendation", body).await.0, StatusCode::OK);
    }
    let count = async |product: u32| {
        let (_, found) = ask(&app, "GET", &format!("/recommendation?productId={product}"), Value::Null).await;
        found["recommendations"].as_array().map(Vec::len)
    };

    assert_eq!(count(1).await, Some(2));
    ask(&app, "DELETE", "/recommendation?productId=1", Value::Null).await;
    assert_eq!(count(1).await, Some(0));
    assert_eq!(count(10).await, Some(1));
}

fn new_auth_server() -> Router {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    with_problems(auth_server(key.serialize_pem().as_bytes()).expect("an auth-server"))
}

/// `basic` is base64 of a client and its secret.
async fn ask_for_token(app: &Router, basic: &str, password: &str) -> (StatusCode, Value) {
    let form = format!("grant_type=password&username=magnus&password={password}");
    let request = Request::post("/oauth/token")
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded");
    send(app, request.body(Body::from(form)).expect("a request")).await
}

#[tokio::test]
async fn tokens_carry_the_scopes_of_their_client_and_are_checked_by_the_published_key() {
    let app = new_auth_server();
    let (_, published) = ask(&app, "GET", "/.well-known/jwks.json", Value::Null).await;
    let keys: JwkSet = serde_json::from_value(published).expect("a key set");
    let mut expected = Validation::new(Algorithm::RS256);
    expected.set_issuer(&["http://auth-server.local"]);

    let (writer, reader) = ("d3JpdGVyOnNlY3JldA==", "cmVhZGVyOnNlY3JldA==");
    for (client, scope) in
        [(writer, json!(["product:read", "product:write"])), (reader, json!(["product:read"]))]
    {
        let (status, answer) = ask_for_token(&app, client, "password").await;
        assert_eq!(status, StatusCode::OK);
        let token = answer["access_token"].as_str().expect("a token");
        let key = DecodingKey::from_jwk(&keys.keys[0]).expect("a public key");
        let token = decode::<Value>(token, &key, &expected).expect("a valid token");
        assert_eq!(token.claims["scope"], scope);
        assert_eq!(token.claims["sub"], "magnus");
        assert_eq!(token.header.kid, keys.keys[0].common.key_id);
    }
}

#[tokio::test]
async fn a_wrong_secret_and_a_wrong_password_get_no_token() {
    let app = new_auth_server();

    let (status, answer) = ask_for_token(&app, "d3JpdGVyOndyb25n", "password").await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));

    let (status, answer) = ask_for_token(&app, "d3JpdGVyOnNlY3JldA==", "wrong").await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_grant")));
}
