//! The levels that were reached before, and the differences that are meant.

use crate::judgement::{Judgement, Outcome};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What `tests/suites.toml` records.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Levels {
    /// The least agreement of each suite, in hundredths of the rows that can be judged.
    #[serde(default)]
    levels: BTreeMap<String, f64>,
    /// The differences that are meant.
    #[serde(default, rename = "difference")]
    differences: Vec<Meant>,
}

/// Rows that the mesh means to decide differently.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meant {
    rows: Vec<String>,
    reason: String,
}

/// A suite that agrees less than before.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Shortfall {
    /// The suite.
    pub(crate) suite: String,
    /// The agreement that is recorded, in hundredths.
    pub(crate) level: f64,
    /// The agreement now, in hundredths.
    pub(crate) reached: f64,
}

impl Levels {
    /// Reads the record that lies beside the package.
    pub(crate) fn load() -> Result<Self, String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/suites.toml");
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("{path}: {error}"))
    }

    /// Why a row is meant to differ, if it is.
    pub(crate) fn reason(&self, id: &str) -> Option<&str> {
        let meant = self.differences.iter().find(|meant| meant.rows.iter().any(|row| row == id));
        meant.map(|meant| meant.reason.as_str())
    }

    /// The suites that agree less than is recorded.
    pub(crate) fn shortfalls(&self, judgements: &[Judgement]) -> Vec<Shortfall> {
        let short = |(suite, level): (&String, &f64)| {
            let of_suite: Vec<_> = judgements.iter().filter(|judgement| judgement.suite == *suite).collect();
            let reached = agreement(&of_suite)?;
            (reached < *level).then(|| Shortfall { suite: suite.clone(), level: *level, reached })
        };
        self.levels.iter().filter_map(short).collect()
    }
}

/// The share, in hundredths, of those that agree among those that can be judged; nothing when none can be.
pub(crate) fn agreement(judgements: &[&Judgement]) -> Option<f64> {
    let count =
        |is: fn(&Outcome) -> bool| judgements.iter().filter(|judgement| is(&judgement.outcome)).count();
    let agree = u32::try_from(count(|outcome| matches!(outcome, Outcome::Agrees))).ok()?;
    let differ = u32::try_from(count(|outcome| matches!(outcome, Outcome::Differs { .. }))).ok()?;
    let judged = agree.checked_add(differ).filter(|judged| *judged > 0)?;
    Some(f64::from(agree) * 100.0 / f64::from(judged))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(outcome: Outcome) -> Judgement {
        Judgement { suite: "a".to_owned(), group: "b".to_owned(), id: "c".to_owned(), outcome }
    }

    #[test]
    fn what_cannot_be_said_does_not_count() {
        let rows = [Outcome::Agrees, Outcome::of(&1, &2), Outcome::unsaid("why")].map(judgement);
        assert_eq!(agreement(&rows.iter().collect::<Vec<_>>()), Some(50.0));
        assert_eq!(agreement(&[&rows[2]]), None);
    }

    #[test]
    fn a_suite_below_its_level_falls_short() {
        let rows = [Outcome::Agrees, Outcome::of(&1, &2)].map(judgement);
        let levels = |level: f64| -> Levels { toml::from_str(&format!("[levels]\na = {level}")).unwrap() };
        assert_eq!(levels(50.0).shortfalls(&rows).len(), 0);
        let short = levels(50.1).shortfalls(&rows);
        assert_eq!((short.len(), short[0].reached), (1, 50.0));
    }

    #[test]
    fn the_record_beside_the_package_is_readable_and_gives_reasons() {
        let levels = Levels::load().unwrap();
        assert!(levels.differences.iter().all(|meant| !meant.rows.is_empty() && !meant.reason.is_empty()));
    }
}
