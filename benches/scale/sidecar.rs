//! The same sizes in Envoy: virtual hosts and rules, read from a file.
//!
//! Envoy answers the requests itself, so that nothing is measured but its table. Its endpoints and policies are not
//! measured: what an endpoint or a policy costs there is not in a file that it reads again.

use crate::{
    caller::{Who, resident},
    meanwhile::{PAUSE, rounds},
    report::{EnvoyRow, Meanwhile, Report},
    size::Kind,
};
use benches::envoy::{self, Envoy};
use bytes::Bytes;
use http::{Request, header::HOST};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use mesh_tower::BoxError;
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, interval, sleep},
};

const TYPES: &str = "type.googleapis.com/envoy";
/// How often a file changes.
const CHANGES: usize = 5;
/// How many requests are sent for the median.
const REQUESTS: usize = 2_000;
/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(60);

type Sender = SendRequest<Empty<Bytes>>;

/// The binary, if there is one; why there is none is told.
///
/// # Errors
/// When nobody knows where to look.
pub(crate) fn find() -> Result<Option<PathBuf>, BoxError> {
    let found = envoy::find(&envoy::target()?);
    Ok(found.inspect_err(|why| eprintln!("the rows of Envoy are left out: {why}")).ok())
}

/// Measures what Envoy takes for the sizes of hosts and rules; what it cannot is said in the report.
///
/// # Errors
/// When Envoy does not serve, though it is there.
pub(crate) async fn measure(report: &mut Report, binary: &Path, most: usize) -> Result<(), BoxError> {
    report.envoy = envoy::version(binary);
    for kind in [Kind::Hosts, Kind::Rules] {
        for size in kind.sizes().iter().copied().filter(|size| *size <= most) {
            eprintln!("Envoy, {kind}: {size}");
            report.envoys.push(measure_one(binary, kind, size).await?);
        }
    }
    Ok(())
}

/// What requests to a host take while the file of so many hosts is written, of which another one changes, and while it is
/// not.
///
/// # Errors
/// When Envoy does not serve.
pub(crate) async fn meanwhile(binary: &Path, size: usize) -> Result<Meanwhile, BoxError> {
    let folder = tempfile::tempdir()?;
    let (routes, new) = (folder.path().join("routes.json"), folder.path().join("new.json"));
    let texts = ["0", "1"].map(|answer| routes_of(Kind::Hosts, size, answer));
    fs::write(&routes, &texts[0])?;
    let envoy = Envoy::start(binary, folder.path(), 1, &bootstrap(&routes)).await?;
    let mut sender = connect(*envoy.listening.first().ok_or("Envoy does not listen")?).await?;
    until(&mut sender, &last(Kind::Hosts, size), "0").await?;
    let (is_publishing, published) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (is_wanted, count) = (Arc::clone(&is_publishing), Arc::clone(&published));
    let writing = tokio::spawn(async move {
        let mut ticks = interval(PAUSE);
        for text in texts.iter().cycle().skip(1) {
            ticks.tick().await;
            while !is_wanted.load(Relaxed) {
                ticks.tick().await;
            }
            tokio::fs::write(&new, text).await?;
            tokio::fs::rename(&new, &routes).await?;
            count.fetch_add(1, Relaxed);
        }
        Ok::<_, std::io::Error>(())
    });
    let first = ("service-0".to_owned(), "/product/1".to_owned());
    let rounds = rounds(&is_publishing, async || ask(&mut sender, &first).await.map(drop)).await?;
    if writing.is_finished() {
        return Err("the routes could not be written".into());
    }
    writing.abort();
    Ok(Meanwhile::new(Who::Envoy, size, published.load(Relaxed), &rounds))
}

async fn measure_one(binary: &Path, kind: Kind, size: usize) -> Result<EnvoyRow, BoxError> {
    let folder = tempfile::tempdir()?;
    let routes = folder.path().join("routes.json");
    fs::write(&routes, routes_of(kind, size, "0"))?;
    let begun = Instant::now();
    let envoy = Envoy::start(binary, folder.path(), 1, &bootstrap(&routes)).await?;
    let start = begun.elapsed();
    let at = *envoy.listening.first().ok_or("Envoy does not listen")?;
    let (mut sender, last) = (connect(at).await?, last(kind, size));
    until(&mut sender, &last, "0").await?;
    let mut changes = Vec::new();
    for turn in 1..=CHANGES {
        let (text, new) = (routes_of(kind, size, &turn.to_string()), folder.path().join("new.json"));
        fs::write(&new, text)?;
        let begun = Instant::now();
        // Whole at once, as Envoy asks for.
        fs::rename(&new, &routes)?;
        until(&mut sender, &last, &turn.to_string()).await?;
        changes.push(begun.elapsed());
    }
    changes.sort();
    let kib = resident(&envoy.id.to_string())?;
    let request = median(&mut sender, &last).await?;
    Ok(EnvoyRow::new(kind, size, [start, changes[CHANGES / 2], request], kib))
}

