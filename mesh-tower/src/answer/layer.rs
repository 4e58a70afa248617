use super::service::Answer;
use tower_layer::Layer;

/// Wraps a service so that redirects and direct responses are given before it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnswerLayer;

impl AnswerLayer {
    /// Answers by the decision that the route layer left in the request.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AnswerLayer {
    type Service = Answer<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Answer { inner }
    }
}
