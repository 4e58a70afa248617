//! product: what a product is called and weighs.

use super::{
    api::{Answered, Product, Trouble, number, possible},
    problem::Problem,
};
use crate::store::Store;
use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::StatusCode,
    routing::{get, post},
};
use std::time::Duration;

#[derive(Clone)]
struct Service {
    address: String,
    store: Store,
}

/// The routes of product.
pub(crate) fn app(address: String, store: Store) -> Router {
    Router::new()
        .route("/product", post(create))
        .route("/product/{id}", get(read).delete(delete))
        .with_state(Service { address, store })
}

async fn create(
    State(service): State<Service>,
    body: Result<Json<Product>, JsonRejection>,
) -> Result<Json<Answered<Product>>, Problem> {
    let Json(product) = body?;
    let id = possible(product.product_id)?;
    if !service.store.create("product", &id.to_string(), &product).await? {
        return Err(Problem::unprocessable(format!("Duplicate key, Product Id: {id}")));
    }
    Ok(Json(Answered { answer: product, service_address: service.address }))
}

async fn read(
    State(service): State<Service>,
    Path(id): Path<String>,
    trouble: Result<Query<Trouble>, QueryRejection>,
) -> Result<Json<Answered<Product>>, Problem> {
    let id = possible(number(&id)?)?;
    make(trouble?.0).await?;
    let found = service.store.read("product", &id.to_string()).await?.pop();
    let answer = found.ok_or_else(|| Problem::not_found(format!("No product found for productId: {id}")))?;
    Ok(Json(Answered { answer, service_address: service.address }))
}

async fn delete(State(service): State<Service>, Path(id): Path<String>) -> Result<(), Problem> {
    service.store.delete("product", &number(&id)?.to_string()).await
}

/// Makes the trouble that a tester asked for.
async fn make(trouble: Trouble) -> Result<(), Problem> {
    tokio::time::sleep(Duration::from_secs(trouble.delay.into())).await;
    if fastrand::u32(0..100) < trouble.fault_percent {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong..."));
    }
    Ok(())
}
