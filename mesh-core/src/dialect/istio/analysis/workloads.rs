//! What runs, by its labels: Pods and what makes them, and instances outside Kubernetes.

use super::subject::Subject;
use crate::{
    document::{self, ContainerPort, PodTemplate, WorkloadGroup},
    model::Labels,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

/// Something that runs, or that makes something run.
pub(super) struct Workload<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) labels: Cow<'a, Labels>,
    pub(super) ports: &'a [ContainerPort],
    /// What makes its Pods, if something does.
    pub(super) template: Option<&'a PodTemplate>,
}

/// All workloads, by namespace and label.
#[derive(Default)]
pub(super) struct Workloads<'a> {
    all: Vec<Workload<'a>>,
    namespaces: HashSet<&'a str>,
    keys: HashSet<String>,
    by_label: HashMap<(String, String), BTreeMap<&'a str, Vec<usize>>>,
}

impl<'a> Workload<'a> {
    pub(super) fn of(subject: Subject<'a>, written: &'a document::Workload) -> Self {
        let template = &written.template;
        Self {
            labels: Cow::Borrowed(&template.labels),
            ports: &template.ports,
            template: Some(template),
            subject,
        }
    }

    pub(super) fn pod(subject: Subject<'a>, written: &'a document::Pod) -> Self {
        let labels = &subject.metadata().labels;
        Self { labels: Cow::Borrowed(labels), ports: &written.ports, template: None, subject }
    }

    pub(super) fn entry(subject: Subject<'a>, labels: &'a Labels) -> Self {
        Self { subject, labels: Cow::Borrowed(labels), ports: &[], template: None }
    }

    pub(super) fn group(subject: Subject<'a>, written: &'a WorkloadGroup) -> Self {
        let template = written.template.iter().flat_map(|template| &template.labels);
        let labels = written.metadata.labels.iter().chain(template);
        let labels = labels.map(|(key, value)| (key.clone(), value.clone())).collect();
        Self { subject, labels: Cow::Owned(labels), ports: &[], template: None }
    }
}

impl<'a> Workloads<'a> {
    pub(super) fn add(&mut self, workload: Workload<'a>) {
        let namespace = workload.subject.namespace();
        self.namespaces.insert(namespace);
        for (key, value) in &*workload.labels {
            if !self.keys.contains(key) {
                self.keys.insert(key.clone());
            }
            let of_label = self.by_label.entry((key.clone(), value.clone())).or_default();
            of_label.entry(namespace).or_default().push(self.all.len());
        }
        self.all.push(workload);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.all.iter()
    }

    /// Whether anything of this namespace is described.
    pub(super) fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// Whether there are workloads with labels of each of these keys, whatever their values.
    pub(super) fn know_keys_of(&self, selector: &Labels) -> bool {
        selector.keys().all(|key| self.keys.contains(key))
    }

    /// Those of a namespace that have all these labels; none for no labels, which select nothing in Kubernetes.
    pub(super) fn selected(&self, namespace: &str, selector: &Labels) -> impl Iterator<Item = &Workload<'a>> {
        let lists = selector.iter().map(|(key, value)| {
            let of_label = self.by_label.get(&(key.clone(), value.clone()));
            of_label.and_then(|of_label| of_label.get(namespace)).map(Vec::as_slice).unwrap_or_default()
        });
        self.narrowed(lists.min_by_key(|list| list.len()).unwrap_or_default().iter(), selector)
    }

    /// Those of any namespace that have all these labels; none for no labels.
    pub(super) fn selected_anywhere(&self, selector: &Labels) -> impl Iterator<Item = &Workload<'a>> {
        let first = selector.first_key_value();
        let of_label = first.and_then(|(key, value)| self.by_label.get(&(key.clone(), value.clone())));
        self.narrowed(of_label.into_iter().flat_map(BTreeMap::values).flatten(), selector)
    }

    fn narrowed<'s>(
        &'s self,
        candidates: impl Iterator<Item = &'s usize>,
        selector: &Labels,
    ) -> impl Iterator<Item = &'s Workload<'a>> {
        candidates.map(|index| &self.all[*index]).filter(|workload| has_all(&workload.labels, selector))
    }
}

/// Whether these labels are what a selector asks for.
pub(super) fn has_all(labels: &Labels, selector: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// `key=value,…`, as Kubernetes writes a selector.
pub(super) fn written(selector: &Labels) -> String {
    let pairs: Vec<_> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
