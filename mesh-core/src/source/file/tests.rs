//! What needs a clock that can be turned, or a file system that says nothing. The rest is in `tests/file_source.rs`.

use super::*;
use std::fs;
use tempfile::TempDir;
use tokio::time::{advance, sleep, timeout};

fn source(folder: &TempDir, watch: Watch) -> FileSource {
    let source = FileSource::new(vec![folder.path().into()], "default".into()).expect("a folder");
    FileSource { watch, ..source }
}

#[tokio::test(start_paused = true)]
async fn changes_that_send_no_event_are_noticed_by_looking() {
    let folder = TempDir::new().unwrap();
    let mut source = source(&folder, Watch::deaf());
    assert!(source.load().is_empty());
    assert!(timeout(Duration::from_secs(60), source.changed()).await.is_err());

    fs::write(folder.path().join("shop.yaml"), "").unwrap();
    let before = Instant::now();
    source.changed().await;
    assert!(before.elapsed() <= SCAN + SETTLE + Duration::from_millis(10));
    assert_eq!(source.load().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_events_is_one_change() {
    let folder = TempDir::new().unwrap();
    let mut source = source(&folder, Watch::deaf());
    source.load();
    let sign = source.watch.sign();
    tokio::spawn(async move {
        for _ in 0..5 {
            sign();
            sleep(Duration::from_millis(60)).await;
        }
    });
    let before = Instant::now();
    source.changed().await;
    assert_eq!(before.elapsed().as_millis() / 10, (4 * 60 + 100) / 10);
    assert!(timeout(Duration::from_secs(4), source.changed()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn changes_without_end_are_waited_for_a_second() {
    let folder = TempDir::new().unwrap();
    let mut source = source(&folder, Watch::deaf());
    source.load();
    let sign = source.watch.sign();
    tokio::spawn(async move {
        loop {
            sign();
            sleep(Duration::from_millis(20)).await;
        }
    });
    let before = Instant::now();
    source.changed().await;
    assert_eq!(before.elapsed().as_millis() / 10, 100);
}

#[tokio::test(start_paused = true)]
async fn a_change_outlives_the_call_that_noticed_it() {
    let folder = TempDir::new().unwrap();
    let mut source = source(&folder, Watch::deaf());
    source.load();
    source.watch.sign()();
    assert!(timeout(SETTLE / 2, source.changed()).await.is_err());
    assert!(timeout(SETTLE * 2, source.changed()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_once_more_after_its_time_stamp_is_old() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.yaml");
    fs::write(&path, "a: 1").unwrap();
    let mut source = source(&folder, Watch::deaf());
    let first = source.load();
    assert!(!source.known[&path].age.is_settled);

    advance(GRAIN).await;
    source.changed().await;
    let second = source.load();
    assert!(source.known[&path].age.is_settled);
    assert!(Arc::ptr_eq(&first[0], &second[0]));
}
