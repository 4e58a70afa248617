//! Why a request is decided as it is: for people, and for tools.

mod build;
mod display;
mod explanation;
mod policy;
mod secured;

pub use explanation::{
    CorsExplanation, Explanation, MirrorExplanation, PassedOver, RetryExplanation, RuleReference,
    TargetExplanation,
};
