//! What a MeshConfig says of telemetry.

use super::{Site, custom_tag, log_format, telemetry::sampled, telemetry_provider};
use crate::{
    document::{self, AccessLogEncoding, MeshConfig, Path, ProxyTracing},
    model::{
        Host, LogFile, LogFormat, MeshTelemetry, TelemetryProvider, TelemetryProviderKind, TraceContext,
        Zipkin,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// How long a tag may be at most: more is no use to anybody who looks at it.
const LONGEST_TAG: u32 = 64 << 10;

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &MeshConfig) -> MeshTelemetry {
    let told = &written.telemetry;
    let format = format(site, &at.field("accessLogFormat"), told);
    let names = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    let defaults = &told.default_providers;
    let none = MeshTelemetry::default();
    let config_at = at.field("defaultConfig");
    let tracing_at = config_at.field("tracing");
    let tracing = written.default_config.as_ref().and_then(|config| config.tracing.as_ref());
    let sampling = tracing.and_then(|tracing| tracing.sampling);
    let longest = tracing.map(|tracing| tracing.max_path_tag_length).filter(|longest| *longest > 0);
    if longest.is_some_and(|longest| longest > LONGEST_TAG) {
        let reason = format!("is longer than {LONGEST_TAG} bytes, and that is how long tags may be");
        site.check.note(&tracing_at.field("maxPathTagLength"), reason);
    }
    let providers_at = at.field("extensionProviders");
    MeshTelemetry {
        providers: telemetry_provider::translate(site, &providers_at, &written.extension_providers, &format),
        metrics: defaults.metrics.as_deref().map_or(none.metrics, names),
        tracing: names(&defaults.tracing),
        access_logs: names(&defaults.access_logging),
        log_file: log_file(told, format),
        tracer: tracing.and_then(|written| tracer(site, &tracing_at, written)).filter(|_| {
            // What nobody asked for is none of the mesh's business.
            told.enable_tracing.unwrap_or(true)
        }),
        sampling: sampling
            .and_then(|share| sampled(site, &tracing_at.field("sampling"), share))
            .unwrap_or(none.sampling),
        tags: tracing.map_or_else(BTreeMap::new, |tracing| {
            custom_tag::translate(site, &tracing_at.field("customTags"), &tracing.custom_tags)
        }),
        longest_tag: longest.map_or(none.longest_tag, |longest| longest.min(LONGEST_TAG)),
    }
}

/// What an entry of a log looks like where its provider does not say.
fn format(site: Site<'_>, at: &Path<'_>, told: &document::MeshTelemetry) -> LogFormat {
    let format = told.access_log_format.as_str();
    match (told.access_log_encoding, format) {
        (AccessLogEncoding::Text, "") => LogFormat::Text,
        (AccessLogEncoding::Json, "") => LogFormat::Json,
        (AccessLogEncoding::Text, format) => {
            log_format::check(site, at, format);
            LogFormat::TextOf(format.into())
        }
        (AccessLogEncoding::Json, format) => match serde_json::from_str(format) {
            Ok(object) => {
                log_format::check_object(site, at, &object);
                LogFormat::JsonOf(Arc::new(object))
            }
            Err(error) => {
                let reason = format!("is no object of JSON, and the usual one is written: {error}");
                site.check.warn(at, reason, "write an object of JSON, or accessLogEncoding: TEXT");
                LogFormat::Json
            }
        },
    }
}

fn log_file(told: &document::MeshTelemetry, format: LogFormat) -> Option<Arc<TelemetryProvider>> {
    let path = told.access_log_file.as_str();
    (!path.is_empty()).then(|| {
        let kind = TelemetryProviderKind::LogFile(LogFile { path: path.into(), format });
        Arc::new(TelemetryProvider { name: "accessLogFile".into(), kind })
    })
}

fn tracer(site: Site<'_>, at: &Path<'_>, written: &ProxyTracing) -> Option<Arc<TelemetryProvider>> {
    for field in &written.unused {
        site.check.later(&at.field(field));
    }
    let address = &written.zipkin.as_ref()?.address;
    let at = at.field("zipkin");
    let at = at.field("address");
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let Some((host, port)) = parts.filter(|(_, port)| *port > 0) else {
        let reason = format!("invalid zipkin address: {address:?}");
        site.check.refuse_with(&at, reason, "write a host and a port: zipkin.istio-system:9411");
        return None;
    };
    let host = site.check.accept(&at, Host::parse(host))?;
    let collector = Zipkin {
        service: crate::model::AskedService { namespace: None, host, port },
        longest_tag: None,
        path: telemetry_provider::ZIPKIN_PATH.into(),
        has_short_ids: false,
        context: TraceContext::B3,
    };
    let kind = TelemetryProviderKind::Zipkin(Box::new(collector));
    Some(Arc::new(TelemetryProvider { name: "zipkin".into(), kind }))
}
