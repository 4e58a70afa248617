//! Model to snapshot.

use super::snapshot::{Snapshot, Viewpoint};
use crate::model::Model;

impl Snapshot {
    /// Compiles the table of one workload. Parts that equal those of `previous` are shared with it, not made again.
    #[must_use]
    pub fn compile(model: &Model, viewpoint: &Viewpoint, previous: Option<&Self>) -> Self {
        let _ = (model, viewpoint, previous);
        unimplemented!()
    }
}
