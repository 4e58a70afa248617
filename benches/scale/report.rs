//! What was found, for people and for programs.

use crate::{
    caller::{Called, Who},
    plot,
    size::Kind,
};
use mesh_tower::BoxError;
use serde::Serialize;
use std::{fs, path::Path, time::Duration};

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) meanwhile: Vec<Meanwhile>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) services: Vec<ServicesRow>,
    /// The version of Envoy, if there is one.
    pub(crate) envoy: Option<String>,
    pub(crate) envoys: Vec<EnvoyRow>,
}

/// What one size of one kind costs.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    /// From the text of all documents to a table that serves, in milliseconds.
    pub(crate) load_ms: f64,
    /// From the text of one changed document in a file of its own, in milliseconds.
    pub(crate) change_alone_ms: f64,
    /// From the text of a file of 4 MiB of them, or of all, in which one document changed, in milliseconds.
    pub(crate) change_of_all_ms: f64,
    /// One decision, in nanoseconds.
    pub(crate) decision_ns: f64,
    /// What documents, model and table keep, in MiB.
    pub(crate) memory_mib: f64,
    /// What the change in a file of many took of memory, most of it for a while, in MiB.
    pub(crate) change_memory_mib: f64,
}

/// What so many connections cost that are open at once.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionRow {
    pub(crate) who: Who,
    pub(crate) connections: usize,
    /// Until every connection had carried a request, in milliseconds.
    pub(crate) open_ms: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// What the process has in memory, in MiB; Envoy's own, without its caller.
    pub(crate) memory_mib: f64,
}

/// What a process of the mesh has in memory that knows of so many services, and calls one.
#[derive(Debug, Serialize)]
pub(crate) struct ServicesRow {
    pub(crate) services: usize,
    pub(crate) memory_mib: f64,
    /// Beyond a process with hyper's pooled client.
    pub(crate) added_mib: f64,
}

/// What requests take while tables are published, and while they are not: medians of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Meanwhile {
    who: Who,
    hosts: usize,
    /// How many tables were published, and in how many seconds.
    published: u64,
    seconds: usize,
    quiet_p50_us: f64,
    quiet_p99_us: f64,
    publishing_p50_us: f64,
    publishing_p99_us: f64,
    /// The 99th percentile as a multiple of the quiet one in the same round.
    p99_ratio: f64,
}

/// What one size of one kind costs Envoy.
#[derive(Debug, Serialize)]
pub(crate) struct EnvoyRow {
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    /// From the start of the process to its first answer, in milliseconds.
    pub(crate) start_ms: f64,
    /// From the write of the file to the first answer of the new route, in milliseconds.
    pub(crate) change_ms: f64,
    /// A whole request for the last rule, in microseconds.
    pub(crate) request_us: f64,
    /// What the process has in memory, in MiB.
    pub(crate) memory_mib: f64,
}

/// What readers may pay for publishing, and 1,000 services in memory.
const MOST_P99: f64 = 1.05;
const MOST_MIB: f64 = 6.0;

#[expect(clippy::cast_precision_loss, reason = "memory is less than a float can count")]
fn mib_of_kib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl Row {
    /// Times of loading, of a change alone and in a file of all, and of a decision; and the bytes that all keeps, and that a
    /// change takes.
    #[expect(clippy::cast_precision_loss, reason = "memory is less than a float can count")]
    pub(crate) fn new(kind: Kind, size: usize, times: [Duration; 4], bytes: [usize; 2]) -> Self {
        let [load, change_alone, change_of_all, decision] = times;
        Self {
            kind,
            size,
            load_ms: millis(load),
            change_alone_ms: millis(change_alone),
            change_of_all_ms: millis(change_of_all),
            decision_ns: decision.as_secs_f64() * 1e9,
            memory_mib: bytes[0] as f64 / f64::from(1 << 20),
            change_memory_mib: bytes[1] as f64 / f64::from(1 << 20),
        }
    }
}

impl Meanwhile {
    /// Of rounds: medians and 99th percentiles, quiet and while tables are published.
    pub(crate) fn new(who: Who, hosts: usize, published: u64, rounds: &[[[Duration; 2]; 2]]) -> Self {
        let figure = |way: usize, which: usize| median(rounds.iter().map(|round| micros(round[way][which])));
        let ratio = |[quiet, publishing]: &[[Duration; 2]; 2]| micros(publishing[1]) / micros(quiet[1]);
        Self {
            who,
            hosts,
            published,
            // A turn lasts a second.
            seconds: rounds.len(),
            quiet_p50_us: figure(0, 0),
            quiet_p99_us: figure(0, 1),
            publishing_p50_us: figure(1, 0),
            publishing_p99_us: figure(1, 1),
            p99_ratio: median(rounds.iter().map(ratio)),
        }
    }
}

impl ConnectionRow {
    /// Of what a caller told, and what a process has in memory, in KiB.
    pub(crate) fn new(who: Who, connections: usize, called: &Called, kib: u64) -> Self {
        let [p50, p99] = called.times.map(micros);
        let (open_ms, memory_mib) = (millis(called.open), mib_of_kib(kib));
        Self { who, connections, open_ms, p50_us: p50, p99_us: p99, memory_mib }
    }
}

impl ServicesRow {
    /// Of KiB, and those of a bare client.
    pub(crate) fn new(services: usize, kib: u64, bare: u64) -> Self {
        let (memory_mib, bare) = (mib_of_kib(kib), mib_of_kib(bare));
        Self { services, memory_mib, added_mib: memory_mib - bare }
    }
}

