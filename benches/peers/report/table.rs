//! Figures as people read them.

use super::{Measured, Report, figures::Figure, judgement};
use mesh_tower::BoxError;

/// Prints a table for every case, and what the mesh is judged by.
///
/// # Errors
/// None.
pub(crate) fn print(report: &Report) -> Result<(), BoxError> {
    println!("{}", heading(report));
    report.notes.iter().for_each(|note| println!("{note}"));
    for measured in &report.cases {
        println!("\n{}", table(measured));
        if let Some(warning) = warning(measured) {
            println!("{warning}");
        }
    }
    let judgements = judgement::judge(report);
    if !judgements.is_empty() {
        println!("\njudged by ratios in the same round:");
        judgements.iter().for_each(|judgement| println!("  {judgement}"));
    }
    Ok(())
}

/// What others may have of the machine before figures are not worth much.
const MOST_OTHERS: f64 = 0.05;

/// That the machine was not quiet, if it was not.
pub(super) fn warning(measured: &Measured) -> Option<String> {
    let percent = measured.others * 100.0;
    let text =
        || format!("others had {percent:.0} % of the machine meanwhile: measure again when it is quiet");
    (measured.others > MOST_OTHERS).then(text)
}

/// When, where and with what.
pub(super) fn heading(report: &Report) -> String {
    let machine = &report.machine;
    let envoy = report.envoy.as_ref().map(|version| {
        format!(", Envoy {version} with {} worker{}", report.envoy_workers, plural(report.envoy_workers))
    });
    format!(
        "{}: {} × {}, {}{}; {} round{} of {} ms",
        report.date,
        machine.cores,
        machine.processor,
        machine.kernel,
        envoy.unwrap_or_default(),
        report.rounds,
        plural(usize::from(report.rounds)),
        report.turn_ms,
    )
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn table(measured: &Measured) -> String {
    let mut text = format!(
        "{:<38} {:>16} {:>14} {:>14} {:>15} {:>8} {:>12} {:>12}",
        measured.name, "requests/s", "p50 µs", "p99 µs", "CPU s/1000", "RSS MiB", "× peer's r/s", "× its CPU"
    );
    for row in &measured.contenders {
        let ratio = |figure: Option<Figure>| figure.map_or("–".into(), |figure| with_spread(figure, 2));
        text += &format!(
            "\n{:<38} {:>16} {:>14} {:>14} {:>15} {:>8.1} {:>12} {:>12}",
            row.contender.title(),
            with_spread(row.rps, 0),
            with_spread(row.p50_us, 1),
            with_spread(row.p99_us, 0),
            with_spread(row.cpu_s_per_1000, 4),
            row.memory_mib,
            ratio(row.rps_ratio),
            ratio(row.cpu_ratio),
        );
        if row.failures > 0 {
            text += &format!("  {} FAILED", row.failures);
        }
    }
    text
}

fn with_spread(figure: Figure, digits: usize) -> String {
    format!("{:.digits$} ±{:.digits$}", figure.median, figure.spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_spread_beside_it() {
        assert_eq!(with_spread(Figure { median: 17.44, spread: 0.25 }, 1), "17.4 ±0.2");
        assert_eq!(with_spread(Figure { median: 1.0, spread: 0.0 }, 2), "1.00 ±0.00");
    }
}
