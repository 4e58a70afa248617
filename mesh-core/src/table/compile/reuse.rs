//! Virtual hosts that need not be made again, because they would be made of the same things.
//!
//! The rules of a virtual host follow from its VirtualServices, and from everything that is no VirtualService: the
//! services, the subsets, the Sidecars, who is asking. As long as the latter is as it was, a virtual host whose
//! VirtualServices are the same is the same, and nobody needs to make its rules to know. Which VirtualService that is, and
//! on which ports, is found out for every table.

use super::{
    assemble::{Compiler, origin},
    rules::{Place, rules_of},
    world::World,
};
use crate::{
    model::VirtualService,
    table::{
        backend_name::BackendName,
        index::RuleIndex,
        snapshot::{Backend, Held, Rule, Snapshot, VirtualHost},
    },
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{collections::BTreeMap, sync::Arc};

/// What a table was made of.
#[derive(Debug)]
pub(in crate::table) struct Recipes {
    world: Arc<World>,
    /// Every VirtualService, in order of precedence.
    rules: Vec<Arc<VirtualService>>,
    /// One for each virtual host, in the same order.
    hosts: Vec<Arc<Recipe>>,
}

/// What a virtual host was made of.
#[derive(Debug)]
struct Recipe {
    owner: Owner,
    /// Every backend that its rules name.
    backends: Vec<Arc<Backend>>,
}

/// Whose rules a virtual host has.
#[derive(Debug)]
pub(super) enum Owner {
    /// Nobody's: the default of a service.
    Nobody,
    /// Those of a VirtualService.
    One(Arc<VirtualService>),
    /// Those of more than one, or of something else.
    Others,
}

impl Recipes {
    pub(super) fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Every VirtualService, in order of precedence.
    pub(super) fn rules(&self) -> &[Arc<VirtualService>] {
        &self.rules
    }

    /// The VirtualService that alone gave a virtual host its rules: one of [`Self::rules`].
    pub(super) fn owner(&self, host: usize) -> Option<&Arc<VirtualService>> {
        match &self.hosts[host].owner {
            Owner::One(owner) => Some(owner),
            Owner::Nobody | Owner::Others => None,
        }
    }
}

/// The virtual hosts of the table before, and what becomes of them.
pub(super) struct Reuse<'a> {
    previous: Option<&'a Snapshot>,
    world: &'a Arc<World>,
    is_same_world: bool,
    /// Where in the table before the next virtual host is expected.
    cursor: usize,
    /// The virtual hosts of the table before by name, once one was not where it was expected; listeners of different
    /// ports may have hosts of the same name.
    by_name: Option<FxHashMap<&'a str, Vec<usize>>>,
    /// Which of them were taken over.
    is_taken: Vec<bool>,
    /// The recipes of the new table.
    recipes: Vec<Arc<Recipe>>,
    /// Which of these are new.
    fresh: Vec<usize>,
}

