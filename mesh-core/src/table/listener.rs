//! The servers that share a port of a gateway.

use super::snapshot::{Listener, ListenerServer};
use crate::model::{HostPattern, Termination};
use std::net::IpAddr;

impl Listener {
    /// The address to listen on, if every server of the port asks for the same one.
    #[must_use]
    pub fn bind(&self) -> Option<IpAddr> {
        let first = self.servers.first()?.bind;
        first.filter(|_| self.servers.iter().all(|server| server.bind == first))
    }

    /// The server for a TLS client that asks for `name`, the most specific first; `None` when no server is for it.
    #[must_use]
    pub fn server_for(&self, name: Option<&str>) -> Option<&ListenerServer> {
        let specificity = |server: &&ListenerServer| {
            let matching = server.hosts.iter().filter(|pattern| match name {
                Some(name) => pattern.matches(name),
                None => **pattern == HostPattern::Any,
            });
            matching
                .map(|pattern| match pattern {
                    HostPattern::Exact(_) => usize::MAX,
                    HostPattern::Suffix(suffix) => suffix.len(),
                    HostPattern::Any => 0,
                })
                .max()
        };
        let serving = self.servers.iter().filter(|server| specificity(server).is_some());
        // Of equally specific servers the first wins.
        serving.rev().max_by_key(specificity)
    }

    /// Whether a TLS client that asked for `name` may not ask for `host` over the same connection.
    ///
    /// The host must be one of the server's that the name chose; and if another server is more specifically for it, that
    /// one must not look at clients' certificates, since nobody looked as it would have.
    #[must_use]
    pub fn misdirects(&self, name: Option<&str>, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let Some(theirs) = self.server_for(Some(&host)) else { return false };
        let name = name.map(str::to_ascii_lowercase);
        let Some(own) = self.server_for(name.as_deref()) else { return true };
        let is_own = own.hosts.iter().any(|pattern| pattern.matches(&host));
        let looks_closer = theirs.tls.as_ref().is_some_and(Termination::looks_at_clients);
        !std::ptr::eq(own, theirs) && (!is_own || looks_closer)
    }
}
