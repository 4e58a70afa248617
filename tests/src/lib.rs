//! What the whole-mesh tests share.

pub mod architecture;
pub mod asked;
pub mod dns;
pub mod documents;
pub mod exposition;
pub mod gate;
pub mod mesh;
pub mod peers;
pub mod sealed;
pub mod shop;
pub mod tls;
pub mod upstream;
pub mod wire;
pub mod workloads;

use std::{future::Future, time::Duration};
use tokio::time::timeout;

/// README's examples, which are compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Awaits what must come soon. 30 seconds are far more than anything here takes, and a test that hangs says so.
///
/// # Panics
/// When it did not come.
pub async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(30), future).await.expect("within 30 seconds")
}
