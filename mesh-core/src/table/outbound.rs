//! Who is responsible for the requests that a service of the mesh sends, by host and port.

use super::hosts::{Found, HostIndex};
use crate::model::HostPattern;

/// The virtual hosts of the mesh; a host may be one on one port, another on the next, and nobody's on a third.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    /// Patterns to sites; one site may have many names.
    hosts: HostIndex,
    sites: Vec<Site>,
}

/// Virtual hosts by port.
///
/// Most services have one port; that it is here, and not a step away in memory, is half of what a decision costs among
/// many hosts.
#[derive(Debug)]
struct Site {
    first: Option<(u16, u32)>,
    rest: Box<[(u16, u32)]>,
}

impl Site {
    fn ports(&self) -> impl Iterator<Item = (u16, u32)> {
        self.first.into_iter().chain(self.rest.iter().copied())
    }

    fn on(&self, port: u16) -> Option<u32> {
        match self.first {
            Some((number, virtual_host)) if number == port => Some(virtual_host),
            _ => self.rest.iter().find(|(number, _)| *number == port).map(|(_, virtual_host)| *virtual_host),
        }
    }
}

impl Outbound {
    /// Nobody yet, with room for so many hosts.
    pub(super) fn with_capacity(hosts: usize) -> Self {
        Self { hosts: HostIndex::with_capacity(hosts), sites: Vec::new() }
    }

    /// Takes in virtual hosts by port; the number is what names are given to.
    pub(super) fn add(&mut self, ports: impl IntoIterator<Item = (u16, u32)>) -> u32 {
        let mut ports = ports.into_iter();
        self.sites.push(Site { first: ports.next(), rest: ports.collect() });
        self.sites.len() as u32 - 1
    }

    /// Gives a name to a site. Where the name is another's already, the other keeps the ports that it has.
    pub(super) fn claim(&mut self, pattern: &HostPattern, site: u32) {
        let owner = self.hosts.claim(pattern, site);
        if owner == site {
            return;
        }
        let (own, new) = (&self.sites[owner as usize], &self.sites[site as usize]);
        let mut more = new.ports().filter(|(port, _)| own.on(*port).is_none()).peekable();
        if more.peek().is_some() {
            // The site may have other names, for which nothing changes.
            let both: Vec<_> = own.ports().chain(more).collect();
            let both = self.add(both);
            self.hosts.assign(pattern, both);
        }
    }

    /// The virtual host for a request; less specific names count where the most specific is nobody's on this port.
    pub(super) fn find(&self, host: &str, port: u16) -> Option<Found<'_>> {
        let on_port = |site: u32| self.sites[site as usize].on(port);
        let found = self.hosts.find_where(host, |site| on_port(site).is_some())?;
        Some(Found { owner: on_port(found.owner)?, ..found })
    }

    /// The ports on which somebody is responsible for a host; `None` when its name is nobody's at all.
    pub(super) fn ports(&self, host: &str) -> Option<impl Iterator<Item = u16>> {
        let site = &self.sites[self.hosts.find(host)?.owner as usize];
        Some(site.ports().map(|(port, _)| port))
    }
}
