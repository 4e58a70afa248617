//! An explanation as text: what happens first, then why, then with what.

use super::explanation::{
    CorsExplanation, Explanation, MirrorExplanation, RetryExplanation, RuleReference, TargetExplanation,
};
use std::fmt;

/// How wide the column of words on the left is, in characters.
const COLUMN: usize = 18;

impl fmt::Display for Explanation {
    /// Several lines, each ending in a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        line(f, "outcome", &self.outcome_in_words())?;
        if let (Some(host), Some(domain)) = (&self.virtual_host, &self.matched_domain) {
            line(f, "virtual host", &format!("{host} (by {domain})"))?;
            let origins = match &*self.virtual_services {
                [] => "none".to_owned(),
                services => services.join(", "),
            };
            line(f, "virtual services", &origins)?;
        }
        for passed in &self.passed_over {
            line(f, "passed over", &format!("{}: {}", passed.rule, passed.reason))?;
        }
        some_line(f, "matched", self.rule.as_ref())?;
        for target in &self.targets {
            write_target(f, target)?;
        }
        some_line(f, "secured", self.secured.as_ref())?;
        some_line(f, "rewritten path", self.rewritten_path.as_ref())?;
        some_line(f, "authority", self.rewritten_authority.as_ref())?;
        some_line(f, "location", self.location.as_ref())?;
        some_line(f, "timeout", self.timeout_ms.map(|ms| format!("{ms} ms")).as_ref())?;
        some_line(f, "retries", self.retries.as_ref().map(RetryExplanation::in_words).as_ref())?;
        for mirror in &self.mirrors {
            line(f, "mirror", &mirror.in_words())?;
        }
        some_line(f, "cors", self.cors.as_ref().map(CorsExplanation::in_words).as_ref())?;
        some_line(f, "delay", self.delay.as_ref())?;
        some_line(f, "abort", self.abort.as_ref())
    }
}

impl Explanation {
    fn outcome_in_words(&self) -> String {
        let status = self.status.map(|status| format!(" {status}")).unwrap_or_default();
        let flag = self.flag.map(|flag| format!(" {flag}")).unwrap_or_default();
        format!("{}{status}{flag}", self.outcome)
    }
}

impl fmt::Display for RuleReference {
    /// `rule 2 canary (line 12)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.number)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line})"),
        }
    }
}

impl RetryExplanation {
    fn in_words(&self) -> String {
        if self.attempts == 0 {
            return "none".to_owned();
        }
        let each = self.per_try_timeout_ms.map(|ms| format!(" of {ms} ms each")).unwrap_or_default();
        let leaves = if self.leaves_locality { ", away from where it failed twice" } else { "" };
        format!("{}{each} on {}{leaves}", self.attempts, self.on.join(","))
    }
}

impl CorsExplanation {
    fn in_words(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} for {origin}", self.verdict),
            None => self.verdict.to_owned(),
        }
    }
}

impl MirrorExplanation {
    fn in_words(&self) -> String {
        let subset = self.subset.as_ref().map(|subset| format!(" subset {subset}")).unwrap_or_default();
        let port = if self.missing.is_some() { String::new() } else { format!(":{}", self.port) };
        let missing = self.missing.as_ref().map(|missing| format!(", which is missing: {missing}"));
        let missing = missing.unwrap_or_default();
        format!("{}{port}{subset} ({} %){missing}", self.host, hundredths(self.percent))
    }
}

impl TargetExplanation {
    /// The destination and its share, in one phrase.
    pub(super) fn to_share(&self) -> String {
        let subset = self.subset.as_ref().map(|subset| format!(" subset {subset}")).unwrap_or_default();
        let port = if self.missing.is_some() { String::new() } else { format!(":{}", self.port) };
        format!("{}{port}{subset} ({} %)", self.host, hundredths(self.percent))
    }
}

fn write_target(f: &mut fmt::Formatter<'_>, target: &TargetExplanation) -> fmt::Result {
    line(f, "target", &target.to_share())?;
    match &target.missing {
        Some(missing) => line(f, "  missing", missing)?,
        None if target.endpoints.is_empty() => line(f, "  endpoints", "none")?,
        None => line(f, "  endpoints", &target.endpoints.join(", "))?,
    }
    some_line(f, "  secured", target.secured.as_ref())?;
    for setting in &target.policy {
        line(f, "  policy", setting)?;
    }
    for edit in &target.request_headers {
        line(f, "  request header", edit)?;
    }
    for edit in &target.response_headers {
        line(f, "  response header", edit)?;
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, word: &str, text: &str) -> fmt::Result {
    writeln!(f, "{word:COLUMN$} {text}")
}

fn some_line(f: &mut fmt::Formatter<'_>, word: &str, text: Option<&impl ToString>) -> fmt::Result {
    text.map_or(Ok(()), |text| line(f, word, &text.to_string()))
}

/// At most two digits after the point: a third of the requests is `33.33`.
fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}
