//! Who looks after the connections that rest: nobody else would see that a server closes one, or that its time is over.

use super::{http1::Http1, pool::Pool};
use mesh_core::model::ConnectionPool;
use std::{
    future::{pending, poll_fn},
    mem,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

/// How long a connection may have rested before somebody looks after it: a server that closes it in this time is noticed by
/// the next request, which goes elsewhere.
const MOMENT: Duration = Duration::from_secs(1);

/// One task for each pool. It sleeps while nothing is put back, and looks at most once in a moment while something is.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    /// Whether it knows that a connection has been put back since it looked.
    is_called: AtomicBool,
    call: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// How long it waits when it is called, in microseconds less than [`MOMENT`].
    sooner: AtomicU64,
}

impl Keeper {
    /// A connection has been put back. While requests come this reads one flag.
    pub(super) fn call(&self) {
        if !self.is_called.load(SeqCst) && !self.is_called.swap(true, SeqCst) {
            self.call.notify_one();
        }
    }

    fn moment(&self) -> Duration {
        MOMENT.saturating_sub(Duration::from_micros(self.sooner.load(Relaxed)))
    }

    /// It is about to look: whoever puts back a connection from now on calls it again.
    pub(super) fn looks(&self) {
        self.is_called.store(false, SeqCst);
    }

    /// Starts it, if it is not there, or ended with the runtime that it was in. To be called by whoever opens a connection
    /// that lives and rests no longer than `bounds` say.
    pub(super) fn start(&self, pool: &Arc<Pool<Http1>>, bounds: &ConnectionPool) {
        let shortest = [bounds.idle_timeout, bounds.max_connection_duration].into_iter().flatten().min();
        let sooner = MOMENT.saturating_sub(shortest.unwrap_or(MOMENT));
        self.sooner.fetch_max(u64::try_from(sooner.as_micros()).unwrap_or(0), Relaxed);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            self.looks();
            *task = Some(tokio::spawn(keep(Arc::downgrade(pool), Arc::clone(&self.call))));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It finds nothing to look after, and ends.
        self.call.notify_one();
    }
}

async fn keep(pool: Weak<Pool<Http1>>, call: Arc<Notify>) {
    let mut due = None;
    loop {
        tokio::select! {
            biased;
            () = call.notified() => match pool.upgrade() {
                Some(pool) => {
                    let moment = pool.store.keeper.moment();
                    drop(pool);
                    sleep(moment).await;
                }
                None => return,
            },
            () = until(due) => {}
            () = woken() => {}
        }
        let Some(pool) = pool.upgrade() else { return };
        due = poll_fn(|cx| Poll::Ready(pool.look_after(cx))).await;
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

/// Until something wakes the task: a connection that stirs.
async fn woken() {
    let mut is_woken = false;
    poll_fn(|_| if mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
