//! Who waits for a connection, in the order in which they came.

use mesh_core::model::TrafficPolicy;
use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst, fence},
    },
    task::{Context, Poll, ready},
};
use tokio::sync::oneshot;

/// The requests that wait at one pool. What they are given returns to where it came from when it is dropped, so a request
/// that is given up at the very moment of its turn loses nothing.
#[derive(Debug)]
pub(super) struct Line<T> {
    /// Read without the lock by everybody who passes; nearly always zero.
    waiting: AtomicUsize,
    places: Mutex<VecDeque<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    policy: Arc<TrafficPolicy>,
    turn: oneshot::Sender<T>,
}

/// A place in the line; resolves at its turn. Dropping it leaves the line.
#[derive(Debug)]
pub(super) struct Place<'a, T> {
    line: &'a Line<T>,
    turn: oneshot::Receiver<T>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: AtomicUsize::new(0), places: Mutex::default() }
    }
}

impl<T> Line<T> {
    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(SeqCst) == 0
    }

    /// Takes the last place. Who joins has to serve the line afterwards, since what came free before is nobody's.
    pub(super) fn join(&self, policy: &Arc<TrafficPolicy>) -> Place<'_, T> {
        let (sender, turn) = oneshot::channel();
        let entry = Entry { policy: Arc::clone(policy), turn: sender };
        let live = self.waiting.fetch_add(1, SeqCst);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() > 2 * live + 8 {
            // Those who left did not take their entries with them.
            places.retain(|entry| !entry.turn.is_closed());
        }
        places.push_back(entry);
        Place { line: self, turn }
    }

    /// Gives the first in line what `next` finds, as long as it finds something. `next` must not drop what serves this
    /// line when dropped; what nobody took is returned for the same reason.
    pub(super) fn serve(&self, mut next: impl FnMut(&TrafficPolicy) -> Option<T>) -> Option<T> {
        // Whoever put something where `next` looks sees those who wait, or they see what was put there.
        fence(SeqCst);
        if self.is_empty() {
            return None;
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = None;
        while let Some(entry) = places.pop_front() {
            if entry.turn.is_closed() {
                continue;
            }
            match left.take().or_else(|| next(&entry.policy)) {
                Some(turn) => left = entry.turn.send(turn).err(),
                None => {
                    places.push_front(entry);
                    break;
                }
            }
        }
        left
    }
}

impl<T> Future for Place<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.turn).poll(cx)) {
            Ok(turn) => Poll::Ready(turn),
            // The line is borrowed, and drops entries of those alone who left.
            Err(_) => Poll::Pending,
        }
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        self.line.waiting.fetch_sub(1, SeqCst);
    }
}
