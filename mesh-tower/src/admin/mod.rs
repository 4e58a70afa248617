//! What a process of the mesh knows, for whoever runs it.
//!
//! # What it does
//!
//! Serves pages about this process over HTTP, on an address of its own: whether it is ready, what it measures, what its
//! documents say and what is wrong in them, where its calls go, and which certificate it shows. `GET /` lists them.
//!
//! | page | what it tells |
//! |---|---|
//! | `/ready`, `/healthz/ready` | 200 once documents are read and a certificate is there where one is wanted; else 503, and why |
//! | `/healthz/live` | 200 |
//! | `/metrics`, `/stats/prometheus` | what was measured, for Prometheus; see [`recorder`](crate::recorder); `name[]=`, any number of times, of these metrics alone |
//! | `/config_dump` | JSON: generation, virtual hosts with rules and weights, listeners, what holds for inbound requests, documents and their faults |
//! | `/clusters` | every backend, its endpoints, requests under way, who is ejected until when; in Envoy's text, or `?format=json` |
//! | `/certs` | JSON: identity, chain, trust domains |
//! | `/explain?to=URL` | the JSON of `meshctl route --output json` for a request of this workload; `method=`, and any number of `header=name: value` |
//! | `/requests` | requests as they end, a line of JSON each, while somebody reads: who asked whom for what, how often it was tried, and what became of it |
//! | `/logging` | the level of the log; `POST /logging?level=debug` changes it, if [`Logging`] was given |
//! | `/drain` | `POST`: stops accepting; requests under way are answered |
//!
//! # When you want it
//!
//! For probes, for Prometheus, and whenever somebody asks why a request went where it did.
//!
//! # How it is configured
//!
//! `MESH_ADMIN=127.0.0.1:15000`, or [`Config::admin`](crate::mesh::Config::admin); `MESH_ADMIN=15000` means the same, port
//! 0 any free one, and `off` none. It is off by default: a library opens no port that nobody asked for. Where no recorder
//! of metrics is installed yet, one of ours is, so that `/metrics` has something to say.
//!
//! # Who may ask
//!
//! Whoever reaches the address: bind it to a loopback address, which nobody else reaches, or to one that only probes do.
//! No page shows a key, a token, or the value of a header whose name tells that it is secret. What pages of other sites
//! have a browser ask is refused: by its `Host`, its `Origin` and its `Sec-Fetch-Site`. So names do not reach it, only
//! `localhost`, loopback addresses, and the address that the connection came to.
//!
//! `/requests` tells methods, hosts and paths, and neither headers nor queries; requests are described only while somebody
//! reads, and whoever reads slowly misses some: a line `{"missed":3}` says so.
//!
//! A request's head may have 60 KiB, and its body is not read; 64 connections are served at a time, each for ten minutes at
//! most, and then asked to come again.
//!
//! # When it ends
//!
//! When the mesh drains it says that it is not ready, and goes on telling for as long as requests under way have; then it
//! stops. It stops at once with the last clone of the [`Mesh`](crate::Mesh).

mod certificates;
mod clusters;
mod configuration;
mod explain;
mod guard;
mod logging;
mod moment;
mod pages;
mod query;
mod reply;
mod requests;
mod server;
mod service;
mod state;

#[cfg(feature = "console")]
pub(crate) use guard::admit;
pub use logging::Logging;
#[cfg(feature = "console")]
pub(crate) use query::parameters;
pub(crate) use server::start;
pub(crate) use state::State;
