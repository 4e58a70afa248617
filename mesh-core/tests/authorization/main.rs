//! Who may ask what: from documents to verdicts.

mod actions;
mod attributes;
mod explanations;
mod paths;
mod properties;
mod readings;
mod scan;
mod scopes;
mod tcp;
mod world;
