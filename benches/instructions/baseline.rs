//! What was counted, and with what.

use crate::count;
use mesh_tower::BoxError;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, env::consts::ARCH, fmt::Write, fs, process::Command};

/// Where the last counts are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions/baseline.json");

/// How many more instructions a piece may take, in a hundred.
const MOST: u64 = 3;

/// Counts, and what made them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Baseline {
    /// The compiler, which brings the standard library.
    rustc: String,
    valgrind: String,
    /// The processor, with which not everything is done by the same instructions.
    processor: String,
    /// What each piece took, once.
    pub(crate) instructions: BTreeMap<String, u64>,
}

impl Baseline {
    /// Nothing is counted yet, with what is here.
    ///
    /// # Errors
    /// When there is no compiler, or no valgrind.
    pub(crate) fn here() -> Result<Self, BoxError> {
        let rustc = Command::new("rustc").arg("--version").current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let rustc = rustc.map_err(|error| format!("rustc cannot be started: {error}"))?;
        Ok(Self {
            rustc: String::from_utf8(rustc.stdout)?.trim().to_owned(),
            valgrind: count::valgrind()?,
            processor: processor(),
            instructions: BTreeMap::new(),
        })
    }

    /// What was counted last.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn read() -> Result<Self, BoxError> {
        Ok(serde_json::from_str(&fs::read_to_string(FILE)?)?)
    }

    /// Keeps it as what was counted last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self) -> Result<(), BoxError> {
        Ok(fs::write(FILE, serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// The counts, for people.
    pub(crate) fn told(&self) -> String {
        self.instructions.iter().fold(String::new(), |mut told, (name, count)| {
            let _ = writeln!(told, "{name:<24} {count:>10}");
            told
        })
    }

    /// The counts beside those of the baseline, and whether none is too high.
    pub(crate) fn compared(&self, before: &Self) -> (String, bool) {
        let made = |of: &Self| format!("{}, {}, {}", of.rustc, of.valgrind, of.processor);
        if made(self) != made(before) {
            let told = format!(
                "{}nothing is compared: the baseline is of {}, and this is {}; `instructions --renew` makes another\n",
                self.told(),
                made(before),
                made(self)
            );
            return (told, true);
        }
        let (mut told, mut is_met) = (String::new(), true);
        for (name, count) in &self.instructions {
            let judged = match before.instructions.get(name) {
                None => Err("it is not in the baseline: `instructions --renew` adds it".to_owned()),
                Some(known) if count * 100 > known * (100 + MOST) => {
                    Err(format!("more than {MOST} % above {known}"))
                }
                Some(known) if count * (100 + MOST) < known * 100 => {
                    Ok(format!("less than {known}: `instructions --renew` keeps it so"))
                }
                Some(known) => Ok(format!("as {known}")),
            };
            is_met &= judged.is_ok();
            let (Ok(words) | Err(words)) = judged;
            let _ = writeln!(told, "{name:<24} {count:>10}  {words}");
        }
        (told, is_met)
    }
}

/// Which processor this is: the C library and others choose their code by what it can do.
fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = known.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| ARCH.to_owned(), |(_, name)| format!("{ARCH} {}", name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(rustc: &str, count: u64) -> Baseline {
        Baseline {
            rustc: rustc.into(),
            valgrind: "valgrind-3".into(),
            processor: "any".into(),
            instructions: BTreeMap::from([("decide".into(), count)]),
        }
    }

    #[test]
    fn three_in_a_hundred_more_are_too_many_and_less_are_none() {
        let before = counted("rustc 1", 1_000);
        for (count, is_met) in [(1_030, true), (1_031, false), (1_000, true), (100, true)] {
            assert_eq!(counted("rustc 1", count).compared(&before).1, is_met, "{count}");
        }
        let unknown = Baseline { instructions: BTreeMap::new(), ..counted("rustc 1", 0) };
        assert!(!counted("rustc 1", 1).compared(&unknown).1);
    }

    #[test]
    fn counts_of_another_toolchain_are_not_compared() {
        let (told, is_met) = counted("rustc 2", 2_000).compared(&counted("rustc 1", 1_000));
        assert!(is_met && told.contains("the baseline is of rustc 1"), "{told}");
    }
}
