//! Cost against size: four small plots, each with a line for the mesh, and one for Envoy where it has the concept.
//!
//! Written by hand, as an SVG that needs nothing else. Both axes are logarithmic, and colours follow the reader's.

use crate::{
    caller::Who,
    report::{ConnectionRow, Report},
    size::Kind,
};
use std::fmt::Write;

const STYLE: &str = "
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.panel { font-weight: 600; }
.axis { fill: #59636e; font-size: 11px; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.line { fill: none; stroke-width: 2; }
.mesh { stroke: #0969da; }
.meshfill { fill: #0969da; }
.proxy { stroke: #bc4c00; }
.proxyfill { fill: #bc4c00; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .axis { fill: #9198a1; }
  .grid { stroke: #30363d; }
  .mesh { stroke: #58a6ff; }
  .meshfill { fill: #58a6ff; }
  .proxy { stroke: #f0883e; }
  .proxyfill { fill: #f0883e; }
}
";

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 640.0;
/// The plot within a panel.
const PLOT: [f64; 2] = [380.0, 190.0];

/// A size, and what it costs.
type Points = Vec<(f64, f64)>;

/// A title, what it costs the mesh, and what it costs Envoy.
type Panel = (&'static str, Points, Points);

/// The plots of one kind.
pub(crate) fn draw(report: &Report, kind: Kind) -> String {
    picture(&kind.to_string(), panels(report, kind))
}

/// The plots of connections.
pub(crate) fn draw_connections(report: &Report) -> String {
    let points = |who: Who, cost: fn(&ConnectionRow) -> f64| {
        let rows = report.connections.iter().filter(|row| row.who == who);
        rows.map(|row| (small(row.connections), cost(row))).collect()
    };
    let panel = |title, cost| (title, points(Who::Mesh, cost), points(Who::Envoy, cost));
    picture(
        "connections",
        [
            panel("until all are open, ms", |row| row.open_ms),
            panel("memory, MiB (Envoy: the proxy)", |row| row.memory_mib),
            panel("a request, median, µs", |row| row.p50_us),
            panel("a request, 99th percentile, µs", |row| row.p99_us),
        ],
    )
}

fn picture(what: &str, panels: [Panel; 4]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n<title>what {what} \
         cost</title>\n<style>{STYLE}</style>\n<text class=\"title\" x=\"16\" y=\"28\">What {what} cost</text>\n\
         <text class=\"meshfill\" x=\"700\" y=\"28\">● this mesh</text>\n"
    );
    if panels.iter().any(|(.., envoy)| !envoy.is_empty()) {
        svg += "<text class=\"proxyfill\" x=\"800\" y=\"28\">● Envoy</text>\n";
    }
    for (number, (title, mesh, envoy)) in panels.into_iter().enumerate() {
        let (column, row) = (number % 2, number / 2);
        let [x, y] = [70.0 + 470.0 * small(column), 80.0 + 290.0 * small(row)];
        panel(&mut svg, title, &[("mesh", &mesh), ("proxy", &envoy)], x, y);
    }
    svg + "</svg>\n"
}

fn small(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn panels(report: &Report, kind: Kind) -> [Panel; 4] {
    // No size at all has no place on a logarithmic axis.
    let at = |size: usize| small(size.max(1));
    let rows = || report.rows.iter().filter(move |row| row.kind == kind);
    let envoys = || report.envoys.iter().filter(move |row| row.kind == kind);
    [
        (
            "load, ms (Envoy: start)",
            rows().map(|row| (at(row.size), row.load_ms)).collect(),
            envoys().map(|row| (at(row.size), row.start_ms)).collect(),
        ),
        (
            "one change in a file of many, ms",
            rows().map(|row| (at(row.size), row.change_of_all_ms)).collect(),
            envoys().map(|row| (at(row.size), row.change_ms)).collect(),
        ),
        (
            "memory, MiB (Envoy: the process)",
            rows().map(|row| (at(row.size), row.memory_mib)).collect(),
            envoys().map(|row| (at(row.size), row.memory_mib)).collect(),
        ),
        ("one decision, ns", rows().map(|row| (at(row.size), row.decision_ns)).collect(), Points::new()),
    ]
}

/// One plot, whose upper left corner is at a place.
fn panel(svg: &mut String, title: &str, lines: &[(&str, &Points)], left: f64, top: f64) {
    let all = || lines.iter().flat_map(|(_, points)| points.iter());
    let across = powers(all().map(|point| point.0));
    let up = powers(all().map(|point| point.1));
    let [width, height] = PLOT;
    let x = |value: f64| left + width * share(value, across);
    let y = |value: f64| top + height * (1.0 - share(value, up));
    let _ = writeln!(svg, "<text class=\"panel\" x=\"{left}\" y=\"{:.0}\">{title}</text>", top - 12.0);
    for power in across[0]..=across[1] {
        let (at, label) = (x(10_f64.powi(power)), label(power));
        let _ = writeln!(
            svg,
            "<text class=\"axis\" x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
            top + height + 16.0
        );
    }
    for power in up[0]..=up[1] {
        let (at, label) = (y(10_f64.powi(power)), label(power));
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=\"axis\" \
             x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            left + width,
            left - 6.0,
            at + 4.0
        );
    }
    for (class, points) in lines.iter().filter(|(_, points)| !points.is_empty()) {
        let path: Vec<String> =
            points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1))).collect();
        let _ = writeln!(svg, "<polyline class=\"line {class}\" points=\"{}\"/>", path.join(" "));
        for point in *points {
            let _ = writeln!(
                svg,
                "<circle class=\"{class}fill\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                x(point.0),
                y(point.1)
            );
        }
    }
}

/// The powers of ten that values lie between.
#[expect(clippy::cast_possible_truncation, reason = "a power of ten is small")]
fn powers(values: impl Iterator<Item = f64>) -> [i32; 2] {
    let logs: Vec<f64> = values.map(|value| value.max(1e-6).log10()).collect();
    let least = logs.iter().copied().fold(f64::INFINITY, f64::min);
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least > most {
        return [0, 1];
    }
    let (least, most) = (least.floor() as i32, most.ceil() as i32);
    [least, most.max(least + 1)]
}

/// How far a value is on its way from one power of ten to another.
fn share(value: f64, [least, most]: [i32; 2]) -> f64 {
    (value.max(1e-6).log10() - f64::from(least)) / f64::from(most - least)
}

fn label(power: i32) -> String {
    match power {
        0.. => format!("{:.0}", 10_f64.powi(power)),
        _ => format!("{}", 10_f64.powi(power)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_all_values() {
        assert_eq!(powers([2.0, 10_000.0].into_iter()), [0, 4]);
        assert_eq!(powers([10.0].into_iter()), [1, 2]);
        assert_eq!(powers(std::iter::empty()), [0, 1]);
        assert!((share(100.0, [0, 4]) - 0.5).abs() < 1e-9);
        assert_eq!([label(3), label(-2)], ["1000", "0.01"]);
    }
}
