//! What a request's verified token says.

use mesh_core::identity::Claims;
use std::{ops::Deref, sync::Arc};

/// The claims of a token that was verified. In the extensions of every inbound request that carries a good one, for
/// handlers and for whatever looks at claims. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(pub Arc<Claims>);

impl Deref for Token {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.0
    }
}
