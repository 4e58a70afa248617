//! What was found about one row.

use serde::Serialize;

/// One row of a suite, judged.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judgement {
    /// The suite.
    pub(crate) suite: String,
    /// The part of the suite: a kind of document, a table.
    pub(crate) group: String,
    /// The row.
    pub(crate) id: String,
    /// What was found.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What was found about one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub(crate) enum Outcome {
    /// The mesh says what the row says.
    Agrees,
    /// The mesh says something else.
    Differs {
        /// What the row says.
        expected: String,
        /// What the mesh says.
        got: String,
        /// The first fault that the mesh reports, if it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// The mesh has nothing to compare with the row.
    Unsaid {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Nothing to compare with, for this reason.
    pub(crate) fn unsaid(reason: impl Into<String>) -> Self {
        Self::Unsaid { reason: reason.into() }
    }

    /// The same, with the fault that may have caused a difference.
    pub(crate) fn blaming(mut self, cause: Option<String>) -> Self {
        if let Self::Differs { fault, .. } = &mut self {
            *fault = fault.take().or(cause);
        }
        self
    }

    /// Whether what is expected is what was found, said by their `Debug`.
    pub(crate) fn of<T: PartialEq + std::fmt::Debug>(expected: &T, got: &T) -> Self {
        if expected == got {
            return Self::Agrees;
        }
        Self::Differs { expected: format!("{expected:?}"), got: format!("{got:?}"), fault: None }
    }
}

/// Compares an answer part by part; the parts that differ are told.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    expected: Vec<String>,
    got: Vec<String>,
}

impl Comparison {
    /// Compares one part.
    pub(crate) fn part<T: PartialEq + std::fmt::Debug + ?Sized>(
        &mut self,
        name: &str,
        expected: &T,
        got: &T,
    ) {
        self.check(name, expected == got, expected, got);
    }

    /// Notes both sides of a part, unless it is as expected.
    pub(crate) fn check<E, G>(&mut self, name: &str, is_met: bool, expected: &E, got: &G)
    where
        E: std::fmt::Debug + ?Sized,
        G: std::fmt::Debug + ?Sized,
    {
        if !is_met {
            self.expected.push(format!("{name} {expected:?}"));
            self.got.push(format!("{name} {got:?}"));
        }
    }

    /// What is found about the row.
    pub(crate) fn outcome(self) -> Outcome {
        if self.expected.is_empty() {
            return Outcome::Agrees;
        }
        Outcome::Differs { expected: self.expected.join(", "), got: self.got.join(", "), fault: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_differs_is_told() {
        let mut comparison = Comparison::default();
        comparison.part("status", &200, &404);
        comparison.part("method", "GET", "GET");
        comparison.check("backend", false, "a", "b");
        let outcome = comparison.outcome();
        let expected = "status 200, backend \"a\"".to_owned();
        let got = "status 404, backend \"b\"".to_owned();
        assert_eq!(outcome, Outcome::Differs { expected, got, fault: None });
    }

    #[test]
    fn nothing_that_differs_agrees() {
        let mut comparison = Comparison::default();
        comparison.part("status", &200, &200);
        assert_eq!(comparison.outcome(), Outcome::Agrees);
    }
}
