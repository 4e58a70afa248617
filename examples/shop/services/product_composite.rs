//! product-composite: everything about a product in one answer, gathered from product, recommendation and review.
//!
//! A product that cannot be read is a problem of the caller; recommendations and reviews that cannot be read are
//! left out.

use super::{
    api::{
        About, Answered, Product, ProductId, RecommendationSummary, Recommendations, ReviewSummary, Reviews,
        Trouble, number, possible,
    },
    problem::Problem,
    token::guard,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use http::{Method, Request};
use http_body_util::BodyExt;
use mesh_tower::Body;
use mesh_tower::Client;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use tracing::warn;

/// What each of the others gets to answer.
const BUDGET: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Service {
    address: String,
    mesh: Client,
}

/// A product with all that is said about it, as it is created.
#[derive(Deserialize)]
struct NewProduct {
    #[serde(flatten)]
    product: Product,
    recommendations: Option<Vec<RecommendationSummary>>,
    reviews: Option<Vec<ReviewSummary>>,
}

/// A product with all that is said about it, and who said so.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    #[serde(flatten)]
    product: Product,
    recommendations: Vec<RecommendationSummary>,
    reviews: Vec<ReviewSummary>,
    service_addresses: Addresses,
}

/// The instances that answered; empty for one that did not.
#[derive(Serialize)]
struct Addresses {
    cmp: String,
    pro: String,
    rev: String,
    rec: String,
}

/// The routes of product-composite, all of which ask for a token.
pub(crate) fn app(address: String, mesh: Client) -> Router {
    Router::new()
        .route("/product-composite", post(create))
        .route("/product-composite/{id}", get(read).delete(delete))
        .layer(middleware::from_fn(guard))
        .with_state(Service { address, mesh })
}

async fn create(
    State(service): State<Service>,
    body: Result<Json<NewProduct>, JsonRejection>,
) -> Result<(), Problem> {
    let Json(new) = body?;
    let product_id = new.product.product_id;
    service.post("http://product/product", &new.product).await?;
    for said in new.recommendations.unwrap_or_default() {
        service.post("http://recommendation/recommendation", &About { product_id, said }).await?;
    }
    for said in new.reviews.unwrap_or_default() {
        service.post("http://review/review", &About { product_id, said }).await?;
    }
    Ok(())
}

async fn read(
    State(service): State<Service>,
    Path(id): Path<String>,
    trouble: Result<Query<Trouble>, QueryRejection>,
) -> Result<Json<Composite>, Problem> {
    let (id, Query(Trouble { delay, fault_percent })) = (possible(number(&id)?)?, trouble?);
    let trouble = format!("delay={delay}&faultPercent={fault_percent}");
    let (product, recommendations, reviews) = tokio::join!(
        service.get::<Answered<Product>>(format!("http://product/product/{id}?{trouble}")),
        service.get_or_empty::<Recommendations>("recommendation", id),
        service.get_or_empty::<Reviews>("review", id),
    );
    let product = product?;
    let (cmp, pro) = (service.address, product.service_address);
    let (rev, rec) = (reviews.service_address, recommendations.service_address);
    Ok(Json(Composite {
        product: product.answer,
        recommendations: recommendations.answer.recommendations,
        reviews: reviews.answer.reviews,
        service_addresses: Addresses { cmp, pro, rev, rec },
    }))
}

async fn delete(State(service): State<Service>, Path(id): Path<String>) -> Result<(), Problem> {
    let id = number(&id)?;
    let delete = |url: String| service.call(Method::DELETE, url, Body::empty());
    let (product, recommendations, reviews) = tokio::join!(
        delete(format!("http://product/product/{id}")),
        delete(format!("http://recommendation/recommendation?productId={id}")),
        delete(format!("http://review/review?productId={id}")),
    );
    product.and(recommendations).and(reviews).map(drop)
}

impl Service {
    async fn get<T: DeserializeOwned>(&self, url: String) -> Result<T, Problem> {
        let body = self.call(Method::GET, url.clone(), Body::empty()).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Problem::new(StatusCode::BAD_GATEWAY, format!("{url} makes no sense: {error}")))
    }

    /// What is said about a product, or nothing if the service that knows is in trouble.
    async fn get_or_empty<T: DeserializeOwned + Default>(&self, service: &str, id: ProductId) -> Answered<T> {
        self.get(format!("http://{service}/{service}?productId={id}")).await.unwrap_or_else(|problem| {
            warn!(service, product = id, "answering without it: {problem}");
            Answered { answer: T::default(), service_address: String::new() }
        })
    }

    async fn post(&self, url: &str, body: &impl Serialize) -> Result<Bytes, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Problem::bad_request(error.to_string()))?;
        self.call(Method::POST, url.to_owned(), body.into()).await
    }

    /// Calls another service and gives it [`BUDGET`] to answer; its own problem becomes ours.
    async fn call(&self, method: Method, url: String, body: Body) -> Result<Bytes, Problem> {
        let request = Request::builder().method(method).uri(&url).header("content-type", "application/json");
        let request = request.body(body).map_err(|error| Problem::bad_request(error.to_string()))?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answered = tokio::time::timeout(BUDGET, async {
            let (head, body) = self.mesh.request(request).await?.into_parts();
            Ok((head.status, body.collect().await?.to_bytes()))
        });
        let (status, body) = answered
            .await
            .map_err(|_| {
                Problem::new(StatusCode::GATEWAY_TIMEOUT, format!("{host} did not answer within 2 s"))
            })?
            .map_err(|error: mesh_tower::BoxError| {
                Problem::unavailable(format!("{host} cannot be called: {error}"))
            })?;
        if status.is_success() { Ok(body) } else { Err(passed_on(&host, status, &body)) }
    }
}

/// Another service's problem in our words: its status and its message, or whatever text it or the mesh sent.
fn passed_on(host: &str, status: StatusCode, body: &[u8]) -> Problem {
    #[derive(Deserialize)]
    struct Written {
        message: String,
    }
    let message = serde_json::from_slice::<Written>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |written| written.message);
    let message = if message.is_empty() { format!("{host} answered {status}") } else { message };
    let is_problem = status.is_client_error() || status.is_server_error();
    Problem::new(if is_problem { status } else { StatusCode::BAD_GATEWAY }, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_another_service_keeps_its_status_and_its_message() {
        let written = br#"{"status": 404, "message": "No product found for productId: 13"}"#;
        let problem = passed_on("product", StatusCode::NOT_FOUND, written);
        assert_eq!(problem.to_string(), "404 Not Found: No product found for productId: 13");
    }

    #[test]
    fn the_text_of_an_abort_becomes_the_message() {
        let problem = passed_on("product", StatusCode::INTERNAL_SERVER_ERROR, b"fault filter abort");
        assert_eq!(problem.to_string(), "500 Internal Server Error: fault filter abort");
    }

    #[test]
    fn an_answer_that_is_neither_success_nor_problem_is_a_bad_gateway() {
        let problem = passed_on("product", StatusCode::FOUND, b"");
        assert_eq!(problem.to_string(), "502 Bad Gateway: product answered 302 Found");
    }
}
