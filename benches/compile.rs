//! What it costs to make a routing table of ten thousand VirtualServices: all of them, and one that changed.
//!
//! Counted from the bytes of the documents to the table that serves: reading, understanding and compiling. What is told
//! about the documents after that is measured by itself.

use benches::{services, virtual_service, virtual_services};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mesh_core::{
    dialect::Setting,
    model::Model,
    source::Batch,
    table::{Snapshot, Viewpoint},
    watch::Ledger,
};
use std::sync::Arc;

/// How many VirtualServices there are.
const COUNT: usize = 10_000;

/// Everything between documents and requests, in one state.
struct Mesh {
    viewpoint: Viewpoint,
    ledger: Ledger,
    batches: Vec<Arc<Batch>>,
    table: Snapshot,
}

impl Mesh {
    fn new() -> Self {
        let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
        let ledger = Ledger::new(Setting::default());
        Self { viewpoint, ledger, batches: Vec::new(), table: Snapshot::empty() }
    }

    /// A mesh of these files.
    fn of(files: impl IntoIterator<Item = String>) -> Self {
        let mut mesh = Self::new();
        for (number, text) in files.into_iter().enumerate() {
            let file = format!("{number:05}.yaml");
            mesh.batches.push(Arc::new(Batch::of(file.into(), text.as_bytes(), "default")));
        }
        mesh.compile();
        mesh
    }

    /// The content of one file changed. Gives what is over: dropping it keeps no request waiting, and is not counted.
    fn change(&mut self, file: usize, text: &str) -> (Snapshot, Model) {
        self.batches[file] = self.batches[file].next(text.as_bytes());
        self.compile()
    }

    fn compile(&mut self) -> (Snapshot, Model) {
        let model = self.ledger.read(&self.batches);
        let next = Snapshot::compile(&model, &self.viewpoint, Some(&self.table));
        (std::mem::replace(&mut self.table, next), model)
    }
}

fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("10000 VirtualServices, from text to table");
    group.sample_size(10);
    let rules = virtual_services(COUNT, None);
    let all = services(COUNT) + &rules;
    for (name, text) in [("alone", &rules), ("with their services and subsets", &all)] {
        let read = |text: &String| Mesh::of([text.clone()]);
        group.bench_function(name, |bencher| bencher.iter_with_large_drop(|| read(text)));
    }
    let mesh = Mesh::of([all]);
    group.bench_function("the analysis after that", |bencher| {
        let mut ledger = Ledger::new(Setting::default());
        let model = ledger.read(&mesh.batches);
        bencher.iter_with_large_drop(|| ledger.status(&model));
    });
    group.finish();
}

fn one_change(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one change among 10000 VirtualServices, from text to table");
    group.sample_size(50);
    let texts = [None, Some(COUNT / 2)].map(|changed| virtual_services(COUNT, changed));
    let files = || (0..COUNT).map(|number| virtual_service(number, 90));
    let changed = [90, 80].map(|weight| virtual_service(COUNT / 2, weight));
    let longer = format!("# A line more.\n{}", texts[0]);
    for (name, mut mesh, file, texts) in [
        ("in a file of them all", Mesh::of([texts[0].clone()]), 0, [&texts[0], &texts[1]]),
        ("in a file of its own", Mesh::of(files()), COUNT / 2, [&changed[0], &changed[1]]),
        (
            "in a file of them all, with services and subsets",
            Mesh::of([texts[0].clone(), services(COUNT)]),
            0,
            [&texts[0], &texts[1]],
        ),
        ("a line more before all of them", Mesh::of([texts[0].clone()]), 0, [&texts[0], &longer]),
    ] {
        let mut turns = texts.iter().cycle().skip(1);
        group.bench_function(name, |bencher| {
            let next = || turns.next().copied();
            bencher.iter_batched(
                next,
                |text| text.map(|text| mesh.change(file, text)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, whole, one_change);
criterion_main!(benches);
