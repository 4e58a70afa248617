//! The chart of a case: a bar for each contender, in three panels.
//!
//! Written by hand, as an SVG that needs nothing else. Its colours follow the reader's: light or dark.

use super::{
    Measured, Report,
    figures::Summary,
    table::{heading, warning},
};
use std::fmt::Write;

const WIDTH: f64 = 960.0;
/// Where bars begin, and where they end at most.
const LEFT: f64 = 275.0;
const RIGHT: f64 = 840.0;
/// The height of a row, and of what is above the first one of a panel.
const ROW: f64 = 22.0;
const HEAD: f64 = 34.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 26.0;

const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.panel { font-weight: 600; }
.small { font-size: 11px; fill: #59636e; }
.peer { fill: #8c959f; }
.mesh { fill: #0969da; }
.proxy { fill: #bc4c00; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .small { fill: #9198a1; }
  .peer { fill: #6e7681; }
  .mesh { fill: #58a6ff; }
  .proxy { fill: #f0883e; }
}
";

/// One panel: what it shows, of which figure, and how that is written.
struct Panel {
    title: &'static str,
    value: fn(&Summary) -> f64,
    digits: usize,
}

const PANELS: [Panel; 3] = [
    Panel { title: "requests a second (more is better)", value: |row| row.rps.median, digits: 0 },
    Panel {
        title: "processor seconds for 1,000 requests, all processes (less is better)",
        value: |row| row.cpu_s_per_1000.median,
        digits: 4,
    },
    Panel { title: "99th percentile, µs (less is better)", value: |row| row.p99_us.median, digits: 0 },
];

/// The chart of one case.
pub(super) fn draw(report: &Report, measured: &Measured) -> String {
    let rows = &measured.contenders;
    let panel_height = HEAD + ROW * f64::from(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let height = TOP + panel_height * 3.0 + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<text class=\"title\" x=\"16\" y=\"28\">{title}</text>\n\
         <text class=\"small\" x=\"16\" y=\"47\">{heading}</text>\n",
        title = escaped(&title(measured)),
        heading = escaped(&heading(report)),
    );
    let mut top = TOP;
    for panel in &PANELS {
        draw_panel(&mut svg, panel, rows, top);
        top += panel_height;
    }
    if let Some(warning) = warning(measured) {
        let y = height - 8.0;
        let _ = writeln!(svg, "<text class=\"small\" x=\"16\" y=\"{y:.0}\">{}</text>", escaped(&warning));
    }
    svg + "</svg>\n"
}

fn title(measured: &Measured) -> String {
    let case = &measured.case;
    match case.rate {
        Some(rate) => format!("{}: {rate} requests a second", measured.name),
        None => format!("{}: {} at a time", measured.name, case.connections),
    }
}

fn draw_panel(svg: &mut String, panel: &Panel, rows: &[Summary], top: f64) {
    let most = rows.iter().map(panel.value).fold(f64::MIN_POSITIVE, f64::max);
    let _ = writeln!(svg, "<text class=\"panel\" x=\"16\" y=\"{:.0}\">{}</text>", top + 22.0, panel.title);
    let mut y = top + HEAD;
    for row in rows {
        let value = (panel.value)(row);
        let width = (RIGHT - LEFT) * value / most;
        let class = class(row);
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.0}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            LEFT - 8.0,
            y + 12.0,
            escaped(row.contender.title()),
            y + 1.0,
            LEFT + width + 6.0,
            y + 12.0,
            grouped(value, panel.digits),
        );
        y += ROW;
    }
}

fn class(row: &Summary) -> &'static str {
    use crate::contender::Between;
    match row.contender.between() {
        Between::Nothing if row.contender.is_mesh() => "mesh",
        Between::Nothing => "peer",
        Between::Proxy | Between::Proxies => "proxy",
    }
}

/// A number with a comma at every thousand.
fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(123_456.7, 0), "123,457");
        assert_eq!(grouped(999.0, 0), "999");
        assert_eq!(grouped(1234.5, 4), "1,234.5000");
    }

    #[test]
    fn what_is_drawn_is_no_markup() {
        assert_eq!(escaped("a<b>&"), "a&lt;b&gt;&amp;");
    }
}
