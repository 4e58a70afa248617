//! Who may ask what of a workload: every AuthorizationPolicy that is for it, compiled.
//!
//! A request is looked at by those that deny first, and by those that allow then: it passes when none of the first
//! is for it, and one of the second is, if there are any. Policies that ask somebody else are looked at before both,
//! by whoever asks; those that audit change nothing, and those that are only tried change nothing either.
//!
//! What is compared can sometimes be read in several ways: a header that came in several lines, a host with a port
//! that means the same without. What restricts (a value that is denied, one that is excluded from what is allowed)
//! holds as soon as one reading does; what allows holds in Envoy's reading alone, and of several lines in each.

mod compile;
mod explain;
mod facts;
mod filed;
mod files;
mod keys;
mod rules;
mod test;
mod texts;
mod trust;
mod verdict;

pub(super) use compile::Authorization;
pub use explain::{AuthorizationExplanation, PolicyExplanation, RuleExplanation};
pub use verdict::{RuleName, Verdict};
