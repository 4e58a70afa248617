//! The table after one that differs in what some rules do.
//!
//! Whose requests are whose follows from the hosts of the VirtualServices, from where they hold, and from the world. Most
//! changes leave all of that as it was: a weight, a timeout, another rule. Then only the rules of the VirtualServices that
//! changed are made, and the rest of the table is that of the one before.

use super::{assemble::Compiler, rules::reach};
use crate::{
    model::VirtualService,
    table::{outbound::Outbound, viewpoint::Viewpoint},
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// VirtualServices that take the place of others, by where these are in memory.
type Replaced<'a> = FxHashMap<*const VirtualService, &'a Arc<VirtualService>>;

impl Compiler<'_> {
    /// The virtual hosts of the mesh, if nothing but what rules do changed since the table before; `None` when more did.
    pub(super) fn replace_rules(&mut self) -> Option<Arc<Outbound>> {
        let previous = self.reuse.same_world()?;
        let recipes = &previous.recipes;
        let replaced = replaced(recipes.rules(), &self.model.virtual_services, self.viewpoint)?;
        // The one that stands in for unknown hosts comes last, and is made anew for every table.
        let count = previous.stand_in.map_or(previous.virtual_hosts.len(), |number| number as usize);
        for host in 0..count {
            let owner = recipes.owner(host).and_then(|owner| replaced.get(&Arc::as_ptr(owner)).copied());
            self.renew(host, owner);
        }
        Some(Arc::clone(&previous.outbound))
    }
}

/// Which VirtualServices are others now; `None` when more changed than what they do.
fn replaced<'a>(
    before: &'a [Arc<VirtualService>],
    now: &'a [Arc<VirtualService>],
    viewpoint: &Viewpoint,
) -> Option<Replaced<'a>> {
    if before.len() != now.len() {
        return None;
    }
    let mut replaced = Replaced::default();
    for (before, now) in before.iter().zip(now) {
        if !Arc::ptr_eq(before, now) {
            is_in_place(before, now, viewpoint).then(|| replaced.insert(Arc::as_ptr(before), now))?;
        }
    }
    // One that is there twice is replaced everywhere, or it is not known which of the two a virtual host is of.
    let is_consistent = |(before, now): (&Arc<VirtualService>, &Arc<VirtualService>)| {
        replaced.get(&Arc::as_ptr(before)).is_none_or(|new| Arc::ptr_eq(new, now))
    };
    (replaced.is_empty() || before.iter().zip(now).all(is_consistent)).then_some(replaced)
}

/// Whether a VirtualService is for the same requests as another; in the mesh, where nothing is sealed.
fn is_in_place(before: &VirtualService, now: &VirtualService, viewpoint: &Viewpoint) -> bool {
    let VirtualService { namespace, name, hosts, attachments, export, routes: _, sealed: _ } = before;
    (namespace, name, hosts, attachments, export)
        == (&now.namespace, &now.name, &now.hosts, &now.attachments, &now.export)
        && reach(before, viewpoint) == reach(now, viewpoint)
}
