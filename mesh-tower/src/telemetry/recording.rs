//! Where metrics go.

use crate::recorder;
use metrics::Recorder;
use std::{fmt, sync::Arc};

/// Where metrics go.
#[derive(Clone, Default)]
pub struct Recording {
    /// None for that of the process.
    to: Option<Arc<dyn Recorder + Send + Sync>>,
    /// The same one, if it is ours.
    readable: Option<recorder::Recorder>,
}

/// To this one, which the admin endpoint of the mesh reads.
impl From<recorder::Recorder> for Recording {
    fn from(recorder: recorder::Recorder) -> Self {
        Self { to: Some(Arc::new(recorder.clone())), readable: Some(recorder) }
    }
}

impl Recording {
    /// To the recorder of the process; see `metrics::set_global_recorder`. It has to be there before the first request.
    #[must_use]
    pub fn global() -> Self {
        Self::default()
    }

    /// To this one.
    #[must_use]
    pub fn to(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self { to: Some(recorder), readable: None }
    }

    /// The recorder, if it is not that of the process.
    pub(crate) fn recorder(&self) -> Option<Arc<dyn Recorder + Send + Sync>> {
        self.to.clone()
    }
}

impl Recording {
    /// The recorder, if it is one that can be read.
    pub(crate) fn readable(&self) -> Option<recorder::Recorder> {
        match &self.to {
            Some(_) => self.readable.clone(),
            None => recorder::Recorder::installed(),
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.to.is_some() { "Recording::to(..)" } else { "Recording::global()" })
    }
}
