//! From text to a table that serves, and one decision of it.

use crate::{
    ALLOCATOR,
    report::Row,
    size::{Kind, Texts},
};
use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    identity::SpiffeId,
    model::Model,
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::{Ledger, channel},
};
use mesh_tower::{Body, BoxError, balance::BalanceLayer, route::RouteLayer};
use stats_alloc::Region;
use std::{hint::black_box, ops::Range, sync::Arc, time::Duration};
use tokio::{runtime::Runtime, time::Instant};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// How many bytes a file has at most that holds many documents: it may not be of any size, nor hold any number of values.
const IN_ONE_FILE: usize = 4 << 20;
/// How often the smaller sizes are loaded, and how often one document changes.
const LOADS: usize = 3;
const CHANGES: usize = 9;
/// How many decisions are made for one figure, and how many figures there are.
const DECISIONS: u32 = 1_000;
const FIGURES: usize = 25;

/// Everything between documents and requests.
struct Engine {
    viewpoint: Viewpoint,
    ledger: Ledger,
    batches: Vec<Arc<Batch>>,
    model: Model,
    table: Snapshot,
}

impl Engine {
    fn of(files: &[String]) -> Self {
        let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
        let batch = |(number, text): (usize, &String)| {
            Arc::new(Batch::of(format!("{number:06}.yaml").into(), text.as_bytes(), "default"))
        };
        let mut engine = Self {
            viewpoint,
            ledger: Ledger::new(Setting::default()),
            batches: files.iter().enumerate().map(batch).collect(),
            model: Model::default(),
            table: Snapshot::empty(),
        };
        engine.compile();
        engine
    }

    /// Another text in one file. Gives what is over: dropping it keeps no request waiting, and is not counted.
    fn change(&mut self, file: usize, text: &str) -> (Snapshot, Model) {
        self.batches[file] = self.batches[file].next(text.as_bytes());
        self.compile()
    }

    fn compile(&mut self) -> (Snapshot, Model) {
        let model = self.ledger.read(&self.batches);
        let table = Snapshot::compile(&model, &self.viewpoint, Some(&self.table));
        (std::mem::replace(&mut self.table, table), std::mem::replace(&mut self.model, model))
    }
}

/// What one size of one kind costs.
///
/// # Errors
/// When a document of it is refused.
pub(crate) fn measure(kind: Kind, size: usize, runtime: &Runtime) -> Result<Row, BoxError> {
    let texts = kind.texts(size);
    let files = files(&texts.each);
    let all: Vec<String> = files.iter().map(|file| texts.each[file.clone()].concat()).collect();
    let (made, bytes) = kept(|| timed(|| Engine::of(&all)));
    let (mut engine, first) = made;
    refuse_faults(&mut engine)?;
    let loads = if size > 10_000 { 1 } else { LOADS };
    let load = (1..loads).map(|_| timed(|| Engine::of(&all)).1).fold(first, Duration::min);
    let decision = runtime.block_on(decision(kind, size, &engine))?;
    let file = files.iter().position(|file| file.contains(&texts.changing)).unwrap_or_default();
    let changed = [with_change(&texts, files[file].clone()), all[file].clone()];
    let change_of_all = changes(&mut engine, file, &changed);
    let region = Region::new(ALLOCATOR);
    drop(engine.change(file, &changed[1]));
    let taken = region.change().bytes_allocated;
    drop(engine);
    let mut engine = Engine::of(&texts.each);
    let alone = [texts.changed.clone(), texts.each[texts.changing].clone()];
    let change_alone = changes(&mut engine, texts.changing, &alone);
    Ok(Row::new(kind, size, [load, change_alone, change_of_all, decision], [bytes, taken]))
}

/// Makes something, and says how many bytes more are in use after it.
fn kept<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let made = make();
    let change = region.change();
    (made, change.bytes_allocated.saturating_sub(change.bytes_deallocated))
}

