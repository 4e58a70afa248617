//! What the processes' logs say of what the mesh did.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// How often each thing was heard that the report tells of.
#[derive(Default)]
pub(in crate::platform) struct Heard {
    ejections: AtomicU64,
    retries: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

impl Heard {
    /// Counts a line that a process logged.
    pub(in crate::platform) fn note(&self, line: &str) {
        if line.contains("endpoint ejected") {
            self.ejections.fetch_add(1, Relaxed);
        } else if line.contains(crate::instance::TRIED_BEFORE) {
            self.retries.fetch_add(1, Relaxed);
        } else if let Some((_, flag)) = line.split_once("refused flag=\"") {
            let flag = flag.split('"').next().unwrap_or_default();
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            *refusals.entry(flag.to_owned()).or_default() += 1;
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (retries, ejections) = (self.retries.load(Relaxed), self.ejections.load(Relaxed));
        writeln!(f, "  retries     {retries} that reached an instance")?;
        write!(f, "  ejections   {ejections}")?;
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.iter().try_for_each(|(flag, count)| write!(f, "\n  refused     {flag} {count}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_mesh_logs_is_counted() {
        let heard = Heard::default();
        heard.note(" INFO mesh_tower::outlier: endpoint ejected backend=product endpoint=127.0.0.1:1");
        heard.note(&format!(" INFO shop: {} attempt=\"2\"", crate::instance::TRIED_BEFORE));
        heard.note(" INFO mesh_tower::respond: refused flag=\"UF,URX\" details=x");
        heard.note(" INFO mesh_tower::watch: routing table changed generation=2");
        assert_eq!(
            heard.to_string(),
            "  retries     1 that reached an instance\n  ejections   1\n  refused     UF,URX 1"
        );
    }
}
