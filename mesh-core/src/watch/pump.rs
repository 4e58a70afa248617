//! Runs documents from a source into the cell, again whenever they change.

use super::{
    cell::{Handle, Publisher},
    ledger::{Ledger, digest},
    misses::Misses,
    status::Status,
};
use crate::{
    document::{Fault, Severity},
    model::Model,
    source::{Batch, Source},
    table::{Generation, Snapshot},
};
use std::{collections::HashSet, sync::Arc};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

/// How many requests may wait for a look out of turn; further ones do without, and may see a mixture of two tables.
const WAITING: usize = 1024;

/// Pumps documents into routing tables. [`Pump::load`] does it once; [`Pump::run`] whenever they change.
#[derive(Debug)]
pub struct Pump<S> {
    source: S,
    ledger: Ledger,
    publisher: Publisher,
    status: watch::Sender<Arc<Status>>,
    asked: mpsc::Receiver<Ask>,
    ask: mpsc::Sender<Ask>,
    misses: Arc<Misses>,
    logged: HashSet<String>,
}

/// Asks for a look at the documents before their changes have settled, since another process has seen them already.
#[derive(Clone, Debug)]
pub struct CatchUp {
    ask: mpsc::Sender<Ask>,
    handle: Handle,
    misses: Arc<Misses>,
}

#[derive(Debug)]
struct Ask {
    digest: u64,
    done: oneshot::Sender<()>,
}

impl CatchUp {
    /// The table of the documents with this digest: a remembered one, or a new one if the documents on hand are those.
    /// `None` when they are not. What was just looked for in vain is not looked for again for a second, and no more than 32
    /// digests within one: whoever calls may say any. Cancel safe.
    pub async fn to(&self, digest: u64) -> Option<Arc<Snapshot>> {
        if let Some(known) = self.handle.snapshot_of(digest) {
            return Some(known);
        }
        if !self.misses.is_worth_a_look(digest, Instant::now()) {
            return None;
        }
        let (done, looked) = oneshot::channel();
        self.ask.try_send(Ask { digest, done }).ok()?;
        looked.await.ok()?;
        self.handle.snapshot_of(digest)
    }
}

impl<S: Source> Pump<S> {
    /// A pump from `source` to `publisher`, understanding documents as `ledger` does.
    #[must_use]
    pub fn new(source: S, ledger: Ledger, publisher: Publisher) -> Self {
        let (ask, asked) = mpsc::channel(WAITING);
        let status = watch::Sender::default();
        let misses = Arc::default();
        Self { source, ledger, publisher, status, asked, ask, misses, logged: HashSet::new() }
    }

    /// How the documents stand, now and after each look.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    /// A way to ask for a look out of turn.
    #[must_use]
    pub fn catch_up(&self, handle: Handle) -> CatchUp {
        CatchUp { ask: self.ask.clone(), handle, misses: Arc::clone(&self.misses) }
    }

    /// Reads everything once and publishes it. Blocks while it reads.
    pub fn load(&mut self) -> Arc<Status> {
        let batches = self.source.load();
        let (model, generation) = self.publish(&batches);
        self.tell(&model, generation)
    }

    /// Publishes whenever documents change, for ever. To stop, drop the future: the last table stays.
    pub async fn run(mut self) {
        loop {
            let ask = tokio::select! {
                () = self.source.changed() => None,
                ask = self.asked.recv() => ask,
            };
            // Reading and understanding thousands of documents would keep a worker from its requests.
            let turn = tokio::task::spawn_blocking(move || {
                self.turn(ask);
                self
            });
            match turn.await {
                Ok(pump) => self = pump,
                Err(failure) => {
                    tracing::error!(%failure, "documents are no longer watched; the last routing table stays");
                    return;
                }
            }
        }
    }

    fn turn(&mut self, ask: Option<Ask>) {
        let has_settled = ask.is_none();
        let mut asks: Vec<Ask> = ask.into_iter().collect();
        // Before the look: who asks later may know of documents that it missed, and gets another.
        while let Ok(ask) = self.asked.try_recv() {
            asks.push(ask);
        }
        let batches = self.source.load();
        let seen = digest(&batches);
        // Out of turn, only what another process has already seen whole is sure not to be half a write.
        let is_wanted = has_settled || asks.iter().any(|ask| ask.digest == seen);
        let is_new = is_wanted && seen != self.status.borrow().digest;
        let published = is_new.then(|| self.publish(&batches));
        if published.is_some() {
            self.misses.clear();
        }
        let now = Instant::now();
        for ask in asks {
            if ask.digest != seen {
                self.misses.add(ask.digest, now);
            }
            // Whoever asked may have stopped waiting.
            let _ = ask.done.send(());
        }
        if let Some((model, generation)) = published {
            self.tell(&model, generation);
        }
    }

    /// First the table, which requests wait for.
    fn publish(&mut self, batches: &[Arc<Batch>]) -> (Model, Generation) {
        let model = self.ledger.read(batches);
        let generation = self.publisher.publish(&model);
        (model, generation)
    }

    /// Then what people want to know: how the documents stand, and what is wrong between them.
    fn tell(&mut self, model: &Model, generation: Generation) -> Arc<Status> {
        let mut status = self.ledger.status(model);
        status.generation = generation;
        let status = Arc::new(status);
        self.log(&status);
        self.status.send_replace(Arc::clone(&status));
        status
    }

    /// Logs the faults that are new since the last look, and the change itself.
    fn log(&mut self, status: &Status) {
        // In words, which stay as they were told when documents move.
        let words: Vec<_> = status.faults.iter().map(Fault::to_string).collect();
        let told = status.faults.iter().zip(&words);
        for (fault, words) in told.filter(|(_, words)| !self.logged.contains(*words)) {
            match fault.severity {
                _ if fault.is_refusal() => tracing::warn!("document refused: {words}"),
                Severity::Error | Severity::Warning => tracing::warn!("document in doubt: {words}"),
                Severity::Info => tracing::debug!("document: {words}"),
            }
        }
        self.logged = words.into_iter().collect();
        let (generation, documents) = (status.generation.0, status.documents.len());
        tracing::info!(generation, documents, "routing table changed");
    }
}
