//! What the mesh has to reach, and whether it does.

use super::{
    Report,
    figures::{Figure, What},
};
use crate::{case::Case, contender::Contender};
use std::fmt;

/// What the mesh does against a peer in a case, and what it has to.
#[derive(Debug)]
pub(super) struct Judgement {
    target: Target,
    found: Figure,
}

/// What has to be reached.
#[derive(Clone, Copy, Debug)]
struct Target {
    mesh: Contender,
    peer: Contender,
    case: Case,
    what: What,
    bound: f64,
}

const fn paced() -> Case {
    Case { rate: Some(2_000), ..Case::judged(8) }
}

/// Limits that the mesh is built to keep.
fn targets() -> Vec<Target> {
    use Contender::{Envoy, EnvoysMtls, Hyper, HyperMtls, Mesh, MeshMtls};
    use What::{Cpu, P99, Rps};
    let target = |mesh, peer, case, what, bound| Target { mesh, peer, case, what, bound };
    let both = [Case::judged(8), Case::judged(64)];
    let mut targets = Vec::new();
    for case in both {
        targets.push(target(Mesh, Hyper, case, Rps, 1.0));
        targets.push(target(Mesh, Hyper, case, Cpu, 1.0));
        targets.push(target(MeshMtls, HyperMtls, case, Rps, 0.97));
        targets.push(target(Mesh, Envoy, case, Rps, 4.0));
    }
    targets.extend(
        [(1, 5.0), (8, 10.0), (64, 7.0)]
            .map(|(connections, bound)| target(MeshMtls, EnvoysMtls, Case::judged(connections), Rps, bound)),
    );
    targets.push(target(MeshMtls, EnvoysMtls, Case::judged(8), Cpu, 0.125));
    targets.push(target(MeshMtls, EnvoysMtls, paced(), Cpu, 0.125));
    targets.push(target(MeshMtls, EnvoysMtls, Case::judged(8), P99, 0.1));
    targets
}

/// What can be judged of what was measured.
pub(super) fn judge(report: &Report) -> Vec<Judgement> {
    let judged = |target: Target| {
        let rows = &report.measured(target.case)?.contenders;
        let row = |contender| rows.iter().find(|row| row.contender == contender);
        let found = row(target.mesh)?.against(row(target.peer)?, target.what);
        Some(Judgement { target, found })
    };
    targets().into_iter().filter_map(judged).collect()
}

impl Judgement {
    fn is_met(&self) -> bool {
        match self.target.what {
            What::Rps => self.found.median >= self.target.bound,
            What::Cpu | What::P99 => self.found.median <= self.target.bound,
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { mesh, peer, case, what, bound } = self.target;
        let (what, side) = match what {
            What::Rps => ("requests/s", "at least"),
            What::Cpu => ("CPU a request", "at most"),
            What::P99 => ("p99", "at most"),
        };
        let Figure { median, spread } = self.found;
        let names = format!("{} against {}", mesh.id(), peer.id());
        let met = if self.is_met() { "met" } else { "NOT met" };
        let case = case.to_string();
        write!(f, "{case:<14} {names:<31} {what:<14} {median:>7.3} ±{spread:<6.3} {side} {bound}: {met}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(what: What, found: f64) -> Judgement {
        let (mesh, peer, case) = (Contender::Mesh, Contender::Hyper, Case::judged(8));
        let target = Target { mesh, peer, case, what, bound: 1.0 };
        Judgement { target, found: Figure { median: found, spread: 0.0 } }
    }

    #[test]
    fn more_requests_and_less_work_are_better() {
        assert!(judgement(What::Rps, 1.0).is_met() && !judgement(What::Rps, 0.999).is_met());
        assert!(judgement(What::Cpu, 1.0).is_met() && !judgement(What::Cpu, 1.001).is_met());
        assert!(judgement(What::P99, 0.5).is_met());
        assert!(judgement(What::Rps, 0.5).to_string().ends_with("at least 1: NOT met"));
    }

    #[test]
    fn every_target_is_of_a_case_that_is_run() {
        let cases = Case::all();
        for target in targets() {
            assert!(cases.contains(&target.case) && target.case.is_judged(), "{target:?}");
        }
    }
}
