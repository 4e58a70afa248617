//! A real Prometheus reads every process of the shop under load, and shows what Istio's dashboards ask of it.
//!
//! It needs `prometheus` and `promtool` on the PATH.

mod dashboards;
mod expected;
mod load;
mod server;
mod world;

use dashboards::{Choice, Dashboard, filled};
use expected::{NOTHING, RATES, Rate, SERVICES, WORKLOADS};
use http::{Request, header::HOST};
use mesh_tower::Body;
use server::{Prometheus, Series};
use std::{
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};
use tests::{soon, wire};
use tokio::net::TcpStream;
use world::{Load, World};

/// How often every process is read.
const SCRAPE: Duration = Duration::from_secs(5);
/// Grafana's `$__rate_interval` where processes are read so often.
const WINDOW: Duration = Duration::from_secs(20);
/// How far rates may be from those of the load.
const TOLERANCE: f64 = 0.02;
/// What Prometheus' tool says of a name that is Istio's.
const NOT_OURS: &str =
    r#"istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds""#;
/// How often it is looked at a rate of the last two scrapes: at any one of them the load may have stumbled.
const LOOKS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus and promtool on the PATH, and a minute"]
async fn istios_dashboards_show_the_load() {
    let world = World::open().await;
    let admins = world.admins();
    assert_eq!(admins.len(), 13, "a gateway, two versions of five services, a till and a bank");
    let prometheus = Prometheus::start(&admins).await;
    prometheus.has_read_all().await;
    let mut load = world.load().await;
    tokio::time::sleep(WINDOW + 2 * SCRAPE).await;
    let mut faults = Vec::new();
    for (name, dashboard, choices) in dashboards() {
        faults.extend(faults_of(&prometheus, name, &dashboard, choices).await);
    }
    for rate in &RATES {
        faults.extend(disagreement(&prometheus, &load, rate).await);
    }
    load.goes_on();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    for admin in admins {
        is_well_formed(&scraped(admin).await);
    }
}

fn dashboards() -> [(&'static str, Dashboard, &'static [Choice]); 3] {
    [
        ("mesh", Dashboard::mesh(), &[&[]]),
        ("service", Dashboard::service(), &SERVICES),
        ("workload", Dashboard::workload(), &WORKLOADS),
    ]
}

/// Expressions that give nothing whatever is chosen, or something though it is said that they give nothing, or shares that
/// are wrong: every request of the load succeeds.
async fn faults_of(
    prometheus: &Prometheus,
    name: &str,
    dashboard: &Dashboard,
    choices: &[Choice],
) -> Vec<String> {
    let mut values = Vec::new();
    for choice in choices {
        values.push(dashboard.values(prometheus, choice).await);
    }
    let mut faults = Vec::new();
    for (title, expression) in &dashboard.expressions {
        let mut found = Vec::new();
        for values in &values {
            let series = prometheus.query(&filled(expression, values), None).await;
            found.extend(series.into_iter().filter(|series| series.value.is_finite()));
        }
        let place = format!("{name}: {title}: {expression}");
        match why_nothing(expression) {
            Some(_) if found.is_empty() => {}
            Some(why) => faults.push(format!("{place}\n    gives {found:?}, though {why}")),
            None if found.is_empty() => faults.push(format!("{place}\n    gives nothing")),
            None => {}
        }
        if title.contains("Success Rate") && found.iter().any(|share| share.value != 1.0) {
            faults.push(format!("{place}\n    gives {found:?}, though every request succeeds"));
        }
    }
    faults
}

fn why_nothing(expression: &str) -> Option<&'static str> {
    let is_meant = |pieces: &&[&str]| pieces.iter().all(|piece| expression.contains(piece));
    NOTHING.iter().find(|(pieces, _)| is_meant(pieces)).map(|(_, why)| *why)
}

/// How a rate differs from that of the load.
async fn disagreement(prometheus: &Prometheus, load: &Load, rate: &Rate) -> Option<String> {
    let (_, dashboard, _) = dashboards().into_iter().find(|(name, ..)| *name == rate.dashboard)?;
    let values = dashboard.values(prometheus, rate.choice).await;
    let mut expressions = dashboard
        .expressions
        .iter()
        .filter(|(title, expression)| *title == rate.title && expression.contains(rate.piece));
    let (Some((_, expression)), None) = (expressions.next(), expressions.next()) else {
        return Some(format!(
            "{}: {} with {:?} is not one expression",
            rate.dashboard, rate.title, rate.piece
        ));
    };
    let is_instant = expression.contains("irate(");
    let looks = if is_instant { LOOKS } else { 1 };
    let mut seen = Vec::new();
    for look in 0..looks {
        if look > 0 {
            tokio::time::sleep(SCRAPE).await;
        }
        let at = SystemTime::now();
        let shown: f64 = prometheus
            .query(&filled(expression, &values), Some(at))
            .await
            .iter()
            .map(|series: &Series| series.value)
            .sum();
        let expected =
            rate.by_gateway * load.by_gateway.rate(WINDOW, at) + rate.by_till * load.by_till.rate(WINDOW, at);
        if expected > 1.0 && (shown - expected).abs() <= TOLERANCE * expected {
            println!(
                "{}: {} {}: {shown:.2}/s, the load {expected:.2}/s",
                rate.dashboard, rate.title, rate.piece
            );
            return None;
        }
        seen.push((shown, expected));
    }
    Some(format!(
        "{}: {} {}: {seen:?}, of which the second is that of the load",
        rate.dashboard, rate.title, rate.piece
    ))
}

/// What a process tells Prometheus.
async fn scraped(admin: SocketAddr) -> String {
    let mut client = wire::http1(TcpStream::connect(admin).await.expect("an admin endpoint")).await;
    let request = Request::get("/metrics").header(HOST, admin.to_string()).body(Body::empty());
    let response = soon(client.send_request(request.expect("a request"))).await.expect("an answer");
    soon(wire::text(response)).await
}

/// Prometheus' own tool finds nothing wrong.
fn is_well_formed(text: &str) {
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is on the PATH");
    tool.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads");
    let output = tool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<_> = said.lines().filter(|line| !line.is_empty() && *line != NOT_OURS).collect();
    assert!(said.is_empty(), "{said:#?}\n{text}");
}
