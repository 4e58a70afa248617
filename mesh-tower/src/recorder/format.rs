//! The formats that measurements are rendered in.

use http::{HeaderMap, HeaderValue, header::ACCEPT};

/// A format that Prometheus reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    #[default]
    Prometheus,
    /// OpenMetrics 1.0.0: with exemplars and units.
    OpenMetrics,
}

impl Format {
    /// The format that somebody likes best who sent these headers; Prometheus' own for who does not say.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let (mut prometheus, mut open_metrics) = (0.0_f32, 0.0_f32);
        for range in lines.flat_map(|line| line.split(',')).map(Range::read) {
            match range.media {
                "application/openmetrics-text" if range.is_of(&["1.0.0"]) => {
                    open_metrics = open_metrics.max(range.quality);
                }
                "text/plain" if range.is_of(&["0.0.4"]) => prometheus = prometheus.max(range.quality),
                "text/*" | "*/*" => prometheus = prometheus.max(range.quality),
                _ => {}
            }
        }
        if open_metrics > 0.0 && open_metrics >= prometheus { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The value of `content-type`.
    #[must_use]
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        })
    }
}

/// One alternative of `Accept`.
struct Range<'a> {
    media: &'a str,
    version: Option<&'a str>,
    quality: f32,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let mut range = Range { media: parts.next().unwrap_or_default(), version: None, quality: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "version" => range.version = Some(value.trim().trim_matches('"')),
                "q" => range.quality = value.trim().parse().unwrap_or(0.0),
                _ => {}
            }
        }
        range
    }

    fn is_of(&self, versions: &[&str]) -> bool {
        self.version.is_none_or(|version| versions.contains(&version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        let of = |accept: &'static str| {
            Format::accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Prometheus);
        for (accept, expected) in [
            ("*/*", Format::Prometheus),
            ("text/html,*/*;q=0.1", Format::Prometheus),
            ("application/openmetrics-text; version=1.0.0", Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"; q=0", Format::Prometheus),
            ("application/openmetrics-text; version=0.0.1,text/plain;q=0.1", Format::Prometheus),
            ("text/plain;version=0.0.4,application/openmetrics-text;q=0.5", Format::Prometheus),
            // What Prometheus 3 sends.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(of(accept), expected, "{accept}");
        }
    }
}
