//! What it costs to make a routing table of ten thousand VirtualServices: all of them, and one that changed.
//!
//! Counted from the bytes of the documents to the table that serves: reading, understanding and compiling. What is told
//! about the documents after that is measured by itself.

use benches::{rules, services, virtual_service, virtual_services};
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
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
    fn of(files: impl IntoIterator<Item: AsRef<str>>) -> Self {
        let mut mesh = Self::new();
        for (number, text) in files.into_iter().enumerate() {
            let file = format!("{number:05}.yaml");
            mesh.batches.push(Arc::new(Batch::of(file.into(), text.as_ref().as_bytes(), "default")));
        }
        mesh.compile();
        mesh
    }

    /// The content of one file changed. Gives what is over: dropping it keeps no request waiting, and is not counted.
    fn change(&mut self, file: usize, text: &str) -> (Snapshot, Model) {
        self.batches[file] = self.batches[file].next(text.as_bytes());
        self.compile()
    }

    /// The same, once it is sure that every document serves: one that is refused costs less.
    fn checked(mut self) -> Self {
        let model = self.ledger.read(&self.batches);
        let status = self.ledger.status(&model);
        let refused = status.faults.iter().find(|fault| fault.is_refusal());
        assert!(refused.is_none(), "{refused:?}");
        self
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
    // A file of all of them would hold more than a million values, and is refused.
    let others = services(COUNT);
    for (name, files) in
        [("alone", &[rules.clone()][..]), ("with their services and subsets", &[rules, others])]
    {
        Mesh::of(files).checked();
        let read = || Mesh::of(files);
        group.bench_function(name, |bencher| bencher.iter_with_large_drop(read));
    }
    let mesh = Mesh::of([virtual_services(COUNT, None), services(COUNT)]).checked();
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
    let all = || Mesh::of([&texts[0], &services(COUNT)]);
    change(&mut group, "in a file of them all", Mesh::of([&texts[0]]), 0, &texts);
    change(&mut group, "in a file of its own", Mesh::of(files()), COUNT / 2, &changed);
    change(&mut group, "in a file of them all, with services and subsets", all(), 0, &texts);
    let moved = [texts[0].clone(), longer];
    change(&mut group, "a line more before all of them", Mesh::of([&texts[0]]), 0, &moved);
    group.sample_size(10);
    let others: String = (0..COUNT).map(|number| virtual_service(number, 80)).collect();
    change(&mut group, "all of them, with services and subsets", all(), 0, &[texts[0].clone(), others]);
    group.finish();
}

/// How many rules the one VirtualService has.
const RULES: usize = 1_000;

fn one_rule(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one rule of one VirtualService, from text to table");
    for size in [RULES, 10 * RULES] {
        let texts = [None, Some(size / 2)].map(|changed| rules(size, changed));
        let mesh = Mesh::of([&texts[0], &services(1)]);
        change(&mut group, &format!("of {size}"), mesh, 0, &texts);
    }
    group.finish();
}

/// One text in the place of another, in turn.
fn change(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mesh: Mesh,
    file: usize,
    texts: &[String; 2],
) {
    let mut mesh = mesh.checked();
    let mut turns = texts.iter().cycle().skip(1);
    group.bench_function(name, |bencher| {
        let next = || turns.next();
        let change = |text: Option<&String>| text.map(|text| mesh.change(file, text));
        bencher.iter_batched(next, change, BatchSize::PerIteration);
    });
    mesh.checked();
}

criterion_group!(benches, whole, one_change, one_rule);
criterion_main!(benches);
