//! The numbers, and whether they are good enough.

use super::{
    heard::Heard,
    visitors::{Failure, Visits},
};
use mesh_tower::BoxError;
use std::{collections::BTreeMap, fmt::Write, time::Duration};
use tokio::time::Instant;

/// Of so many visits fewer than one may fail.
const VISITS_A_FAILURE: usize = 10_000;
/// After so long every caller has noticed who is hurt, and left it alone: then none may fail, as two are well.
const NOTICED: Duration = Duration::from_secs(1);

/// What became of the visits.
pub(super) struct Report {
    took: Vec<Duration>,
    failures: BTreeMap<String, usize>,
    failed: usize,
    failed_late: usize,
    troubles: usize,
    lasted: Duration,
}

impl Report {
    /// The visits in so much time, in which there was trouble at these moments.
    pub(super) fn new(visits: Visits, troubles: &[Instant], lasted: Duration) -> Self {
        let Visits { mut took, failures } = visits;
        took.sort_unstable();
        let late = failures.iter().filter(|failure| is_late(failure, troubles)).count();
        let mut by_why = BTreeMap::new();
        for failure in &failures {
            *by_why.entry(failure.why.clone()).or_default() += 1;
        }
        Self {
            took,
            failures: by_why,
            failed: failures.len(),
            failed_late: late,
            troubles: troubles.len(),
            lasted,
        }
    }

    /// The numbers for a reader, with what was heard of the mesh.
    pub(super) fn text(&self, heard: &Heard) -> String {
        let (visits, seconds) = (self.took.len(), self.lasted.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
        let rate = visits as f64 / seconds.max(f64::EPSILON);
        let mut text = format!(
            "\n  visits      {visits} in {seconds:.0} s, {rate:.0} a second\n  \
             troubles    {}\n  took        p50 {:.1?}, p99 {:.1?}, longest {:.1?}\n  \
             failures    {} (fewer than 1 in {VISITS_A_FAILURE} may fail)\n",
            self.troubles,
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
            self.failed
        );
        for (why, count) in &self.failures {
            let _ = writeln!(text, "    {count} × {why}");
        }
        let _ = writeln!(
            text,
            "    {} of them later than {NOTICED:?} after trouble (none may)",
            self.failed_late
        );
        let _ = write!(text, "{heard}");
        text
    }

    /// Whether the visits were answered as they should be.
    ///
    /// # Errors
    /// They were not, or there were none.
    pub(super) fn verdict(&self) -> Result<(), BoxError> {
        let visits = self.took.len();
        if visits == 0 {
            return Err("Nobody visited; let it run for longer.".into());
        }
        if self.failed_late > 0 {
            let late = self.failed_late;
            return Err(format!("{late} visits failed that had two healthy instances to go to.").into());
        }
        if self.failed * VISITS_A_FAILURE >= visits && self.failed > 0 {
            return Err(format!("{} of {visits} visits failed, which is too many.", self.failed).into());
        }
        Ok(())
    }

    fn percentile(&self, percent: usize) -> Duration {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or_default()
    }
}

/// Whether a visit failed that no trouble disturbed.
fn is_late(failure: &Failure, troubles: &[Instant]) -> bool {
    !troubles.iter().any(|trouble| *trouble <= failure.answered && failure.sent <= *trouble + NOTICED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of visits of which these failed, sent and answered so many seconds after trouble.
    fn report(visits: usize, failures: &[(u64, u64)]) -> Report {
        let trouble = Instant::now();
        let at = |seconds| trouble + Duration::from_secs(seconds);
        let failures = failures.iter().map(|(sent, answered)| Failure {
            sent: at(*sent),
            answered: at(*answered),
            why: "503 x".into(),
        });
        let took = (1..=visits).map(|micros| Duration::from_micros(micros as u64)).collect();
        Report::new(Visits { took, failures: failures.collect() }, &[trouble], Duration::from_secs(10))
    }

    #[test]
    fn fewer_than_one_in_ten_thousand_may_fail_and_none_once_the_trouble_is_noticed() {
        assert!(report(10_001, &[(0, 1)]).verdict().is_ok());
        assert!(report(10_000, &[(0, 1)]).verdict().is_err());
        assert!(report(1_000_000, &[(2, 3)]).verdict().is_err());
        assert!(report(1, &[]).verdict().is_ok());
        assert!(report(0, &[]).verdict().is_err());
    }

    #[test]
    fn the_text_has_the_numbers() {
        let text = report(200, &[(0, 1), (2, 2)]).text(&Heard::default());
        assert!(
            text.contains("200 in 10 s, 20 a second") && text.contains("p50 101.0µs, p99 199.0µs"),
            "{text}"
        );
        assert!(text.contains("failures    2") && text.contains("2 × 503 x"), "{text}");
        assert!(text.contains("1 of them later than 1s after trouble"), "{text}");
    }
}
