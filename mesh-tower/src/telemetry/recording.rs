//! Where metrics go.

use metrics::Recorder;
use std::{fmt, sync::Arc};

/// Where metrics go.
#[derive(Clone, Default)]
pub struct Recording(Option<Arc<dyn Recorder + Send + Sync>>);

impl Recording {
    /// To the recorder of the process; see `metrics::set_global_recorder`. It has to be there before the first request.
    #[must_use]
    pub fn global() -> Self {
        Self::default()
    }

    /// To this one.
    #[must_use]
    pub fn to(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self(Some(recorder))
    }

    /// The recorder, if it is not that of the process.
    pub(crate) fn recorder(&self) -> Option<Arc<dyn Recorder + Send + Sync>> {
        self.0.clone()
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Recording::to(..)" } else { "Recording::global()" })
    }
}
