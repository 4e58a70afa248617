//! What holds for the telemetry of the whole mesh.

use super::{CustomTag, LogFormat, TelemetryProvider, TelemetryProviderKind};
use crate::model::Share;
use std::{collections::BTreeMap, sync::Arc};

/// What holds where no rule says otherwise, and the providers that rules name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshTelemetry {
    /// Everybody who can get telemetry. Default: `prometheus` and `envoy`, which is the process's output.
    pub providers: Vec<Arc<TelemetryProvider>>,
    /// Who gets metrics where no rule says, by name. Default: `prometheus`.
    pub metrics: Vec<Arc<str>>,
    /// Who gets spans where no rule says: the first. Default: nobody.
    pub tracing: Vec<Arc<str>>,
    /// Who gets entries of logs where no rule says. Default: nobody.
    pub access_logs: Vec<Arc<str>>,
    /// Who gets entries of logs where neither rules nor defaults name anybody. Default: nobody.
    pub log_file: Option<Arc<TelemetryProvider>>,
    /// Who gets spans where neither rules nor defaults name anybody. Default: nobody.
    pub tracer: Option<Arc<TelemetryProvider>>,
    /// The share of traces that are kept where no rule says. Default: 1 %.
    pub sampling: Share,
    /// The tags of spans where no rule says. Default: none.
    pub tags: BTreeMap<Arc<str>, CustomTag>,
    /// How long tags may be, in bytes, where their provider does not say. Default: 256.
    pub longest_tag: u32,
}

/// Where entries of logs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// The file: `/dev/stdout`, `/dev/stderr`, or any other, to which entries are appended.
    pub path: Arc<str>,
    /// What an entry looks like.
    pub format: LogFormat,
}

impl MeshTelemetry {
    /// The share of traces that are kept where nobody says.
    pub const SAMPLING: Share = Share::hundredths(1);
    /// How long tags may be, in bytes, where nobody says.
    pub const LONGEST_TAG: u32 = 256;
    /// Where logs go by default, once somebody asks for them.
    pub const OUTPUT: &str = "/dev/stdout";

    /// The provider of a name, whatever its letter case.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Arc<TelemetryProvider>> {
        self.providers.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))
    }
}

impl Default for MeshTelemetry {
    fn default() -> Self {
        let output = LogFile { path: Self::OUTPUT.into(), format: LogFormat::default() };
        let built_in = [
            ("prometheus", TelemetryProviderKind::Prometheus),
            ("envoy", TelemetryProviderKind::LogFile(output)),
            ("stackdriver", TelemetryProviderKind::Other("stackdriver")),
        ];
        let built_in = built_in.map(|(name, kind)| Arc::new(TelemetryProvider { name: name.into(), kind }));
        Self {
            providers: built_in.into(),
            metrics: vec!["prometheus".into()],
            tracing: Vec::new(),
            access_logs: Vec::new(),
            log_file: None,
            tracer: None,
            sampling: Self::SAMPLING,
            tags: BTreeMap::new(),
            longest_tag: Self::LONGEST_TAG,
        }
    }
}
