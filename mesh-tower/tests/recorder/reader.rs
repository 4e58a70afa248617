//! Reads the formats of Prometheus as strictly as their specifications are.

use mesh_tower::recorder::Format;
use std::collections::{BTreeMap, BTreeSet};

/// A series' name and labels, in the order in which they were written.
pub(crate) type Id = (String, Labels);

type Labels = Vec<(String, String)>;

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) families: Vec<Family>,
    pub(crate) samples: BTreeMap<Id, String>,
    pub(crate) exemplars: BTreeMap<Id, String>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) help: Option<String>,
    pub(crate) unit: Option<String>,
}

impl Reading {
    /// Reads a whole text.
    pub(crate) fn of(text: &str, format: Format) -> Result<Self, String> {
        let mut reading = Self::default();
        let mut lines: Vec<_> = text.split('\n').collect();
        if lines.pop() != Some("") {
            return Err("the last line does not end".into());
        }
        if format == Format::OpenMetrics && lines.pop() != Some("# EOF") {
            return Err("the end is missing".into());
        }
        for line in lines {
            reading.line(line, format).map_err(|wrong| format!("{wrong}: {line}"))?;
        }
        let names: BTreeSet<_> = reading.families.iter().map(|family| &family.name).collect();
        if names.len() == reading.families.len() {
            Ok(reading)
        } else {
            Err("a family is there twice".into())
        }
    }

    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some(number(self.samples.get(&(name.to_owned(), labels))?).expect("a number"))
    }

    fn line(&mut self, line: &str, format: Format) -> Result<(), String> {
        let Some(comment) = line.strip_prefix("# ") else { return self.sample(line, format) };
        let mut words = comment.splitn(3, ' ');
        let [word, name, rest] = [(); 3].map(|()| words.next().unwrap_or_default());
        let rest = rest.to_owned();
        let is_new = self.families.last().is_none_or(|last| last.name != name);
        if is_new {
            self.families.push(Family { name: name.into(), ..Family::default() });
        }
        let family = self.families.last_mut().ok_or("no family")?;
        match word {
            "HELP" if is_new => family.help = Some(unescaped(&rest)?),
            "TYPE" if family.kind.is_empty() => family.kind = rest,
            "UNIT" if format == Format::OpenMetrics => family.unit = Some(rest),
            _ => return Err("what is this".into()),
        }
        Ok(())
    }

    fn sample(&mut self, line: &str, format: Format) -> Result<(), String> {
        let (line, exemplar) = match split_outside_texts(line, " # ") {
            (line, Some(exemplar)) if format == Format::OpenMetrics => (line, Some(exemplar)),
            (line, None) => (line, None),
            _ => return Err("an exemplar".into()),
        };
        let end = line.find(['{', ' ']).ok_or("no value")?;
        let name = &line[..end];
        let (labels, value) = match line[end..].strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (Vec::new(), &line[end..]),
        };
        let value = value.strip_prefix(' ').ok_or("no value")?;
        number(value)?;
        let family = self.families.last().ok_or("a sample before every family")?;
        let ends: &[&str] = match (family.kind.as_str(), format) {
            ("counter", Format::OpenMetrics) => &["_total"],
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        if !ends.iter().any(|end| format!("{}{end}", family.name) == name) {
            return Err(format!("no sample of the {} {}", family.kind, family.name));
        }
        let id: Id = (name.to_owned(), labels);
        if let Some(exemplar) = exemplar {
            self.exemplars.insert(id.clone(), exemplar.to_owned());
        }
        if self.samples.insert(id, value.to_owned()).is_some() {
            Err("a sample twice".into())
        } else {
            Ok(())
        }
    }
}

pub(crate) fn number(text: &str) -> Result<f64, String> {
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        other if other.starts_with(|char: char| char == '-' || char.is_ascii_digit()) => {
            other.parse().map_err(|_| "no number".to_owned())
        }
        _ => Err("no number".to_owned()),
    }
}

/// The labels up to the closing brace, and the rest.
fn labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("no label")?;
        let is_name = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
            && name.starts_with(|char: char| !char.is_ascii_digit());
        if !is_name || name.starts_with("__") || labels.iter().any(|(known, _)| known == name) {
            return Err(format!("the label {name:?}"));
        }
        let end = end_of_text(after).ok_or("a label without end")?;
        labels.push((name.to_owned(), unescaped(&after[..end])?));
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok((labels, rest.strip_prefix('}').ok_or("no closing brace")?)),
        }
    }
}

fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let is_end = !is_escaped && char == '"';
        is_escaped = !is_escaped && char == '\\';
        is_end.then_some(at)
    })
}

fn split_outside_texts<'a>(line: &'a str, mark: &str) -> (&'a str, Option<&'a str>) {
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        if let Some(after) = rest.strip_prefix(mark) {
            return (&line[..at], Some(after));
        }
        at += match rest.strip_prefix('"') {
            Some(text) => 2 + end_of_text(text).unwrap_or(text.len()),
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    (line, None)
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut chars = text.chars();
    let mut out = String::new();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (char, false) => out.push(char),
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some(char @ ('\\' | '"')) => out.push(char),
                _ => return Err("a wrong escape".into()),
            },
        }
    }
    Ok(out)
}
