//! What Prometheus' own tool says.

use crate::measured;
use mesh_tower::recorder::{Format, Recorder};
use metrics::Unit;
use std::{
    io::Write,
    process::{Command, Stdio},
};

#[test]
#[ignore = "needs promtool on the PATH"]
fn promtool_finds_nothing_wrong() {
    let recorder = Recorder::default();
    measured(&recorder, || {
        metrics::describe_counter!("orders_total", "Orders, \"placed\" in C:\\.\nAll of them.");
        metrics::describe_gauge!("stock_bytes", Unit::Bytes, "What is in stock.");
        metrics::describe_histogram!("wait_seconds", Unit::Seconds, "How long people wait.");
        metrics::counter!("orders_total", "to" => "a\"\\\nb").increment(1);
        metrics::gauge!("stock_bytes", "place" => "größe").set(f64::NAN);
        metrics::histogram!("wait_seconds", "queue" => "long").record(1.0);
    });
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is on the PATH");
    let text = recorder.render(Format::Prometheus);
    tool.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads");
    let output = tool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}
