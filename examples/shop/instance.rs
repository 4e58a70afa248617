//! One process of the shop: an instance of a service, or the gateway.
//!
//! What it is called, where its documents are and what the gateway opens come by the environment, as they would
//! to a service of one's own; the platform sets them.

use crate::{
    services::{self, with_problems},
    store::Store,
};
use axum::{Json, Router, extract::Request, middleware, middleware::Next, response::Response, routing::get};
use mesh_tower::{BoxError, Mesh, gateway::Gateway};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use std::{env, io::Read, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::EnvFilter;

/// What a drain may take before the process ends without it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What an instance logs about a request that had been tried before it came here.
pub(crate) const TRIED_BEFORE: &str = "a request that was tried before";

/// Which instance to be.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The service: product-composite, product, recommendation, review or auth-server.
    #[arg(long)]
    service: String,
    /// Its version.
    #[arg(long)]
    version: String,
    /// What this instance is called.
    #[arg(long)]
    name: String,
    /// The port to serve on if it is free; any other otherwise.
    #[arg(long, default_value_t = 0)]
    http: u16,
    /// The port of the health check if it is free; any other otherwise.
    #[arg(long, default_value_t = 0)]
    http_mgm: u16,
}

/// Serves until told to stop.
///
/// # Errors
/// The mesh, the store's address or the key that signs tokens is missing; or the listeners fail.
pub(crate) async fn serve(arguments: Arguments) -> Result<(), BoxError> {
    begin();
    let mesh = Mesh::from_env().await?;
    let (http, management) = (listen(arguments.http).await?, listen(arguments.http_mgm).await?);
    let address = format!("{}/{} ({})", arguments.name, http.local_addr()?, arguments.version);
    let app =
        with_problems(app(&arguments.service, address, &mesh)?).layer(middleware::from_fn(tell_retries));
    let health = Router::new().route("/actuator/health", get(async || Json(json!({"status": "UP"}))));
    let (served, checked) = (http.local_addr()?.port(), management.local_addr()?.port());
    let ports = json!({"http": served, "http-mgm": checked, "admin": admin_port(&mesh)});
    println!("ready {ports}");
    // Whoever asks for the health is no part of the mesh, and has no certificate.
    let drain = mesh.drain().clone();
    let health = axum::serve(management, health).with_graceful_shutdown(async move { drain.started().await });
    let health = async { Ok(health.await?) };
    tokio::try_join!(mesh.serve(http, app), health).map(drop)
}

/// Runs the gateway until told to stop. `port` is the one to say ready about.
///
/// # Errors
/// The gateway's documents or its listeners are at fault.
pub(crate) async fn gateway(port: u16) -> Result<(), BoxError> {
    begin();
    let gateway = Gateway::from_env().await?;
    let admin = admin_port(gateway.mesh());
    let announce = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("ready {}", json!({"https": port, "admin": admin}));
        std::future::pending().await
    };
    tokio::select! {
        ended = gateway.run() => ended,
        never = announce => never,
    }
}

/// Where a process tells about itself; 0 for nowhere.
fn admin_port(mesh: &Mesh) -> u16 {
    mesh.admin_address().map_or(0, |address| address.port())
}

fn app(service: &str, address: String, mesh: &Mesh) -> Result<Router, BoxError> {
    let store = || Ok::<_, BoxError>(Store::new(setting("SHOP_STORE")?));
    Ok(match service {
        "product-composite" => services::product_composite(address, mesh.client()),
        "product" => services::product(address, store()?),
        "recommendation" => services::recommendation(address, store()?),
        "review" => services::review(address, store()?),
        "auth-server" => services::auth_server(&std::fs::read(setting("SHOP_SIGNING_KEY")?)?)?,
        _ => return Err(format!("There is no service {service} in this shop.").into()),
    })
}

async fn tell_retries(request: Request, next: Next) -> Response {
    if let Some(attempt) = request.headers().get("x-envoy-attempt-count").filter(|attempt| *attempt != "1") {
        tracing::info!(?attempt, "{TRIED_BEFORE}");
    }
    next.run(request).await
}

fn setting(name: &str) -> Result<String, BoxError> {
    env::var(name).map_err(|_| format!("{name} is not set; start the shop, which sets it.").into())
}

async fn listen(port: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Err(_) if port != 0 => TcpListener::bind("127.0.0.1:0").await,
        bound => bound,
    }
}

fn begin() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
    end_with_the_platform();
}

/// Ends this process when its standard input closes: that is how it learns that the platform is gone, however it
/// went.
fn end_with_the_platform() {
    let (closed, gone) = tokio::sync::oneshot::channel();
    // A thread, because a blocking task would hold up the end of the runtime.
    std::thread::spawn(move || {
        let mut input = std::io::stdin();
        while input.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
        let _ = closed.send(());
    });
    tokio::spawn(async move {
        if gone.await.is_ok() {
            let _ = kill_process(getpid(), Signal::TERM);
            tokio::time::sleep(PATIENCE).await;
            std::process::exit(1);
        }
    });
}