/// Where the last rule is asked for: the host, and the path.
fn last(kind: Kind, size: usize) -> (String, String) {
    match kind {
        Kind::Hosts => (format!("service-{}", size - 1), "/product/1".into()),
        _ => ("service-0".into(), format!("/prefix/{}/a", size - 1)),
    }
}

async fn connect(at: SocketAddr) -> Result<Sender, BoxError> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(sender: &mut Sender, (host, path): &(String, String)) -> Result<Bytes, BoxError> {
    sender.ready().await?;
    let request = Request::get(path).header(HOST, host).body(Empty::new())?;
    Ok(sender.send_request(request).await?.into_body().collect().await?.to_bytes())
}

/// Asks until the answer is the one that is waited for.
async fn until(sender: &mut Sender, last: &(String, String), expected: &str) -> Result<(), BoxError> {
    let begun = Instant::now();
    while ask(sender, last).await? != expected {
        if begun.elapsed() > PATIENCE {
            return Err("Envoy does not read its routes".into());
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

async fn median(sender: &mut Sender, last: &(String, String)) -> Result<Duration, BoxError> {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        ask(sender, last).await?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[REQUESTS / 2])
}

/// The routes of a size, of which the last one answers `answer`.
fn routes_of(kind: Kind, size: usize, answer: &str) -> String {
    let reply = |number: usize| {
        let text = if number + 1 == size { answer } else { "-" };
        json!({"status": 200, "body": {"inline_string": text}})
    };
    let hosts: Vec<Value> = match kind {
        Kind::Hosts => (0..size)
            .map(|number| {
                json!({"name": format!("service-{number}"), "domains": [format!("service-{number}")], "routes": [
                    {"match": {"prefix": "/", "headers": [{"name": "x-group", "string_match": {"exact": "test"}}]},
                     "direct_response": {"status": 200}},
                    {"match": {"prefix": "/"}, "direct_response": reply(number)},
                ]})
            })
            .collect(),
        _ => {
            let rule = |number| {
                let prefix = format!("/prefix/{number}/");
                json!({"match": {"prefix": prefix}, "direct_response": reply(number)})
            };
            let rules: Vec<Value> = (0..size).map(rule).collect();
            vec![json!({"name": "service-0", "domains": ["service-0"], "routes": rules})]
        }
    };
    let routes = json!({
        "@type": format!("type.googleapis.com/envoy.config.route.v3.RouteConfiguration"),
        "name": "routes",
        "virtual_hosts": hosts,
    });
    json!({"version_info": answer, "resources": [routes]}).to_string()
}

/// An Envoy that hands every request on to one address.
pub(crate) fn forwarding(to: SocketAddr) -> Value {
    let most = u32::MAX;
    let to = json!({"socket_address": {"address": to.ip(), "port_value": to.port()}});
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "called", "timeout": "0s"}});
    let routes = json!({
        "name": "routes",
        "virtual_hosts": [{"name": "called", "domains": ["*"], "routes": [route]}],
    });
    let mut config = bootstrap_with("route_config", &routes);
    config["static_resources"]["clusters"] = json!([{
        "name": "called",
        "load_assignment": {"cluster_name": "called", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": to}}]},
        ]},
        "circuit_breakers": {"thresholds": [{
            "max_connections": most, "max_pending_requests": most, "max_requests": most,
        }]},
    }]);
    config
}

fn bootstrap(routes: &Path) -> Value {
    let source = json!({
        "route_config_name": "routes",
        "config_source": {
            "path_config_source": {"path": routes.display().to_string()},
            "resource_api_version": "V3",
        },
    });
    bootstrap_with("rds", &source)
}

fn bootstrap_with(kind: &str, routes: &Value) -> Value {
    let anywhere = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
    let manager = json!({
        "@type": format!("{TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "scale",
        kind: routes,
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": format!("{TYPES}.extensions.filters.http.router.v3.Router")},
        }],
    });
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    json!({
        "admin": {"address": anywhere},
        "node": {"id": "scale", "cluster": "scale"},
        "static_resources": {"listeners": [
            {"name": "scale", "address": anywhere, "filter_chains": [{"filters": [filter]}]},
        ]},
    })
}
