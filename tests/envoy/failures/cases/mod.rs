//! The cases.

mod grpc;
mod http1;
mod http2;
mod localities;
mod outliers;
mod retries;
mod timeouts;

use super::case::Case;

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let rooms = [
        retries::cases(),
        http1::cases(),
        http2::cases(),
        grpc::cases(),
        timeouts::cases(),
        outliers::cases(),
        localities::cases(),
    ];
    rooms.into_iter().flatten().collect()
}
