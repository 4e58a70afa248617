//! The virtual hosts of a service of the mesh.

use super::{
    assemble::{Compiler, origin},
    rules::{Place, default_rules, rules_of},
};
use crate::{
    model::{Attachment, Host, HostPattern, Service, VirtualService},
    table::{hosts::HostIndex, snapshot::Rule},
};
use rustc_hash::FxHashSet;

impl<'a> Compiler<'a> {
    /// Makes a virtual host for every service, and for every host of a VirtualService that is no service.
    ///
    /// Names are claimed in this order: full names of services, hosts that somebody wrote, further names of services.
    pub(super) fn mesh(&mut self) -> HostIndex {
        let virtual_services = self.mesh_virtual_services();
        let mut owners = HostIndex::default();
        for (number, service) in (0..).zip(&virtual_services) {
            for pattern in &service.hosts {
                owners.claim(pattern, number);
            }
        }
        let mut index = HostIndex::default();
        let services: Vec<&Service> = self.backends.directory.services().to_vec();
        let mut numbers = Vec::with_capacity(services.len());
        for service in &services {
            let owner = owners.find(service.host.as_str());
            let owner = owner.map(|found| virtual_services[found.owner as usize]);
            let number = self.add_service(service, owner);
            index.claim(&HostPattern::Exact(service.host.clone()), number);
            numbers.push(number);
        }
        self.add_other_hosts(&virtual_services, &mut index);
        for (service, number) in services.iter().zip(numbers) {
            for name in self.further_names(service) {
                index.claim(&HostPattern::Exact(name.clone()), number);
            }
        }
        index
    }

    fn mesh_virtual_services(&self) -> Vec<&'a VirtualService> {
        let all = self.model.virtual_services.iter().map(|service| &**service);
        let attached = all.filter(|service| service.attachments.contains(&Attachment::Mesh));
        attached.filter(|service| service.export.reaches(&self.viewpoint.namespace)).collect()
    }

    fn add_service(&mut self, service: &Service, owner: Option<&VirtualService>) -> u32 {
        let mut rules = owner.map_or_else(Vec::new, |owner| self.rules_here(owner));
        let owner = owner.filter(|_| !rules.is_empty());
        let others = default_rules(service, &rules, &mut self.backends);
        rules.extend(others);
        self.add(service.host.as_str(), owner.map(origin).into_iter().collect(), rules)
    }

    fn add_other_hosts(&mut self, virtual_services: &[&VirtualService], index: &mut HostIndex) {
        let mut seen = FxHashSet::default();
        for service in virtual_services {
            for pattern in &service.hosts {
                let is_service = match pattern {
                    HostPattern::Exact(host) => self.backends.directory.is_full_name(host.as_str()),
                    HostPattern::Suffix(_) | HostPattern::Any => false,
                };
                // The first VirtualService to name a host owns it; later ones are ignored entirely.
                if is_service || seen.contains(pattern) {
                    continue;
                }
                let rules = self.rules_here(service);
                // One without a rule for this client is as if it were not there.
                if !rules.is_empty() {
                    seen.insert(pattern);
                    let number = self.add(&pattern.to_string(), vec![origin(service)], rules);
                    index.claim(pattern, number);
                }
            }
        }
    }

    fn rules_here(&mut self, owner: &VirtualService) -> Vec<Rule> {
        rules_of(owner, Place::Mesh, self.viewpoint, &mut self.backends)
    }

    fn further_names<'s>(&self, service: &'s Service) -> impl Iterator<Item = &'s Host> + use<'s> {
        let is_own = *service.namespace == *self.viewpoint.namespace;
        service.short_name.iter().filter(move |_| is_own).chain(&service.aliases)
    }
}
