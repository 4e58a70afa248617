use super::service::Respond;
use http::HeaderName;
use tower_layer::Layer;

/// With this header, whatever it says, a request asks for the reason if it is refused; the answer gives it in a header of the
/// same name: flags, details, and a sentence. See [`RespondLayer::explaining`].
pub const EXPLAIN: HeaderName = HeaderName::from_static("x-mesh-explain");

/// Wraps a service so that the mesh's refusals come out as responses.
#[derive(Clone, Copy, Debug, Default)]
pub struct RespondLayer {
    explains: bool,
}

impl RespondLayer {
    /// Answers as Envoy would.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says why in the answer, too, to whoever asks for it with [`EXPLAIN`]. That tells names of policies and of what is
    /// behind this service: strangers need not know them, so it is off by default.
    #[must_use]
    pub fn explaining(self, explains: bool) -> Self {
        Self { explains }
    }
}

impl<S> Layer<S> for RespondLayer {
    type Service = Respond<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Respond { inner, explains: self.explains }
    }
}
