//! How a family and its series are written.

use super::{
    exemplar::Exemplar,
    family::{Family, Kind, Series},
    format::Format,
    histogram::Tally,
    registry::About,
};
use metrics::{Key, Unit};
use std::{fmt, fmt::Write, time::UNIX_EPOCH};

/// What a family is called in a format.
#[derive(Debug)]
pub(super) struct Heading {
    format: Format,
    /// In the lines about the family.
    family: String,
    /// In the lines of its series.
    sample: String,
    kind: &'static str,
}

impl Heading {
    /// What a family is called where others are called as `is_taken` says.
    pub(super) fn new(format: Format, family: &Family, is_taken: impl Fn(&str) -> bool) -> Self {
        let (name, kind) = (family.name(), family.kind().name());
        let plain = || Self { format, family: name.to_owned(), sample: name.to_owned(), kind };
        if format == Format::Prometheus || !matches!(family.kind(), Kind::Counter) {
            return plain();
        }
        // OpenMetrics names the family without the end that a counter's series must have.
        let (base, other) = match name.strip_suffix("_total") {
            Some(base) => (base.to_owned(), base.to_owned()),
            None => (name.to_owned(), format!("{name}_total")),
        };
        if base.is_empty() || is_taken(&other) {
            // It would stand twice in what is rendered, or two families would have one name.
            return Self { kind: "unknown", ..plain() };
        }
        Self { format, sample: format!("{base}_total"), family: base, kind }
    }

    /// Writes the lines about the family.
    pub(super) fn write(&self, out: &mut String, about: Option<&About>) -> fmt::Result {
        let Self { format, family, kind, .. } = self;
        if let Some(about) = about.filter(|about| !about.help.is_empty()) {
            let quote = if *format == Format::OpenMetrics { "\\\"" } else { "\"" };
            write!(out, "# HELP {family} ")?;
            escape(out, &about.help, quote)?;
            out.push('\n');
        }
        writeln!(out, "# TYPE {family} {kind}")?;
        match about.and_then(|about| about.unit).and_then(unit) {
            Some(unit) if *format == Format::OpenMetrics && has_unit(family, unit) => {
                writeln!(out, "# UNIT {family} {unit}")
            }
            _ => Ok(()),
        }
    }

    /// Writes the lines of a series.
    pub(super) fn write_series(&self, out: &mut String, key: &Key, series: &Series) -> fmt::Result {
        let labels = labels(key)?;
        let sample = &self.sample;
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        match series {
            Series::Counter(count) => writeln!(out, "{sample}{braced} {}", count.get()),
            Series::Gauge(level) => writeln!(out, "{sample}{braced} {}", self.number(level.get())),
            Series::Histogram(tally) => self.write_histogram(out, tally, &labels, &braced),
        }
    }

    fn write_histogram(&self, out: &mut String, tally: &Tally, labels: &str, braced: &str) -> fmt::Result {
        let sample = &self.sample;
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (bucket, (bound, count)) in tally.counts().enumerate() {
            total += count;
            write!(out, "{sample}_bucket{{{labels}{comma}le=\"{}\"}} {total}", self.number(bound))?;
            if self.format == Format::OpenMetrics
                && let Some((value, exemplar)) = tally.exemplar(bucket)
            {
                self.write_exemplar(out, value, exemplar)?;
            }
            out.push('\n');
        }
        writeln!(out, "{sample}_sum{braced} {}", self.number(tally.sum()))?;
        // The same number as in the last bucket, whatever is recorded meanwhile.
        writeln!(out, "{sample}_count{braced} {total}")
    }

    fn write_exemplar(&self, out: &mut String, value: f64, exemplar: Exemplar) -> fmt::Result {
        write!(out, " # {{trace_id=\"{:032x}\"", exemplar.trace_id)?;
        if let Some(span) = exemplar.span_id {
            write!(out, ",span_id=\"{span:016x}\"")?;
        }
        write!(out, "}} {}", self.number(value))?;
        match exemplar.at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
            Some(since) => write!(out, " {}.{:09}", since.as_secs(), since.subsec_nanos()),
            None => Ok(()),
        }
    }

    /// A number as both formats have it; in OpenMetrics one that is whole is written with a fraction, so that a bound has
    /// one spelling everywhere.
    fn number(&self, value: f64) -> String {
        if value == f64::INFINITY {
            "+Inf".to_owned()
        } else if value == f64::NEG_INFINITY {
            "-Inf".to_owned()
        } else if self.format == Format::OpenMetrics || value.abs() >= 1e16 {
            format!("{value:?}")
        } else {
            format!("{value}")
        }
    }
}

/// A series' labels, as they stand between braces.
fn labels(key: &Key) -> Result<String, fmt::Error> {
    let mut out = String::new();
    for label in key.labels() {
        let comma = if out.is_empty() { "" } else { "," };
        write!(out, "{comma}{}=\"", label.key())?;
        escape(&mut out, label.value(), "\\\"")?;
        out.push('"');
    }
    Ok(out)
}

/// Writes a text so that it stays on its line; `quote` is what a quotation mark becomes.
fn escape(out: &mut String, text: &str, quote: &str) -> fmt::Result {
    for char in text.chars() {
        match char {
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '"' => out.write_str(quote)?,
            other => out.write_char(other)?,
        }
    }
    Ok(())
}

/// A unit as it ends a name.
fn unit(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Count => None,
        other => Some(other.as_str()),
    }
}

fn has_unit(family: &str, unit: &str) -> bool {
    family.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_one_name_in_open_metrics() {
        for (name, others, expected) in [
            ("a_total", &[][..], ("a", "a_total", "counter")),
            ("a", &[], ("a", "a_total", "counter")),
            ("a", &["a_total"], ("a", "a", "unknown")),
            ("a_total", &["a"], ("a_total", "a_total", "unknown")),
            ("_total", &[], ("_total", "_total", "unknown")),
        ] {
            let family = Family::new(name, Kind::Counter);
            let is_taken = |name: &str| others.contains(&name);
            let heading = Heading::new(Format::OpenMetrics, &family, is_taken);
            assert_eq!((&*heading.family, &*heading.sample, heading.kind), expected, "{name} {others:?}");
            let heading = Heading::new(Format::Prometheus, &family, is_taken);
            assert_eq!((&*heading.family, &*heading.sample, heading.kind), (name, name, "counter"));
        }
    }
}
