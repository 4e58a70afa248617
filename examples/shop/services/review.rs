//! review: what its buyers think of a product.

use super::{
    api::{About, Answered, OfProduct, ReviewSummary, Reviews, number, possible},
    problem::Problem,
};
use crate::store::Store;
use axum::{
    Json, Router,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    routing::get,
};

#[derive(Clone)]
struct Service {
    address: String,
    store: Store,
}

/// The routes of review.
pub(crate) fn app(address: String, store: Store) -> Router {
    Router::new()
        .route("/review", get(read).post(create).delete(delete))
        .with_state(Service { address, store })
}

async fn create(
    State(service): State<Service>,
    body: Result<Json<About<ReviewSummary>>, JsonRejection>,
) -> Result<(), Problem> {
    let Json(About { product_id, said }) = body?;
    let key = format!("{}/{}", possible(product_id)?, said.review_id);
    if service.store.create("review", &key, &said).await? {
        return Ok(());
    }
    let id = said.review_id;
    Err(Problem::unprocessable(format!("Duplicate key, Product Id: {product_id}, Review Id: {id}")))
}

async fn read(
    State(service): State<Service>,
    query: Result<Query<OfProduct>, QueryRejection>,
) -> Result<Json<Answered<Reviews>>, Problem> {
    let id = possible(number(&query?.product_id)?)?;
    let reviews = service.store.read("review", &id.to_string()).await?;
    Ok(Json(Answered { answer: Reviews { reviews }, service_address: service.address }))
}

async fn delete(
    State(service): State<Service>,
    query: Result<Query<OfProduct>, QueryRejection>,
) -> Result<(), Problem> {
    service.store.delete("review", &number(&query?.product_id)?.to_string()).await
}
