//! All families, and how many series there may be.

use super::{
    family::{Family, Kind, Series},
    index::Index,
    names,
    settings::Settings,
};
use metrics::{Key, KeyName, Label, Unit};
use std::{
    collections::BTreeMap,
    mem::discriminant,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

/// Counts what this module does not record as it was asked.
const REFUSED: &str = "mesh_recorder_refused_series_total";
const REFUSED_HELP: &str =
    "Handles that were asked for and do not record a series of their own, by what became of them.";

/// Every family by name, and what was said of each.
#[derive(Debug)]
pub(super) struct Registry {
    settings: Settings,
    families: Mutex<BTreeMap<Box<str>, Arc<Family>>>,
    about: Mutex<BTreeMap<Box<str>, About>>,
    index: Index,
    /// How many series there are, without those that stand for many.
    count: AtomicUsize,
    is_told: AtomicBool,
}

/// What somebody said of a family.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) help: Arc<str>,
    pub(super) unit: Option<Unit>,
}

/// What somebody gets who asks for a series.
#[derive(Debug)]
pub(super) enum Found {
    /// The series.
    Own(Series),
    /// The one that stands for all without room.
    Folded(Series),
    /// None.
    Refused,
}

impl Registry {
    pub(super) fn new(settings: Settings) -> Self {
        let registry = Self {
            index: Index::new(settings.most_series),
            settings,
            families: Mutex::default(),
            about: Mutex::default(),
            count: AtomicUsize::new(0),
            is_told: AtomicBool::new(false),
        };
        registry.describe(&KeyName::from_const_str(REFUSED), None, REFUSED_HELP);
        registry
    }

    /// Remembers what a family is about; what was said last counts.
    pub(super) fn describe(&self, name: &KeyName, unit: Option<Unit>, help: &str) {
        let name = names::metric(name.as_str());
        let mut about = lock(&self.about);
        if about.len() < self.settings.most_series || about.contains_key(&*name) || &*name == REFUSED {
            about.insert(name.into(), About { help: help.into(), unit });
        }
    }

    /// What was said of a family.
    pub(super) fn about(&self, name: &str) -> Option<About> {
        lock(&self.about).get(name).cloned()
    }

    /// All families, in the order of their names.
    pub(super) fn families(&self) -> Vec<Arc<Family>> {
        lock(&self.families).values().cloned().collect()
    }

    pub(super) fn counter(&self, key: &Key) -> Found {
        self.find(key, |series| matches!(series, Series::Counter(_)), |_| Kind::Counter)
    }

    pub(super) fn gauge(&self, key: &Key) -> Found {
        self.find(key, |series| matches!(series, Series::Gauge(_)), |_| Kind::Gauge)
    }

    pub(super) fn histogram(&self, key: &Key) -> Found {
        let kind = |name: &str| Kind::Histogram(self.settings.buckets(name));
        self.find(key, |series| matches!(series, Series::Histogram(_)), kind)
    }

    fn find(&self, key: &Key, is_right: fn(&Series) -> bool, kind: impl Fn(&str) -> Kind) -> Found {
        if let Some(known) = self.index.get(key).filter(is_right) {
            return Found::Own(known);
        }
        let wanted = names::series(key);
        let Some(family) = self.family(wanted.name(), &kind) else {
            self.refuse("other", "dropped");
            self.tell(wanted.name());
            return Found::Refused;
        };
        if discriminant(family.kind()) != discriminant(&kind(wanted.name())) {
            self.conflict(&family);
            return Found::Refused;
        }
        match family.series(&wanted, || self.claim()) {
            Some(own) => {
                self.index.insert(key, &own);
                Found::Own(own)
            }
            None => self.fold(&family, &wanted),
        }
    }

    /// The family of a name; `None` if there is no room for another.
    fn family(&self, name: &str, kind: impl FnOnce(&str) -> Kind) -> Option<Arc<Family>> {
        let mut families = lock(&self.families);
        if let Some(known) = families.get(name) {
            return Some(Arc::clone(known));
        }
        if families.len() >= self.settings.most_series && name != REFUSED {
            return None;
        }
        let new = Arc::new(Family::new(name, kind(name)));
        families.insert(name.into(), Arc::clone(&new));
        Some(new)
    }

    /// Takes the room for one more series, if there is any, in one step: two who race cannot both have the last.
    fn claim(&self) -> bool {
        let most = self.settings.most_series;
        self.count.fetch_update(Relaxed, Relaxed, |count| (count < most).then_some(count + 1)).is_ok()
    }

    fn fold(&self, family: &Family, wanted: &Key) -> Found {
        let other = family.other(wanted);
        if matches!(family.kind(), Kind::Gauge) && other != wanted {
            self.refuse(family.name(), "dropped");
            self.tell(family.name());
            return Found::Refused;
        }
        let folded = family.series(other, || true);
        if other == wanted {
            // Without labels there is but one series of a name, and no more families than there may be series.
            return folded.map_or(Found::Refused, Found::Own);
        }
        self.refuse(family.name(), "folded");
        self.tell(family.name());
        folded.map_or(Found::Refused, Found::Folded)
    }

    fn conflict(&self, family: &Family) {
        self.refuse(family.name(), "conflict");
        if family.is_told_first() {
            let (metric, kind) = (family.name(), family.kind().name());
            tracing::warn!(
                "the metric {metric} is a {kind}; another kind by this name is not recorded (give it another name)"
            );
        }
    }

    /// Counts a handle that records no series of its own. There is room for that: one for each family.
    fn refuse(&self, metric: &str, outcome: &'static str) {
        let labels = [("metric", metric), ("outcome", outcome)]
            .map(|(name, value)| Label::new(name, value.to_owned()));
        let key = Key::from_parts(REFUSED, labels.to_vec());
        let known = self.index.get(&key).or_else(|| {
            let family = self.family(REFUSED, |_| Kind::Counter)?;
            family.series(&names::series(&key), || true).inspect(|series| self.index.insert(&key, series))
        });
        if let Some(Series::Counter(count)) = known {
            count.add(1);
        }
    }

    fn tell(&self, metric: &str) {
        if !self.is_told.swap(true, Relaxed) {
            let most = self.settings.most_series;
            tracing::warn!(
                "there are {most} series of metrics, and no room for another, of {metric} first; new ones are counted \
                 together, and new gauges not recorded (let labels have fewer values, or raise most_series); \
                 {REFUSED} counts them"
            );
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
