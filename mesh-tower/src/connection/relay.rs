//! Who is woken when a connection can go on.

use futures_util::task::AtomicWaker;
use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU8,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    task::{Wake, Waker},
};

/// Nobody is to be woken: somebody is at it, or it rests.
const MUTED: u8 = 0;
/// The same, and there was a reason to wake somebody.
const MISSED: u8 = 1;
/// A task waits.
const WAITED_FOR: u8 = 2;

/// Stands for the task that drives a connection at the moment.
///
/// What a connection and its user do to one another within one task would wake that task each time, though it is at work on
/// just that: in the meantime nobody is woken. And whoever is next gets no wakeups that are for the one before.
#[derive(Debug, Default)]
pub(super) struct Relay {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Relay {
    /// Nobody is woken from now on.
    pub(super) fn mute(&self) {
        self.state.store(MUTED, Release);
    }

    /// This task is woken from now on. `false` says that it missed a reason to go on, and is not.
    pub(super) fn wait(&self, waker: &Waker) -> bool {
        self.task.register(waker);
        self.state.compare_exchange(MUTED, WAITED_FOR, AcqRel, Acquire).is_ok()
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(MISSED, AcqRel) == WAITED_FOR {
            self.task.wake();
        }
    }
}
