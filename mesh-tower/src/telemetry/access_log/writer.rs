//! Brings lines to where they are kept, without making a request wait.

use crossbeam_queue::ArrayQueue;
use metrics::Counter;
use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, Thread},
    time::Duration,
};

/// How many lines wait at most; further ones are dropped, and counted.
const MOST: usize = 8192;
/// The longest a line's memory is kept for the next line, in bytes.
const LARGEST: usize = 16 << 10;
/// How long lines wait for company before they are written.
const GATHERED_FOR: Duration = Duration::from_millis(50);

/// Where lines are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The end of a file, which is made if it is not there.
    File(PathBuf),
}

impl Sink {
    /// The sink that a MeshConfig calls so: `/dev/stdout`, `/dev/stderr` or a file.
    #[must_use]
    pub fn named(path: &str) -> Self {
        match path {
            "/dev/stdout" => Self::Stdout,
            "/dev/stderr" => Self::Stderr,
            path => Self::File(path.into()),
        }
    }

    /// What metrics call it.
    pub(in crate::telemetry) fn name(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_owned(),
            Self::Stderr => "stderr".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(io::stdout()),
            Self::Stderr => Box::new(io::stderr()),
            Self::File(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        })
    }
}

/// Writes lines in a thread of its own. Clones write to the same place; when the last one is dropped, what waits is written.
#[derive(Clone)]
pub struct Writer(Arc<Shared>);

struct Shared {
    lines: Arc<Lines>,
    thread: Option<Thread>,
}

struct Lines {
    waiting: ArrayQueue<Vec<u8>>,
    /// The memory of lines that were written.
    spare: ArrayQueue<Vec<u8>>,
    dropped: AtomicU64,
    /// Where that is measured.
    counter: OnceLock<Counter>,
    is_over: AtomicBool,
    sink: Sink,
}

impl Writer {
    /// Begins to write to a sink.
    #[must_use]
    pub fn new(sink: Sink) -> Self {
        let lines = Arc::new(Lines {
            waiting: ArrayQueue::new(MOST),
            spare: ArrayQueue::new(MOST),
            dropped: AtomicU64::new(0),
            counter: OnceLock::new(),
            is_over: AtomicBool::new(false),
            sink,
        });
        let theirs = Arc::clone(&lines);
        let writing = thread::Builder::new().name("mesh-access-log".into()).spawn(move || theirs.run());
        if let Err(error) = &writing {
            tracing::error!(%error, "the access log has no thread, and is not written");
        }
        let thread = writing.ok().map(|handle| handle.thread().clone());
        Self(Arc::new(Shared { lines, thread }))
    }

    /// Writes what `make` puts into the memory it is given. Never waits: where too many lines wait, this one is dropped.
    pub(in crate::telemetry) fn line(&self, make: impl FnOnce(&mut Vec<u8>)) {
        let Shared { lines, thread } = &*self.0;
        if lines.waiting.is_full() {
            lines.lose(1);
            return;
        }
        let mut line = lines.spare.pop().unwrap_or_default();
        make(&mut line);
        if lines.waiting.push(line).is_err() {
            lines.lose(1);
        }
        // The thread looks by itself every now and then: it is woken where it could be late.
        if lines.waiting.len() == MOST / 2
            && let Some(thread) = thread
        {
            thread.unpark();
        }
    }

    /// Lines that are dropped from now on are measured, too, by the first counter that is given.
    pub(in crate::telemetry) fn measured(&self, counter: impl FnOnce(&Sink) -> Counter) {
        let lines = &self.0.lines;
        lines.counter.get_or_init(|| counter(&lines.sink));
    }

    /// How many lines were dropped so far, because nobody wrote as fast as they came.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.lines.dropped.load(Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.lines.is_over.store(true, Relaxed);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

impl Lines {
    fn lose(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
        self.counter.get().iter().for_each(|counter| counter.increment(count));
    }

    fn run(&self) {
        let (mut out, mut is_told) = (None, false);
        loop {
            let is_over = self.is_over.load(Relaxed);
            if !self.waiting.is_empty() {
                let written = self.write(&mut out);
                match written {
                    Ok(()) => is_told = false,
                    Err(error) => {
                        out = None;
                        if !std::mem::replace(&mut is_told, true) {
                            tracing::warn!(sink = ?self.sink, %error, "the access log cannot be written");
                        }
                    }
                }
            }
            if is_over && self.waiting.is_empty() {
                return;
            }
            thread::park_timeout(GATHERED_FOR);
        }
    }

    /// Writes all that waits, in one go as far as possible. Where that fails, the lines are lost, and counted.
    fn write(&self, out: &mut Option<Box<dyn Write + Send>>) -> io::Result<()> {
        let mut together = Vec::new();
        let mut count = 0;
        while let Some(mut line) = self.waiting.pop() {
            together.extend_from_slice(&line);
            count += 1;
            if line.capacity() <= LARGEST {
                line.clear();
                let _ = self.spare.push(line);
            }
            if together.len() >= 1 << 20 {
                break;
            }
        }
        let written = self.write_all(&together, out);
        if written.is_err() {
            self.lose(count);
        }
        written
    }

    fn write_all(&self, bytes: &[u8], out: &mut Option<Box<dyn Write + Send>>) -> io::Result<()> {
        let out = match out {
            Some(out) => out,
            None => out.insert(self.sink.open()?),
        };
        out.write_all(bytes)?;
        out.flush()
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.0.lines.sink).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio::time::{sleep, timeout};

    const SOON: Duration = Duration::from_secs(10);
    const MOMENT: Duration = Duration::from_millis(5);

    #[tokio::test]
    async fn lines_are_written_in_their_order_and_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("access.log");
        let writer = Writer::new(Sink::File(file.clone()));
        for number in 0..1000 {
            writer.line(|line| line.extend_from_slice(format!("{number}\n").as_bytes()));
        }
        drop(writer);
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let written = async {
            while fs::read_to_string(&file).unwrap_or_default() != expected {
                sleep(MOMENT).await;
            }
        };
        timeout(SOON, written).await.expect("every line");
    }

    #[tokio::test]
    async fn a_sink_that_fails_costs_lines_and_nothing_else() {
        let writer = Writer::new(Sink::File("/proc/nobody/may/write/here".into()));
        for _ in 0..3 * MOST {
            writer.line(|line| line.push(b'\n'));
        }
        let lost = async {
            while writer.dropped() < 3 * MOST as u64 {
                sleep(MOMENT).await;
            }
        };
        timeout(SOON, lost).await.expect("every line is counted");
    }
}
