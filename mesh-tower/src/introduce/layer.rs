use super::{policy::Earlier, service::Introduce};
use tower_layer::Layer;

/// Wraps a server so that its requests say who is at the other end of their connection.
#[derive(Clone, Copy, Debug)]
pub struct IntroduceLayer {
    earlier: Earlier,
}

impl IntroduceLayer {
    /// For a workload: what a verified caller passes on stays, and the caller is added to it.
    #[must_use]
    pub fn workload() -> Self {
        Self { earlier: Earlier::Stays }
    }

    /// For a gateway: what a client says of others goes.
    #[must_use]
    pub fn gateway() -> Self {
        Self { earlier: Earlier::Goes }
    }
}

impl<S> Layer<S> for IntroduceLayer {
    type Service = Introduce<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Introduce { inner, earlier: self.earlier }
    }
}
