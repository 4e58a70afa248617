//! The shop's database: a small store of JSON records in memory, spoken to over HTTP on loopback.
//!
//! Both versions of a service must find what either of them stored, or a canary would lose data; so no service
//! keeps state, and all of them ask this store. It is no part of the mesh: services reach it without it, as they
//! would reach a database.
//!
//! A key is a path. `GET /product/1` lists the record of that key and all beneath it, `PUT` creates one and answers
//! 409 if it is there already, and `DELETE` removes it and all beneath it.

use crate::services::Problem;
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

type Records = Arc<Mutex<BTreeMap<String, Value>>>;

/// The store's routes, with nothing in it.
pub(crate) fn server() -> Router {
    Router::new().route("/{*key}", get(list).put(create).delete(delete)).with_state(Records::default())
}

async fn list(State(records): State<Records>, Path(key): Path<String>) -> Json<Vec<Value>> {
    Json(locked(&records, |all| beneath(all, &key).map(|(_, value)| value.clone()).collect()))
}

async fn create(
    State(records): State<Records>,
    Path(key): Path<String>,
    Json(value): Json<Value>,
) -> StatusCode {
    locked(&records, |all| {
        if all.contains_key(&terminated(&key)) {
            return StatusCode::CONFLICT;
        }
        all.insert(terminated(&key), value);
        StatusCode::CREATED
    })
}

async fn delete(State(records): State<Records>, Path(key): Path<String>) -> StatusCode {
    locked(&records, |all| {
        let gone: Vec<String> = beneath(all, &key).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| drop(all.remove(key)));
    });
    StatusCode::NO_CONTENT
}

/// One step, whole: what another request sees is before it or after it.
fn locked<T>(records: &Records, step: impl FnOnce(&mut BTreeMap<String, Value>) -> T) -> T {
    step(&mut records.lock().unwrap_or_else(PoisonError::into_inner))
}

fn beneath<'a>(
    all: &'a BTreeMap<String, Value>,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    let start = terminated(key);
    all.range(start.clone()..).take_while(move |(key, _)| key.starts_with(&start))
}

/// The key with a slash at its end, so that `1` is not above `10`.
fn terminated(key: &str) -> String {
    format!("{key}/")
}

/// A service's way to the store.
#[derive(Clone)]
pub(crate) struct Store {
    address: String,
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
}

impl Store {
    /// Connects when first used. `address` is `ip:port`.
    pub(crate) fn new(address: String) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The records of a key and of those beneath it, in the order of their keys.
    ///
    /// # Errors
    /// The store does not answer, or holds something else than a `T`.
    pub(crate) async fn read<T: DeserializeOwned>(&self, table: &str, key: &str) -> Result<Vec<T>, Problem> {
        let (_, body) = self.ask(Method::GET, table, key, Value::Null).await?;
        serde_json::from_slice(&body).map_err(|error| Problem::unavailable(format!("The store: {error}")))
    }

    /// Stores a new record; `false` if there is one of that key.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn create(
        &self,
        table: &str,
        key: &str,
        record: &impl Serialize,
    ) -> Result<bool, Problem> {
        let record = serde_json::to_value(record).map_err(|error| Problem::bad_request(error.to_string()))?;
        let (status, _) = self.ask(Method::PUT, table, key, record).await?;
        Ok(status == StatusCode::CREATED)
    }

    /// Removes the record of a key and those beneath it, if there are any.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn delete(&self, table: &str, key: &str) -> Result<(), Problem> {
        self.ask(Method::DELETE, table, key, Value::Null).await.map(drop)
    }

    async fn ask(
        &self,
        method: Method,
        table: &str,
        key: &str,
        body: Value,
    ) -> Result<(StatusCode, axum::body::Bytes), Problem> {
        let unavailable = |error: &dyn std::error::Error| {
            Problem::unavailable(format!("The store at {} does not answer: {error}", self.address))
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}/{table}/{key}", self.address))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .map_err(|error| unavailable(&error))?;
        let response = self.client.request(request).await.map_err(|error| unavailable(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| unavailable(&error))?;
        Ok((status, body.to_bytes()))
    }
}
