//! Who is responsible for the requests that a service of the mesh sends, by host and port.

use super::hosts::{Found, HostIndex};
use crate::model::HostPattern;
use std::num::NonZeroU16;

/// The virtual hosts of the mesh; a host may be one on one port, another on the next, and nobody's on a third.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    hosts: HostIndex<Site>,
    /// The further ports of sites that have more than one.
    more: Vec<Box<[(u16, u32)]>>,
}

/// Virtual hosts by port; one site may have many names.
///
/// Most services have one port; that it is here, beside the name, and not a step away in memory, is much of what a
/// decision costs among many hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// Nobody's on any port when there is none.
    port: Option<NonZeroU16>,
    virtual_host: u32,
    /// Where the further ports are.
    more: Option<u32>,
}

impl Outbound {
    /// Nobody yet, with room for so many hosts.
    pub(super) fn with_capacity(hosts: usize) -> Self {
        Self { hosts: HostIndex::with_capacity(hosts), more: Vec::new() }
    }

    /// Takes in virtual hosts by port; the result is what names are given to.
    pub(super) fn site(&mut self, ports: impl IntoIterator<Item = (u16, u32)>) -> Site {
        let mut ports =
            ports.into_iter().filter_map(|(port, host)| NonZeroU16::new(port).map(|port| (port, host)));
        let Some((port, virtual_host)) = ports.next() else {
            return Site { port: None, virtual_host: 0, more: None };
        };
        let rest: Box<[_]> = ports.map(|(port, host)| (port.get(), host)).collect();
        let more = (!rest.is_empty()).then(|| {
            self.more.push(rest);
            self.more.len() as u32 - 1
        });
        Site { port: Some(port), virtual_host, more }
    }

    /// Gives a name to a site. Where the name is another's already, the other keeps the ports that it has.
    pub(super) fn claim(&mut self, pattern: &HostPattern, site: Site) {
        let owner = self.hosts.claim(pattern, site);
        if owner == site {
            return;
        }
        let mut more = self.ports_of(site).filter(|(port, _)| self.on(owner, *port).is_none()).peekable();
        if more.peek().is_some() {
            // The site may have other names, for which nothing changes.
            let both: Vec<_> = self.ports_of(owner).chain(more).collect();
            let both = self.site(both);
            self.hosts.assign(pattern, both);
        }
    }

    /// The virtual host for a request; less specific names count where the most specific is nobody's on this port.
    pub(super) fn find(&self, host: &str, port: u16) -> Option<Found<'_>> {
        let found = self.hosts.find_where(host, |site| self.on(site, port).is_some())?;
        Some(Found { owner: self.on(found.owner, port)?, pattern: found.pattern })
    }

    /// The ports on which somebody is responsible for a host; `None` when its name is nobody's at all.
    pub(super) fn ports(&self, host: &str) -> Option<impl Iterator<Item = u16>> {
        let site = self.hosts.find(host)?.owner;
        Some(self.ports_of(site).map(|(port, _)| port))
    }

    fn ports_of(&self, site: Site) -> impl Iterator<Item = (u16, u32)> {
        let first = site.port.map(|port| (port.get(), site.virtual_host));
        first.into_iter().chain(self.further(site).iter().copied())
    }

    fn on(&self, site: Site, port: u16) -> Option<u32> {
        match site.port {
            Some(first) if first.get() == port => Some(site.virtual_host),
            _ => self.further(site).iter().find(|(number, _)| *number == port).map(|(_, host)| *host),
        }
    }

    fn further(&self, site: Site) -> &[(u16, u32)] {
        site.more.map_or(&[], |more| &self.more[more as usize])
    }
}