/// Which documents are in a file together.
fn files(each: &[String]) -> Vec<Range<usize>> {
    let (mut files, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (number, text) in each.iter().enumerate() {
        if number > start && bytes + text.len() > IN_ONE_FILE {
            files.push(start..number);
            (start, bytes) = (number, 0);
        }
        bytes += text.len();
    }
    files.push(start..each.len());
    files
}

/// The text of a file of many with the change in it.
fn with_change(texts: &Texts, file: Range<usize>) -> String {
    let text = |number: usize| if number == texts.changing { &*texts.changed } else { &*texts.each[number] };
    file.map(text).collect()
}

fn refuse_faults(engine: &mut Engine) -> Result<(), BoxError> {
    let status = engine.ledger.status(&engine.model);
    match status.faults.iter().find(|fault| fault.is_refusal()) {
        Some(fault) => Err(format!("a document is refused: {fault}").into()),
        None => Ok(()),
    }
}

/// The median time of one change and another, in turn.
fn changes(engine: &mut Engine, file: usize, texts: &[String; 2]) -> Duration {
    let times = (0..CHANGES).map(|turn| timed(|| engine.change(file, &texts[turn % 2])).1);
    median(times.collect())
}

fn timed<T>(make: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let made = make();
    (made, begun.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The median time of one decision: which rule, which endpoint, or whether somebody may.
async fn decision(kind: Kind, size: usize, engine: &Engine) -> Result<Duration, BoxError> {
    match kind {
        Kind::Hosts | Kind::Rules => {
            let (host, path) = match kind {
                Kind::Hosts => (size - 1, "/product/1".to_owned()),
                _ => (0, format!("/prefix/{}/a", size - 1)),
            };
            let request = Request::get(format!("http://service-{host}.shop{path}")).body(())?;
            let view = RequestView::outbound(&request);
            Ok(median_of(|| {
                black_box(black_box(&engine.table).decide(&view, 1 << 31));
            }))
        }
        Kind::Endpoints => endpoint(engine).await,
        Kind::Policies => {
            let last = size.saturating_sub(1);
            let request = Request::get(format!("http://service-0.shop/api/{last}/a")).body(())?;
            let peer = SpiffeId::parse(&format!("spiffe://cluster.local/ns/shop/sa/caller-{last}"))?;
            let address = Some([10, 0, 0, 1].into());
            let view = InboundView {
                source: address,
                remote: address,
                destination: address,
                port: 8080,
                server_name: None,
                peer: Some(&peer),
                claims: None,
                request: Some(RequestView::inbound(&request, 8080, true)),
            };
            let inbound = engine.table.inbound();
            if !inbound.authorize(&view).is_allowed() {
                return Err("the caller of the last policy is not let in".into());
            }
            Ok(median_of(|| {
                black_box(black_box(inbound).authorize(&view).is_allowed());
            }))
        }
    }
}

fn median_of(decide: impl Fn()) -> Duration {
    let figure = |_| timed(|| (0..DECISIONS).for_each(|_| decide())).1 / DECISIONS;
    median((0..FIGURES).map(figure).collect())
}

/// A request through the layers that route it and choose its endpoint.
async fn endpoint(engine: &Engine) -> Result<Duration, BoxError> {
    let (mut publisher, handle) = channel(engine.viewpoint.clone());
    publisher.publish(&engine.model);
    let answer = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
    let layers = ServiceBuilder::new().layer(RouteLayer::new(handle)).layer(BalanceLayer::new());
    let mut service = layers.service(answer);
    let mut figures = Vec::new();
    for _ in 0..FIGURES {
        let begun = Instant::now();
        for _ in 0..DECISIONS {
            let request = Request::get("http://service-0.shop/product/1").body(Body::empty())?;
            service.ready().await?.call(request).await?;
        }
        figures.push(begun.elapsed() / DECISIONS);
    }
    Ok(median(figures))
}
