//! Without OpenTelemetry no collector can be spoken to.

use super::span::SpanExporter;
use crate::Caller;
use mesh_core::model::TelemetryProvider;

/// Nobody, whatever the environment says of OpenTelemetry: those variables may be meant for the application's own.
///
/// # Errors
/// Never, as nothing is looked at.
#[expect(clippy::unnecessary_wraps, reason = "as with OpenTelemetry")]
pub(crate) fn from_environment(
    _: impl Fn(&str) -> Option<String>,
) -> Result<Option<SpanExporter>, (&'static str, String)> {
    Ok(None)
}

/// Nobody, and whoever reads the log is told why.
pub(super) fn of_provider(provider: &TelemetryProvider, _: &Caller) -> Option<SpanExporter> {
    tracing::warn!(
        provider = %provider.name,
        "nobody gets spans: this program is built without the feature otlp of mesh-tower"
    );
    None
}
