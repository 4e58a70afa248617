//! Host names to virtual hosts.

/// Finds the virtual host responsible for a host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostIndex;
