//! What ten thousand VirtualServices keep in memory, for each of them and for each of their rules.

use benches::{services, virtual_services};
use mesh_core::{
    dialect::Setting,
    source::Batch,
    table::{Snapshot, Viewpoint},
    watch::Ledger,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, sync::Arc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many VirtualServices there are, and rules in each.
const COUNT: usize = 10_000;
const RULES: usize = 2;

/// Makes something, and says how many bytes more are in use after it.
fn kept<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let made = make();
    let change = region.change();
    (made, change.bytes_allocated.saturating_sub(change.bytes_deallocated))
}

fn tell(what: &str, bytes: usize) {
    println!("{what}: {} bytes a VirtualService, {} a rule", bytes / COUNT, bytes / COUNT / RULES);
}

fn main() {
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    let text = virtual_services(COUNT, None);
    tell("as text", text.len());
    let batch = |name: &str, text: &str| Arc::new(Batch::of(name.into(), text.as_bytes(), "default"));
    let (rules, bytes) = kept(|| batch("rules.yaml", &text));
    tell("as documents, with the line of every field", bytes);
    let services = batch("services.yaml", &services(COUNT));

    let mut ledger = Ledger::new(Setting::default());
    ledger.read(&[Arc::clone(&services)]);
    let (model, bytes) = kept(|| ledger.read(&[services, rules]));
    tell("what they mean, shared by ledger, model and table", bytes);
    let bare = mesh_core::model::Model { virtual_services: Vec::new(), ..model.clone() };
    let (without, bytes_without) = kept(|| Snapshot::compile(&bare, &viewpoint, None));
    drop(without);
    let (table, bytes) = kept(|| Snapshot::compile(&model, &viewpoint, None));
    tell("as table, beyond that of their services alone", bytes.saturating_sub(bytes_without));
    assert_eq!(table.virtual_hosts().count(), COUNT);
}
