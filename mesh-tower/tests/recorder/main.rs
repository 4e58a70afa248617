//! What is recorded is what is read.

mod bounds;
mod exemplars;
mod formats;
mod promtool;
mod properties;
mod reader;
mod streams;

use mesh_tower::recorder::{Format, Recorder};
use reader::Reading;

/// Records in `recorder` what `measure` measures on this thread.
fn measured(recorder: &Recorder, measure: impl FnOnce()) {
    metrics::with_local_recorder(recorder, measure);
}

fn read(recorder: &Recorder, format: Format) -> Reading {
    let text = recorder.render(format);
    Reading::of(&text, format).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}
