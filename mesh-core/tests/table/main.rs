//! The routing table, from a model to decisions about requests.

mod build;
mod destinations;
mod effects;
mod explanations;
mod gateways;
mod hosts;
mod index;
mod matching;
mod properties;
mod rules;
mod sharing;
mod subsets;
