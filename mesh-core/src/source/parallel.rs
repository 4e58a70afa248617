//! Work on many things at once, on all processors.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, Scope, ScopedJoinHandle},
};

/// How many things a thread takes at a time: fewer would cost more than they save.
const SHARE: usize = 64;

/// How many threads work at most: the requests of this process want processors too.
const MOST: usize = 8;

/// The results of a share, and which share it is.
type Done<R> = (usize, Vec<R>);

/// Makes something of every item, and gives the results in the order of the items. Blocks until all is done.
///
/// # Panics
/// When `make` does.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() <= SHARE {
        return items.iter().map(make).collect();
    }
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done: Vec<Done<R>> = Vec::new();
        loop {
            let share = next.fetch_add(1, Ordering::Relaxed);
            let Some(items) = items.chunks(SHARE).nth(share) else { return done };
            done.push((share, items.iter().map(&make).collect()));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).filter_map(|_| helper(scope, &work)).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(share, _)| *share);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// Another thread at the same work; without one, where the system gives none, the others do it all.
fn helper<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: &'scope (impl Fn() -> Vec<Done<R>> + Sync),
) -> Option<ScopedJoinHandle<'scope, Vec<Done<R>>>> {
    thread::Builder::new().name("mesh-documents".into()).spawn_scoped(scope, work).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, SHARE, SHARE + 1, 10 * SHARE + 7] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(&items, |item| item * 2), (0..count).map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "the last item")]
    fn a_panic_is_not_lost() {
        let items: Vec<usize> = (0..10 * SHARE).collect();
        map(&items, |item| assert!(*item + 1 < 10 * SHARE, "the last item"));
    }
}
