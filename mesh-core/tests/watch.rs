//! The pump, fed by hand.

use mesh_core::{
    dialect::Setting,
    source::{Batch, Source},
    table::Viewpoint,
    watch::{CatchUp, Handle, Ledger, Pump, channel, digest},
};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinSet,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

type Batches = Vec<Arc<Batch>>;

/// One folder, as the test says it is.
#[derive(Clone, Default)]
struct Folder {
    batches: Arc<Mutex<Batches>>,
    stirred: Arc<Notify>,
    /// What happens when a change has settled, before the folder is read.
    once_settled: Hook,
    /// What happens when the folder was read, before anything is made of it.
    once_read: Hook,
}

type Happens = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
struct Hook(Arc<Mutex<Option<Happens>>>);

impl Hook {
    fn set(&self, happens: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(happens));
    }

    fn happen(&self) {
        let happens = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(happens) = happens {
            happens();
        }
    }
}

impl Folder {
    /// Writes a VirtualService and tells nobody.
    fn write(&self, destination: &str) -> u64 {
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: shop}}\n\
             spec: {{hosts: [shop], http: [{{route: [{{destination: {{host: {destination}}}}}]}}]}}\n"
        );
        let batches = vec![Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "default"))];
        let digest = digest(&batches);
        *self.batches.lock().unwrap_or_else(PoisonError::into_inner) = batches;
        digest
    }
}

impl Source for Folder {
    fn load(&mut self) -> Batches {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.once_read.happen();
        batches
    }

    async fn changed(&mut self) {
        self.stirred.notified().await;
        self.once_settled.happen();
    }
}

/// A pump that has published the folder as it is.
fn loaded(folder: &Folder) -> (Pump<Folder>, CatchUp, Handle) {
    let (publisher, handle) = channel(Viewpoint::default());
    let mut pump = Pump::new(folder.clone(), Ledger::new(Setting::default()), publisher);
    pump.load();
    let catch_up = pump.catch_up(handle.clone());
    (pump, catch_up, handle)
}

#[tokio::test]
async fn however_many_wait_for_documents_that_are_on_hand_all_get_their_table() {
    let folder = Folder::default();
    folder.write("blue");
    let (pump, catch_up, _handle) = loaded(&folder);
    let green = folder.write("green");

    let mut asking = JoinSet::new();
    for _ in 0..1000 {
        let catch_up = catch_up.clone();
        asking.spawn(async move { catch_up.to(green).await.map(|table| table.digest()) });
    }
    let pump = tokio::spawn(pump.run());

    assert_eq!(asking.join_all().await, vec![Some(green); 1000]);
    pump.abort();
}

#[tokio::test]
async fn who_asks_for_documents_that_are_not_on_hand_gets_none_and_changes_nothing() {
    let folder = Folder::default();
    let blue = folder.write("blue");
    let (pump, catch_up, handle) = loaded(&folder);
    let pump = tokio::spawn(pump.run());

    // Half a write, perhaps: nobody said that it has settled.
    folder.write("green");
    assert!(catch_up.to(17).await.is_none());
    assert_eq!(handle.snapshot().digest(), blue);
    pump.abort();
}

#[tokio::test]
async fn who_asks_for_documents_that_a_look_just_missed_gets_another_look() {
    let folder = Folder::default();
    folder.write("blue");
    let (pump, catch_up, _handle) = loaded(&folder);
    let (sender, asking) = oneshot::channel();
    let later = folder.clone();
    folder.once_read.set(move || {
        let green = later.write("green");
        let mut asking = Box::pin(async move { (green, catch_up.to(green).await) });
        ask(asking.as_mut());
        drop(sender.send(asking));
    });

    let pump = tokio::spawn(pump.run());
    folder.stirred.notify_one();

    let (green, table) = timeout(PATIENCE, asking.await.unwrap()).await.unwrap();
    assert_eq!(table.map(|table| table.digest()), Some(green));
    pump.abort();
}

#[tokio::test]
async fn a_change_that_has_settled_is_published_whoever_asks_for_other_documents_meanwhile() {
    let folder = Folder::default();
    folder.write("blue");
    let (pump, catch_up, mut handle) = loaded(&folder);
    assert!(handle.published().await.is_some());
    let green = folder.write("green");
    folder.once_settled.set(move || ask(pin!(catch_up.to(17))));

    let pump = tokio::spawn(pump.run());
    folder.stirred.notify_one();

    let published = timeout(PATIENCE, handle.published()).await.unwrap();
    assert_eq!(published.unwrap().digest(), green);
    pump.abort();
}

/// Asks, and does not wait for the answer.
fn ask<T>(asking: Pin<&mut (impl Future<Output = T> + ?Sized)>) {
    assert!(asking.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}
