//! Why a request is decided as it is: for people, and for tools.

mod build;
mod display;
mod explanation;

pub use explanation::{Explanation, PassedOver, RuleReference, TargetExplanation};
