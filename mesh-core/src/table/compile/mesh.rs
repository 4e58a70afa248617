//! The virtual hosts of a service of the mesh.

use super::{
    assemble::Compiler,
    rules::{Place, default_rule, rules_of},
};
use crate::{
    model::{Attachment, Host, HostPattern, Service, VirtualService},
    table::hosts::HostIndex,
};
use std::sync::Arc;

impl<'a> Compiler<'a> {
    /// Makes a virtual host for every service, and for every host of a VirtualService that is no service.
    ///
    /// Names are claimed in this order: full names of services, hosts that somebody wrote, further names of services.
    pub(super) fn mesh(&mut self) -> HostIndex {
        let virtual_services = self.mesh_virtual_services();
        let mut owners = HostIndex::with_capacity(virtual_services.len());
        // The first VirtualService to name a host owns it; later ones are ignored entirely.
        let mut owned = Vec::with_capacity(virtual_services.len());
        for (number, service) in (0..).zip(&virtual_services) {
            for pattern in &service.hosts {
                let before = owners.len();
                owners.claim(pattern, number);
                if owners.len() > before {
                    owned.push((pattern, *service));
                }
            }
        }
        let mut index = HostIndex::with_capacity(owned.len() + self.backends.directory.services().len());
        let services: Vec<&Service> = self.backends.directory.services().to_vec();
        let mut numbers = Vec::with_capacity(services.len());
        for service in &services {
            let owner = owners.find(service.host.as_str());
            let owner = owner.map(|found| virtual_services[found.owner as usize]);
            let number = self.add_service(service, owner);
            index.claim(&HostPattern::Exact(service.host.clone()), number);
            numbers.push(number);
        }
        self.add_other_hosts(&owned, &mut index);
        for (service, number) in services.iter().zip(numbers) {
            for name in self.further_names(service) {
                index.claim(&HostPattern::Exact(name.clone()), number);
            }
        }
        index
    }

    fn mesh_virtual_services(&self) -> Vec<&'a Arc<VirtualService>> {
        let all = self.model.virtual_services.iter();
        let attached = all.filter(|service| service.attachments.contains(&Attachment::Mesh));
        attached.filter(|service| service.export.reaches(&self.viewpoint.namespace)).collect()
    }

    fn add_service(&mut self, service: &Service, owner: Option<&Arc<VirtualService>>) -> u32 {
        let name = service.host.as_str();
        match owner {
            Some(owner) => self.add_ruled(name, owner),
            None => self.add_of(name, None, |compiler| vec![default_rule(service, &mut compiler.backends)]),
        }
    }

    fn add_other_hosts(&mut self, owned: &[(&HostPattern, &Arc<VirtualService>)], index: &mut HostIndex) {
        for (pattern, owner) in owned {
            let number = match pattern {
                HostPattern::Exact(host) if self.backends.directory.is_full_name(host.as_str()) => continue,
                HostPattern::Exact(host) => self.add_ruled(host.as_str(), owner),
                HostPattern::Suffix(_) | HostPattern::Any => self.add_ruled(&pattern.to_string(), owner),
            };
            index.claim(pattern, number);
        }
    }

    fn add_ruled(&mut self, name: &str, owner: &Arc<VirtualService>) -> u32 {
        self.add_of(name, Some(owner), |compiler| {
            rules_of(owner, Place::Mesh, compiler.viewpoint, &mut compiler.backends)
        })
    }

    fn further_names<'s>(&self, service: &'s Service) -> impl Iterator<Item = &'s Host> + use<'s> {
        let is_own = *service.namespace == *self.viewpoint.namespace;
        service.short_name.iter().filter(move |_| is_own).chain(&service.aliases)
    }
}
