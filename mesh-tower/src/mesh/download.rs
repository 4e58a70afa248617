//! Small documents that the mesh itself gets from somewhere.

use crate::{body::Body, error::BoxError, stack::Outbound};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Uri, header::ACCEPT};
use http_body_util::{BodyExt, Limited};
use std::sync::Arc;
use tower::util::ServiceExt;

/// Gets what is at an address, in so many bytes at most.
pub(crate) type Get = Arc<dyn Fn(Uri, usize) -> BoxFuture<'static, Result<Bytes, BoxError>> + Send + Sync>;

/// Gets documents as any other call is made.
pub(crate) fn get(stack: Outbound) -> Get {
    Arc::new(move |uri, most| Box::pin(download(stack.clone(), uri, most)))
}

async fn download(stack: Outbound, uri: Uri, most: usize) -> Result<Bytes, BoxError> {
    let request = Request::get(uri).header(ACCEPT, "application/json").body(Body::empty())?;
    let response = stack.oneshot(request).await?;
    if !response.status().is_success() {
        return Err(format!("the answer is {}", response.status()).into());
    }
    Ok(Limited::new(response.into_body(), most).collect().await?.to_bytes())
}
