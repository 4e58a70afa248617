//! How much is logged, and how to change that.

use std::{fmt, sync::Arc};

type Get = Arc<dyn Fn() -> String + Send + Sync>;
type Set = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Says how much a process logs, and changes that. Which subscriber logs is for the program to choose, so it says how.
///
/// ```
/// use mesh_tower::admin::Logging;
/// use std::sync::{Arc, Mutex};
///
/// // With tracing-subscriber it is a handle of `tracing_subscriber::reload`.
/// let level = Arc::new(Mutex::new("info".to_owned()));
/// let logging = Logging::new(
///     { let level = Arc::clone(&level); move || level.lock().unwrap().clone() },
///     move |text| { *level.lock().unwrap() = text.to_owned(); Ok(()) },
/// );
/// # drop(logging);
/// ```
#[derive(Clone)]
pub struct Logging {
    get: Get,
    set: Set,
}

impl Logging {
    /// `get` gives the level as people write it; `set` takes such a text, or says why not.
    #[must_use]
    pub fn new(
        get: impl Fn() -> String + Send + Sync + 'static,
        set: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { get: Arc::new(get), set: Arc::new(set) }
    }

    pub(super) fn level(&self) -> String {
        (self.get)()
    }

    pub(super) fn change(&self, level: &str) -> Result<(), String> {
        (self.set)(level)
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Logging(..)")
    }
}
