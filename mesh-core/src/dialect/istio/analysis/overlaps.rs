//! Documents of one kind of which a workload, or a namespace, heeds only one.

use super::{
    subject::{MOST_NAMED, Subject},
    workloads::Workloads,
};
use crate::model::Labels;
use std::collections::{BTreeMap, HashMap};

/// A document, and the labels of the workloads that it is for; all of its namespace when `None`.
pub(super) type Selecting<'s, 'a> = (&'s Subject<'a>, Option<&'s Labels>);

/// A document that is in conflict with others.
pub(super) struct Overlap {
    /// Which, by its index.
    pub(super) index: usize,
    /// All that are in conflict, this one included.
    pub(super) names: String,
    /// The workload that they are all for, if they select it.
    pub(super) workload: String,
}

/// Those that have no selector, where there are several in their namespace.
pub(super) fn defaults(all: &[Selecting<'_, '_>]) -> Vec<Overlap> {
    let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (subject, _)) in all.iter().enumerate().filter(|(_, (_, labels))| labels.is_none()) {
        by_namespace.entry(subject.namespace()).or_default().push(index);
    }
    let several = by_namespace.values().filter(|defaults| defaults.len() > 1);
    let overlap = |defaults: &Vec<usize>| {
        let names = names(all, defaults);
        let each = |index: &usize| Overlap { index: *index, names: names.clone(), workload: String::new() };
        defaults.iter().map(each).collect::<Vec<_>>()
    };
    several.flat_map(overlap).collect()
}

/// Those that select a workload which others select too; each once, for the first such workload.
pub(super) fn selecting_one(all: &[Selecting<'_, '_>], workloads: &Workloads<'_>) -> Vec<Overlap> {
    let mut chosen: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, (subject, labels)) in all.iter().enumerate() {
        let selected = labels.iter().flat_map(|labels| workloads.selected(subject.namespace(), labels));
        for workload in selected {
            let place = workload.subject.place();
            chosen.entry((&**place.file(), place.line())).or_default().push(index);
        }
    }
    let mut conflicts = BTreeMap::new();
    for (workload, documents) in chosen.iter().filter(|(_, documents)| documents.len() > 1) {
        for index in documents {
            let first = conflicts.entry(*index).or_insert((*workload, documents));
            // The first in the order of files, whatever the order of the map.
            *first = (*first).min((*workload, documents));
        }
    }
    let overlap = |(index, ((file, line), documents)): (usize, ((&str, u32), &Vec<usize>))| Overlap {
        index,
        names: names(all, documents),
        workload: format!("{file}:{line}"),
    };
    conflicts.into_iter().map(overlap).collect()
}

/// Whether a selector meets nothing, where it is known what runs.
pub(super) fn is_for_nobody((subject, labels): &Selecting<'_, '_>, workloads: &Workloads<'_>) -> bool {
    let is_met = |labels: &&Labels| workloads.selected(subject.namespace(), labels).next().is_some();
    workloads.has_namespace(subject.namespace()) && labels.as_ref().is_some_and(|labels| !is_met(labels))
}

fn names(all: &[Selecting<'_, '_>], documents: &[usize]) -> String {
    let names = documents.iter().take(MOST_NAMED).map(|index| all[*index].0.introduction());
    names.collect::<Vec<_>>().join(", ")
}
