//! recommendation: what its buyers recommend of a product.

use super::{
    api::{About, Answered, OfProduct, RecommendationSummary, Recommendations, number, possible},
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

/// The routes of recommendation.
pub(crate) fn app(address: String, store: Store) -> Router {
    Router::new()
        .route("/recommendation", get(read).post(create).delete(delete))
        .with_state(Service { address, store })
}

async fn create(
    State(service): State<Service>,
    body: Result<Json<About<RecommendationSummary>>, JsonRejection>,
) -> Result<(), Problem> {
    let Json(About { product_id, said }) = body?;
    let key = format!("{}/{}", possible(product_id)?, said.recommendation_id);
    if service.store.create("recommendation", &key, &said).await? {
        return Ok(());
    }
    let id = said.recommendation_id;
    Err(Problem::unprocessable(format!("Duplicate key, Product Id: {product_id}, Recommendation Id: {id}")))
}

async fn read(
    State(service): State<Service>,
    query: Result<Query<OfProduct>, QueryRejection>,
) -> Result<Json<Answered<Recommendations>>, Problem> {
    let id = possible(number(&query?.product_id)?)?;
    let recommendations = service.store.read("recommendation", &id.to_string()).await?;
    Ok(Json(Answered { answer: Recommendations { recommendations }, service_address: service.address }))
}

async fn delete(
    State(service): State<Service>,
    query: Result<Query<OfProduct>, QueryRejection>,
) -> Result<(), Problem> {
    service.store.delete("recommendation", &number(&query?.product_id)?.to_string()).await
}
