//! What the services of the shop say to one another.

use super::problem::Problem;
use serde::{Deserialize, Serialize};

/// The number of a product: what every record of the shop hangs from.
pub(crate) type ProductId = i32;

/// A thing that is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) product_id: ProductId,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) weight: i32,
}

/// What somebody recommends about a product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecommendationSummary {
    pub(crate) recommendation_id: i32,
    #[serde(default)]
    pub(crate) author: String,
    #[serde(default)]
    pub(crate) rate: i32,
    #[serde(default)]
    pub(crate) content: String,
}

/// What somebody thinks of a product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewSummary {
    pub(crate) review_id: i32,
    #[serde(default)]
    pub(crate) author: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) content: String,
}

/// Something that was said about a product, with that product's number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct About<T> {
    pub(crate) product_id: ProductId,
    #[serde(flatten)]
    pub(crate) said: T,
}

/// `?productId=1`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfProduct {
    pub(crate) product_id: String,
}

/// `?delay=3&faultPercent=25`: what a tester asks of product, to see how the shop copes.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Trouble {
    /// Seconds that product waits before it answers. Default: 0.
    pub(crate) delay: u32,
    /// The share of calls that product answers with 500, in percent. Default: 0.
    pub(crate) fault_percent: u32,
}

/// An answer, and the instance that gave it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answered<T> {
    #[serde(flatten)]
    pub(crate) answer: T,
    pub(crate) service_address: String,
}

/// The answer of recommendation.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recommendations {
    pub(crate) recommendations: Vec<RecommendationSummary>,
}

/// The answer of review.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reviews {
    pub(crate) reviews: Vec<ReviewSummary>,
}

/// Reads a product's number from a path or a query.
pub(crate) fn number(text: &str) -> Result<ProductId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("Type mismatch."))
}

/// Refuses numbers that no product has.
pub(crate) fn possible(id: ProductId) -> Result<ProductId, Problem> {
    if id < 1 { Err(Problem::unprocessable(format!("Invalid productId: {id}"))) } else { Ok(id) }
}