impl EnvoyRow {
    /// Times of the start, of a change, and of a request; and KiB.
    pub(crate) fn new(kind: Kind, size: usize, times: [Duration; 3], kib: u64) -> Self {
        let [start, change, request] = times;
        Self {
            kind,
            size,
            start_ms: millis(start),
            change_ms: millis(change),
            request_us: micros(request),
            memory_mib: mib_of_kib(kib),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Report {
    /// Writes figures and plots.
    ///
    /// # Errors
    /// When files cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), BoxError> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("scale.json"), serde_json::to_string_pretty(self)?)?;
        for kind in Kind::ALL {
            if self.rows.iter().any(|row| row.kind == kind) {
                let name = kind.to_string().replace(' ', "-");
                fs::write(folder.join(format!("{name}.svg")), plot::draw(self, kind))?;
            }
        }
        if !self.connections.is_empty() {
            fs::write(folder.join("connections.svg"), plot::draw_connections(self))?;
        }
        eprintln!("figures and plots are in {}", folder.display());
        Ok(())
    }

    /// Prints all figures as JSON.
    ///
    /// # Errors
    /// None that a report has.
    pub(crate) fn print_json(&self) -> Result<(), BoxError> {
        println!("{}", serde_json::to_string_pretty(self)?);
        Ok(())
    }

    /// Prints tables.
    ///
    /// # Errors
    /// None.
    pub(crate) fn print(&self) -> Result<(), BoxError> {
        println!(
            "{:<18} {:>7} {:>10} {:>16} {:>17} {:>12} {:>11} {:>17}",
            "",
            "size",
            "load ms",
            "one change ms",
            "in one file ms",
            "decision ns",
            "memory MiB",
            "a change's MiB"
        );
        for row in &self.rows {
            println!(
                "{:<18} {:>7} {:>10.2} {:>16.3} {:>17.3} {:>12.0} {:>11.2} {:>17.2}",
                row.kind.to_string(),
                row.size,
                row.load_ms,
                row.change_alone_ms,
                row.change_of_all_ms,
                row.decision_ns,
                row.memory_mib,
                row.change_memory_mib
            );
        }
        self.print_envoy();
        self.print_requests();
        self.print_processes();
        Ok(())
    }

    fn print_envoy(&self) {
        if let Some(version) = &self.envoy {
            let title = format!("Envoy {version}");
            println!(
                "\n{title:<18} {:>7} {:>10} {:>16} {:>17} {:>11}",
                "size", "start ms", "one change ms", "last request µs", "memory MiB"
            );
        }
        for row in &self.envoys {
            println!(
                "{:<18} {:>7} {:>10.1} {:>16.1} {:>17.1} {:>11.1}",
                row.kind.to_string(),
                row.size,
                row.start_ms,
                row.change_ms,
                row.request_us,
                row.memory_mib
            );
        }
    }

    fn print_requests(&self) {
        println!();
        for row in &self.meanwhile {
            println!(
                "{}: requests while one of {} hosts changes 10 times a second ({} times in {} s): p50 {:.1} µs, p99 {:.1} \
                 µs; quiet {:.1} and {:.1} µs; p99 × {:.2}",
                row.who.name(),
                row.hosts,
                row.published,
                row.seconds,
                row.publishing_p50_us,
                row.publishing_p99_us,
                row.quiet_p50_us,
                row.quiet_p99_us,
                row.p99_ratio
            );
        }
        let last = self.meanwhile.iter().rfind(|row| row.who == Who::Mesh);
        if let Some(row) = last {
            judge(
                &format!("p99 while {} hosts are published", row.hosts),
                row.p99_ratio,
                MOST_P99,
                "times the quiet one",
            );
        }
    }

    fn print_processes(&self) {
        if !self.connections.is_empty() {
            println!(
                "\n{:<18} {:>11} {:>10} {:>10} {:>10} {:>11}",
                "", "connections", "open ms", "p50 µs", "p99 µs", "memory MiB"
            );
        }
        for row in &self.connections {
            println!(
                "{:<18} {:>11} {:>10.1} {:>10.1} {:>10.1} {:>11.1}",
                row.who.name(),
                row.connections,
                row.open_ms,
                row.p50_us,
                row.p99_us,
                row.memory_mib
            );
        }
        for row in &self.services {
            println!(
                "a process that knows of {} services: {:.1} MiB, {:+.1} to one with hyper's client",
                row.services, row.memory_mib, row.added_mib
            );
        }
        if let Some(row) = self.services.iter().find(|row| row.services == 1_000) {
            judge("memory for 1000 services", row.added_mib, MOST_MIB, "MiB");
        }
    }
}

fn judge(what: &str, found: f64, most: f64, unit: &str) {
    let word = if found <= most { "met" } else { "NOT met" };
    println!("{what}: {found:.2} {unit}, at most {most} is {word}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_compared_within_a_round() {
        let times = |p50, p99| [p50, p99].map(Duration::from_micros);
        // The second round was slow for both ways.
        let rounds = [[times(10, 20), times(10, 22)], [times(50, 100), times(50, 110)]];
        let found = Meanwhile::new(Who::Mesh, 10, 7, &rounds);
        assert!((found.p99_ratio - 1.1).abs() < 1e-9, "{found:?}");
    }
}
