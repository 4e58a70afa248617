use super::service::Normalize;
use mesh_core::watch::Handle;
use tower_layer::Layer;

/// Wraps a server so that paths and hosts are read in one way only.
#[derive(Clone, Debug)]
pub struct NormalizeLayer {
    handle: Handle,
}

impl NormalizeLayer {
    /// Reads paths as the newest table of `handle` asks for.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl<S> Layer<S> for NormalizeLayer {
    type Service = Normalize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Normalize { inner, handle: self.handle.clone() }
    }
}
