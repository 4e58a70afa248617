//! What commands that run for long tell about what they do.

use mesh_tower::admin::Logging;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Logs on the standard error, as much as RUST_LOG says, until it is told otherwise by what this gives.
pub(crate) fn start() -> Logging {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let has_colours = io::stderr().is_terminal() && !is_plain;
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(has_colours);
    let subscriber = subscriber.with_filter_reloading();
    let (read, changed) = (subscriber.reload_handle(), subscriber.reload_handle());
    subscriber.init();
    Logging::new(
        move || read.with_current(EnvFilter::to_string).unwrap_or_default(),
        move |level| {
            let filter = EnvFilter::builder().parse(level).map_err(|error| error.to_string())?;
            changed.reload(filter).map_err(|error| error.to_string())
        },
    )
}
