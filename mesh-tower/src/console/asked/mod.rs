//! What the processes of the mesh say when they are asked.

mod link;
mod process;
mod prometheus;
mod report;
mod requests;

use link::AskFault;
pub(super) use link::Link;
pub(super) use process::follow;
pub(super) use prometheus::follow as follow_prometheus;
pub(super) use report::{Report, Reports, Told};
pub(super) use requests::follow as follow_requests;
