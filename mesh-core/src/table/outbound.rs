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
pub(super) type Site = Box<[(u16, u32)]>;

impl Outbound {
    /// Takes in virtual hosts by port; the number is what names are given to.
    pub(super) fn add(&mut self, ports: Site) -> u32 {
        self.sites.push(ports);
        self.sites.len() as u32 - 1
    }

    /// Gives a name to a site. Where the name is another's already, the other keeps the ports that it has.
    pub(super) fn claim(&mut self, pattern: &HostPattern, site: u32) {
        let owner = self.hosts.claim(pattern, site);
        if owner == site {
            return;
        }
        let (own, new) = (&self.sites[owner as usize], &self.sites[site as usize]);
        let is_new = |(port, _): &&(u16, u32)| own.iter().all(|(taken, _)| taken != port);
        if new.iter().any(|port| is_new(&port)) {
            // The site may have other names, for which nothing changes.
            let both = own.iter().chain(new.iter().filter(is_new)).copied().collect();
            let both = self.add(both);
            self.hosts.assign(pattern, both);
        }
    }

    /// The virtual host for a request; less specific names count where the most specific is nobody's on this port.
    pub(super) fn find(&self, host: &str, port: u16) -> Option<Found<'_>> {
        let found = self.hosts.find_where(host, |site| self.on_port(site, port).is_some())?;
        Some(Found { owner: self.on_port(found.owner, port)?, ..found })
    }

    /// The ports on which somebody is responsible for a host; `None` when its name is nobody's at all.
    pub(super) fn ports(&self, host: &str) -> Option<impl Iterator<Item = u16>> {
        let site = &self.sites[self.hosts.find(host)?.owner as usize];
        Some(site.iter().map(|(port, _)| *port))
    }

    fn on_port(&self, site: u32, port: u16) -> Option<u32> {
        let ports = &self.sites[site as usize];
        ports.iter().find(|(number, _)| *number == port).map(|(_, virtual_host)| *virtual_host)
    }
}
