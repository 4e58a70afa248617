//! One piece under valgrind.

use crate::pieces::Piece;
use mesh_tower::BoxError;
use std::{fs, process::Command};

/// What valgrind is told to count, and nothing else.
const COUNTED: &str = "*counted_by_callgrind*";

/// Valgrind's own words for its version.
///
/// # Errors
/// When it is not installed.
pub(crate) fn valgrind() -> Result<String, BoxError> {
    let told = Command::new("valgrind").arg("--version").output();
    let told = told.map_err(|error| format!("valgrind cannot be started: {error}"))?;
    Ok(String::from_utf8(told.stdout)?.trim().to_owned())
}

/// Does the work; valgrind counts what it takes from here until it returns.
#[inline(never)]
pub(crate) fn counted_by_callgrind(work: &mut dyn FnMut()) {
    work();
}

/// How many instructions a piece takes, once.
///
/// # Errors
/// When the piece does not work, or valgrind does not.
pub(crate) fn count(piece: Piece) -> Result<u64, BoxError> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("counts");
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind", "--collect-atstart=no"]);
    command.arg(format!("--toggle-collect={COUNTED}"));
    command.arg(format!("--callgrind-out-file={}", counts.display()));
    command.arg(std::env::current_exe()?).args(["--work", piece.name()]);
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{} under valgrind: {status}", piece.name()).into());
    }
    let all = total(&fs::read_to_string(&counts)?).ok_or("valgrind has counted nothing")?;
    Ok(all / piece.times())
}

/// The sum that valgrind writes at the end.
fn total(counts: &str) -> Option<u64> {
    let line = counts.lines().find_map(|line| line.strip_prefix("totals: "))?;
    line.trim().parse().ok().filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_sum_is_read_and_nothing_is_no_sum() {
        assert_eq!(total("version: 1\nevents: Ir\n\nfn=(1) main\n1 2\ntotals: 1203\n"), Some(1203));
        assert_eq!(total("events: Ir\ntotals: 0\n"), None);
        assert_eq!(total("events: Ir\n"), None);
    }
}
