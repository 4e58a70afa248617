//! Why a request is decided as it is: for people, and for tools.

mod build;
mod display;
mod explanation;
mod policy;
mod question;
mod secured;

pub(super) use build::{abort_in_words, delay_in_words, edits_in_words, retries_in_words};
pub use explanation::{
    CorsExplanation, Explanation, MirrorExplanation, PassedOver, RetryExplanation, RuleReference,
    TargetExplanation,
};
pub use question::{Question, RequestUrl};
