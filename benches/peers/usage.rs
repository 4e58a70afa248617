//! What processes use, as the kernel counts it.

use mesh_tower::BoxError;
use rustix::thread::{CpuSet, Pid, sched_setaffinity};
use std::{collections::BTreeMap, fs, thread, time::Duration};

/// The time that each thread of some processes has had a processor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processor(BTreeMap<i32, Duration>);

impl Processor {
    /// As it is now.
    ///
    /// # Errors
    /// When a process is gone, or the kernel does not count.
    pub(crate) fn of(processes: &[u32]) -> Result<Self, BoxError> {
        let mut times = BTreeMap::new();
        for process in processes {
            for thread in threads(*process)? {
                // A thread may end while we look, and takes with it what nobody can count any more.
                let Ok(text) = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")) else {
                    continue;
                };
                let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
                let nanos = nanos.ok_or("the kernel does not count the time of threads (schedstat)")?;
                times.insert(thread, Duration::from_nanos(nanos));
            }
        }
        Ok(Self(times))
    }

    /// What was used since an earlier look.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let before = |thread| earlier.0.get(thread).copied().unwrap_or_default();
        self.0.iter().map(|(thread, time)| time.saturating_sub(before(thread))).sum()
    }
}

/// The time that all processors together have worked, for whomever, in steps of 10 ms. What a hypervisor takes for other
/// machines is among it; what interrupts take is not.
///
/// # Errors
/// When the kernel does not tell.
pub(crate) fn machine() -> Result<Duration, BoxError> {
    worked(&fs::read_to_string("/proc/stat")?)
}

fn worked(stat: &str) -> Result<Duration, BoxError> {
    // user nice system idle iowait irq softirq steal
    let line = stat.strip_prefix("cpu ").and_then(|rest| rest.lines().next());
    let counts: Option<Vec<u64>> =
        line.and_then(|line| line.split_whitespace().map(|count| count.parse().ok()).collect());
    match counts.as_deref() {
        Some([user, nice, system, _, _, _, _, steal, ..]) => {
            Ok(Duration::from_millis(10 * (user + nice + system + steal)))
        }
        _ => Err("the kernel does not count the time of processors (/proc/stat)".into()),
    }
}

fn threads(process: u32) -> Result<Vec<i32>, BoxError> {
    let folder = fs::read_dir(format!("/proc/{process}/task"));
    let folder = folder.map_err(|error| format!("process {process} is gone: {error}"))?;
    Ok(folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// The most memory that a process has had at once since [`forget_memory`], in KiB.
///
/// # Errors
/// When the process is gone.
pub(crate) fn peak_memory(process: u32) -> Result<u64, BoxError> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.ok_or_else(|| format!("process {process} has no peak of its memory").into())
}

/// Lets the peak of a process's memory begin anew. Where that is not allowed, peaks are those of its life.
pub(crate) fn forget_memory(process: u32) {
    let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
}

/// Binds a process to one core, or to none.
///
/// # Errors
/// When the process is gone.
pub(crate) fn bind(process: u32, core: Option<usize>) -> Result<(), BoxError> {
    let count = cores();
    let mut set = CpuSet::new();
    match core {
        Some(core) => set.set(core % count),
        None => (0..count).for_each(|core| set.set(core)),
    }
    for thread in threads(process)? {
        // One that has ended since is bound to nothing.
        let _ = sched_setaffinity(Pid::from_raw(thread), &set);
    }
    Ok(())
}

/// How many cores there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted() {
        let own = [std::process::id()];
        let before = Processor::of(&own).unwrap();
        let mut sum = 0_u64;
        while Processor::of(&own).unwrap().since(&before) < Duration::from_millis(5) {
            sum = sum.wrapping_add(1);
        }
        assert!(sum > 0);
    }

    #[test]
    fn the_time_of_the_machine_is_that_of_all_who_work() {
        let stat = "cpu  100 20 30 4000 5 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(worked(stat).unwrap(), Duration::from_millis(1580));
        assert!(worked("cpu 1 2 3").is_err() && worked("").is_err());
        assert!(machine().unwrap() > Duration::ZERO);
    }

    #[test]
    fn memory_has_a_peak() {
        assert!(peak_memory(std::process::id()).unwrap() > 100);
    }

    #[test]
    fn whoever_is_gone_is_told_of() {
        assert!(Processor::of(&[u32::MAX]).unwrap_err().to_string().contains("is gone"));
    }
}