impl<'a> Reuse<'a> {
    pub(super) fn new(world: &'a Arc<World>, previous: Option<&'a Snapshot>) -> Self {
        Self {
            previous,
            is_same_world: previous.is_some_and(|previous| Arc::ptr_eq(&previous.recipes.world, world)),
            world,
            cursor: 0,
            by_name: None,
            is_taken: vec![false; previous.map_or(0, |previous| previous.virtual_hosts.len())],
            recipes: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// The table before, if it was made of the same world.
    pub(super) fn same_world(&self) -> Option<&'a Snapshot> {
        self.previous.filter(|_| self.is_same_world)
    }

    /// The virtual host of the table before that has this name and `is_same`, by its number.
    fn find(&mut self, name: &str, is_same: impl Fn(usize) -> bool) -> Option<usize> {
        let hosts = &*self.previous?.virtual_hosts;
        // Most come in the order in which they came before.
        let is_next =
            hosts.get(self.cursor).is_some_and(|held| *held.host.name == *name) && is_same(self.cursor);
        let found = if is_next { Some(self.cursor) } else { self.search(hosts, name, is_same) };
        if let Some(number) = found {
            self.cursor = number + 1;
        }
        found
    }

    fn search(&mut self, hosts: &'a [Held], name: &str, is_same: impl Fn(usize) -> bool) -> Option<usize> {
        let by_name = self.by_name.get_or_insert_with(|| {
            let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
            for (number, held) in hosts.iter().enumerate() {
                by_name.entry(&held.host.name).or_default().push(number);
            }
            by_name
        });
        by_name.get(name)?.iter().copied().find(|number| is_same(*number))
    }

    /// The virtual host of the table before that equals this one, to be shared.
    pub(super) fn equal(&mut self, host: &VirtualHost) -> Option<Held> {
        let hosts = &self.previous?.virtual_hosts;
        self.find(&host.name, |number| *hosts[number].host == *host).map(|number| hosts[number].clone())
    }

    /// Notes what the latest virtual host was made of.
    pub(super) fn note(&mut self, owner: Owner, backends: Vec<Arc<Backend>>) {
        self.fresh.push(self.recipes.len());
        self.recipes.push(Arc::new(Recipe { owner, backends }));
    }

    /// The virtual host of the table before that has this number, as the next one of this table.
    fn take(&mut self, number: usize, owner: Option<&Arc<VirtualService>>) -> Option<Held> {
        let previous = self.previous?;
        let recipe = &previous.recipes.hosts[number];
        self.is_taken[number] = true;
        self.cursor = number + 1;
        self.recipes.push(match (&recipe.owner, owner) {
            // Owners are known by where they are: an equal one that was put together again takes the place of the other.
            (Owner::One(former), Some(owner)) if !Arc::ptr_eq(former, owner) => {
                let owner = Owner::One(Arc::clone(owner));
                Arc::new(Recipe { owner, backends: recipe.backends.clone() })
            }
            _ => Arc::clone(recipe),
        });
        Some(previous.virtual_hosts[number].clone())
    }

    /// What the table was made of, for the one after it; and all its backends, of which `made` were made now.
    pub(super) fn finish(
        self,
        rules: &[Arc<VirtualService>],
        made: BTreeMap<BackendName, Arc<Backend>>,
    ) -> (Recipes, Arc<BTreeMap<BackendName, Arc<Backend>>>) {
        let backends = match self.same_world() {
            Some(previous) if self.names_the_same_backends(previous) => Arc::clone(&previous.backends),
            Some(_) => {
                let all = self.recipes.iter().flat_map(|recipe| &recipe.backends);
                Arc::new(all.map(|backend| (backend.name.clone(), Arc::clone(backend))).collect())
            }
            None => Arc::new(made),
        };
        (Recipes { world: Arc::clone(self.world), rules: rules.to_vec(), hosts: self.recipes }, backends)
    }

    /// Whether what was made anew names the backends of what it replaces, and no others.
    fn names_the_same_backends(&self, previous: &Snapshot) -> bool {
        let former = previous.recipes.hosts.iter().zip(&self.is_taken);
        let replaced = former.filter(|(_, is_taken)| !**is_taken).map(|(recipe, _)| recipe);
        let added = self.fresh.iter().map(|number| &self.recipes[*number]);
        names(replaced) == names(added)
    }
}

fn names<'r>(recipes: impl Iterator<Item = &'r Arc<Recipe>>) -> FxHashSet<*const Backend> {
    recipes.flat_map(|recipe| &recipe.backends).map(Arc::as_ptr).collect()
}

impl Compiler<'_> {
    /// Takes a virtual host of the mesh into the table that follows from `owner` and the world alone: the one of the
    /// table before if that was made of the same, else one with the rules that `make` makes.
    pub(super) fn add_of(
        &mut self,
        name: &str,
        owner: Option<&Arc<VirtualService>>,
        make: impl FnOnce(&mut Self) -> Vec<Rule>,
    ) -> u32 {
        if let Some(number) = self.take_over(name, owner) {
            return number;
        }
        let rules = make(self);
        let origins = owner.into_iter().map(|owner| origin(owner)).collect();
        self.add_owned(Owner::of(owner), name, origins, rules)
    }

    fn take_over(&mut self, name: &str, owner: Option<&Arc<VirtualService>>) -> Option<u32> {
        let recipes = &self.reuse.same_world()?.recipes.hosts;
        let former = self.reuse.find(name, |number| recipes[number].is_of(owner))?;
        let host = self.reuse.take(former, owner)?;
        Some(self.push(host))
    }

    /// Takes over what a virtual host of the table before, made of the same world, is made of now: the same, or other
    /// rules of `owner`.
    pub(super) fn renew(&mut self, former: usize, owner: Option<&Arc<VirtualService>>) {
        let Some(previous) = self.reuse.same_world() else { return };
        let is_same = owner.is_none() || previous.recipes.hosts[former].is_of(owner);
        match owner.filter(|_| !is_same) {
            None => {
                if let Some(host) = self.reuse.take(former, owner) {
                    self.push(host);
                }
            }
            Some(owner) => {
                let rules = rules_of(owner, Place::Mesh, self.viewpoint, &mut self.backends);
                let former = &previous.virtual_hosts[former];
                let name = Arc::clone(&former.host.name);
                let (origins, rules) = (vec![origin(owner)], rules.into());
                let host = VirtualHost { name, origins, rules, index: RuleIndex::default() };
                self.reuse.note(Owner::of(Some(owner)), self.backends.take_named());
                self.push(if host == *former.host { former.clone() } else { host.indexed().into() });
            }
        }
    }
}

impl Owner {
    fn of(owner: Option<&Arc<VirtualService>>) -> Self {
        owner.map_or(Self::Nobody, |owner| Self::One(Arc::clone(owner)))
    }
}

impl Recipe {
    fn is_of(&self, owner: Option<&Arc<VirtualService>>) -> bool {
        match (&self.owner, owner) {
            (Owner::Nobody, None) => true,
            // The very same, or one that was put together from the same documents again.
            (Owner::One(own), Some(owner)) => own == owner,
            _ => false,
        }
    }
}
