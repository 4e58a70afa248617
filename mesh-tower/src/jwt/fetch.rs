//! Fetches the keys of an issuer.

use super::{
    json::object,
    key_set::{KeySet, LARGEST_KEY_SET},
};
use crate::BoxError;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Uri;
use mesh_core::model::KeySource;
use std::{future::Future, sync::Arc};
use tokio::{task::spawn_blocking, time::timeout};

/// Gets what is at an address, which may be `http` or `https`: the mesh's own client, say. It must not give more than it
/// is asked for at most, in bytes.
pub type Fetch = Arc<dyn Fn(Uri, usize) -> BoxFuture<'static, Result<Bytes, BoxError>> + Send + Sync>;

/// The keys at a source, and the text that they were read from.
pub(super) fn fetch(
    at: &KeySource,
    get: &Fetch,
) -> impl Future<Output = Result<(KeySet, Bytes), BoxError>> + Send + 'static + use<> {
    let (at, get) = (at.clone(), Arc::clone(get));
    async move {
        let (keys, is_found) = match &at {
            KeySource::At(keys) => (keys, true),
            KeySource::Discovered(keys) => (keys, false),
            KeySource::Inline(_) | KeySource::Unknown => return Err("there is no address of keys".into()),
        };
        let fetched = async {
            let uri = if is_found { keys.uri.clone() } else { discover(&keys.uri, &get).await? };
            bounded(uri, &get).await
        };
        let body = timeout(keys.timeout, fetched).await.map_err(|_| "it took too long")??;
        // Many keys take a while to read.
        let (set, body) = spawn_blocking(move || (KeySet::parse(&body), body)).await?;
        Ok((set?, body))
    }
}

/// Where an issuer's OpenID configuration says its keys are.
async fn discover(configuration: &Uri, get: &Fetch) -> Result<Uri, BoxError> {
    let body = bounded(configuration.clone(), get).await?;
    let found = object(&body).ok_or("the issuer's OpenID configuration is no JSON object")?;
    let uri = found.get("jwks_uri").and_then(|uri| uri.as_str());
    let uri: Uri = uri.ok_or("the issuer's OpenID configuration has no jwks_uri")?.parse()?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some() => Ok(uri),
        _ => Err("the jwks_uri of the issuer's OpenID configuration is no address of the web".into()),
    }
}

async fn bounded(uri: Uri, get: &Fetch) -> Result<Bytes, BoxError> {
    let body = get(uri, LARGEST_KEY_SET).await?;
    if body.len() > LARGEST_KEY_SET { Err("it is larger than 1 MiB".into()) } else { Ok(body) }
}
