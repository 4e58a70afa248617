//! What becomes of spans that are not taken.

use super::*;
use crate::{
    BoxError,
    recorder::{Format, Recorder},
    telemetry::spans::SpanKind,
    trace::{SpanId, TraceId},
};
use futures_util::future::BoxFuture;
use std::{
    future::pending,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

const LIMIT: Duration = Duration::from_secs(60);

/// Takes spans as it is told.
#[derive(Clone, Debug, Default)]
struct Taker {
    batches: Arc<Mutex<Vec<usize>>>,
    is_silent: bool,
    fails: bool,
}

impl Taker {
    fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl super::super::Export for Taker {
    fn export(&self, batch: Batch) -> BoxFuture<'static, Result<(), BoxError>> {
        assert_eq!(&*batch.service, "product.shop");
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch.spans.len());
        let Self { is_silent, fails, .. } = *self;
        Box::pin(async move {
            if is_silent {
                pending::<()>().await;
            }
            if fails { Err("not today".into()) } else { Ok(()) }
        })
    }
}

fn queue(taker: &Taker) -> (Queue, Recorder) {
    let recorder = Recorder::default();
    let recording = Recording::from(recorder.clone());
    let labels = [("app".to_owned(), "product".to_owned())].into();
    let workload = Workload { namespace: "shop".into(), labels, ..Workload::default() };
    (queue_of(SpanExporter::new(taker.clone()), &workload, &recording), recorder)
}

fn span() -> Span {
    Span {
        trace: TraceId::random(|| 1),
        id: SpanId::random(|| 1),
        parent: None,
        kind: SpanKind::Server,
        name: String::new(),
        started: SystemTime::UNIX_EPOCH,
        ended: SystemTime::UNIX_EPOCH,
        tags: Vec::new(),
        is_error: false,
    }
}

/// What is measured of spans: those exported, those for which there was no room, and those that nobody took.
fn counted(recorder: &Recorder) -> [u64; 3] {
    let text = recorder.render(Format::Prometheus);
    [
        "mesh_spans_exported_total",
        "mesh_spans_dropped_total{reason=\"queue_full\"}",
        "mesh_spans_dropped_total{reason=\"export_failed\"}",
    ]
    .map(|name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.trim().parse().unwrap())
    })
}

#[tokio::test(start_paused = true)]
async fn spans_are_brought_together_and_all_of_them_before_the_end() {
    let taker = Taker::default();
    let (queue, recorder) = queue(&taker);
    (0..600).for_each(|_| queue.push(span()));
    queue.flush(LIMIT).await;
    assert_eq!(taker.batches(), [512, 88]);
    queue.push(span());
    drop(queue);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(taker.batches(), [512, 88, 1]);
    assert_eq!(counted(&recorder), [601, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_one_who_never_answers_and_what_is_lost_is_counted() {
    let taker = Taker { is_silent: true, ..Taker::default() };
    let (queue, recorder) = queue(&taker);
    queue.push(span());
    sleep(2 * GATHERED_FOR).await;
    assert_eq!(taker.batches(), [1], "it is being brought");
    let before = tokio::time::Instant::now();
    (0..MOST + 3).for_each(|_| queue.push(span()));
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(counted(&recorder), [0, 3, 0]);
    sleep(EXPORTED_WITHIN).await;
    assert_eq!(counted(&recorder), [0, 3, 1], "the first is given up");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_lost_and_counted() {
    let taker = Taker { fails: true, ..Taker::default() };
    let (queue, recorder) = queue(&taker);
    (0..3).for_each(|_| queue.push(span()));
    queue.flush(LIMIT).await;
    assert_eq!(counted(&recorder), [0, 0, 3]);
}

#[test]
fn outside_a_runtime_spans_are_lost_and_counted() {
    let (queue, recorder) = queue(&Taker::default());
    (0..=MOST).for_each(|_| queue.push(span()));
    assert_eq!(counted(&recorder), [0, 1, 0]);
}
