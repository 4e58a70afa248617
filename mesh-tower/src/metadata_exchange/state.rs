//! The peers that have told who they are.

use super::policy::read;
use crate::event::Workload;
use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many are remembered.
const MOST: usize = 4096;

/// Peers by what they tell: `None` for what is no description.
type Known = FxHashMap<Box<[u8]>, Option<Arc<Workload>>>;

/// Peers by what they tell, so that it is read once. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Arc<ArcSwap<Known>>);

impl Peers {
    /// Who tells this.
    pub(super) fn of(&self, metadata: &[u8]) -> Option<Arc<Workload>> {
        let known = self.0.load();
        match known.get(metadata) {
            Some(peer) => peer.clone(),
            None if known.len() >= MOST => None,
            None => self.add(metadata),
        }
    }

    fn add(&self, metadata: &[u8]) -> Option<Arc<Workload>> {
        let new = read(metadata).map(Arc::new);
        self.0.rcu(|known| {
            let mut more = Known::clone(known);
            // Another request may have brought it in the meantime: one peer is one object.
            more.entry(metadata.into()).or_insert_with(|| new.clone());
            more
        });
        self.0.load().get(metadata).cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_description_is_one_peer_and_there_is_an_end_to_them() {
        let peers = Peers::default();
        let own = |name: String| {
            let told = super::super::policy::Told::by(&Workload { name: name.into(), ..Workload::default() });
            let mut headers = http::HeaderMap::new();
            told.put(&mut headers);
            headers.remove(super::super::policy::METADATA).unwrap()
        };
        let first = own("first".into());
        let (once, twice) = (peers.of(first.as_bytes()).unwrap(), peers.of(first.as_bytes()).unwrap());
        assert!(Arc::ptr_eq(&once, &twice));
        assert_eq!(&*once.name, "first");
        assert_eq!(peers.of(b"nonsense"), None);
        let all = peers.0.load_full();
        let filled = (all.len()..MOST).map(|number| (number.to_be_bytes().as_slice().into(), None));
        peers.0.store(Arc::new(Known::clone(&all).into_iter().chain(filled).collect()));
        assert_eq!(peers.of(own("late".into()).as_bytes()), None);
        assert!(peers.of(first.as_bytes()).is_some());
    }
}
