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

    /// Whether what is expected is what was found, said by their `Debug`.
    pub(crate) fn of<T: PartialEq + std::fmt::Debug>(expected: &T, got: &T) -> Self {
        if expected == got {
            return Self::Agrees;
        }
        Self::Differs { expected: format!("{expected:?}"), got: format!("{got:?}"), fault: None }
    }
}
