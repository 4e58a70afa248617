//! The documents that come with the shop, and where those that drive it are.

use super::live::Live;
use mesh_tower::BoxError;
use std::{fs, path::PathBuf};

/// File by file, as they are beside this source.
const DEFAULTS: [(&str, &str); 11] = [
    ("authorization.yaml", include_str!("../documents/authorization.yaml")),
    ("gateway.yaml", include_str!("../documents/gateway.yaml")),
    ("mutual-tls.yaml", include_str!("../documents/mutual-tls.yaml")),
    ("routing-auth-server.yaml", include_str!("../documents/routing-auth-server.yaml")),
    ("routing-product-composite.yaml", include_str!("../documents/routing-product-composite.yaml")),
    ("routing-product.yaml", include_str!("../documents/routing-product.yaml")),
    ("routing-recommendation.yaml", include_str!("../documents/routing-recommendation.yaml")),
    ("routing-review.yaml", include_str!("../documents/routing-review.yaml")),
    ("services.yaml", include_str!("../documents/services.yaml")),
    ("subsets.yaml", include_str!("../documents/subsets.yaml")),
    ("tokens.yaml", include_str!("../documents/tokens.yaml")),
];

/// Those that are others when there is to be chaos.
const CHAOS: [(&str, &str); 5] = [
    ("routing-product-composite.yaml", include_str!("../chaos/routing-product-composite.yaml")),
    ("routing-product.yaml", include_str!("../chaos/routing-product.yaml")),
    ("routing-recommendation.yaml", include_str!("../chaos/routing-recommendation.yaml")),
    ("routing-review.yaml", include_str!("../chaos/routing-review.yaml")),
    ("subsets.yaml", include_str!("../chaos/subsets.yaml")),
];

/// The folders of documents: those asked for, or an editable copy of the defaults that outlives the shop.
///
/// # Errors
/// One that was asked for does not exist, or the copy cannot be written.
pub(super) fn prepare(
    asked: Vec<PathBuf>,
    reset: bool,
    is_chaos: bool,
    live: &Live,
) -> Result<Vec<PathBuf>, BoxError> {
    if !asked.is_empty() {
        return asked.into_iter().map(found).collect();
    }
    let (folder, before) = (live.documents(), live.documents().with_file_name("documents-before-reset"));
    if (reset || is_chaos) && folder.exists() {
        if before.exists() {
            fs::remove_dir_all(&before)?;
        }
        fs::rename(&folder, &before)?;
    }
    if !folder.exists() {
        let others = if is_chaos { &CHAOS[..] } else { &[] };
        for (name, text) in DEFAULTS.iter().chain(others) {
            live.write(&folder.join(name), text)?;
        }
    }
    Ok(vec![folder])
}

fn found(path: PathBuf) -> Result<PathBuf, BoxError> {
    fs::canonicalize(&path).map_err(|error| {
        format!("--documents {}: {error}. Name a folder or a file of YAML documents.", path.display()).into()
    })
}
