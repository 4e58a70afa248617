//! The mesh on a web page.
//!
//! # What it does
//!
//! Serves a page that shows a running mesh: the graph of its services with what passes between them, their versions,
//! endpoints and ejections, the documents and what is wrong in them, the routing table and why a request goes where it
//! does, certificates, and requests as they end. The page and all it needs are compiled in; it asks nobody but the console.
//!
//! The console asks the [admin endpoints](crate::admin) of the mesh's processes, and nobody else knows of it: no
//! process has to be told. While nobody looks at the page, nobody is asked. A process is asked so seldom that it spends no more
//! than a twentieth of its time on it.
//!
//! | path | what it gives |
//! |---|---|
//! | `/` | the page |
//! | `/api/stream` | server-sent events: `traffic` (rates and times of the last 10 s), `mesh` (everything else, when it changes), `requests` |
//! | `/api/explain?process=NAME&to=URL` | what becomes of a request of that process, and why; `method=`, and any number of `header=name: value` |
//! | `/api/document?file=PATH` | the text of a file of documents, where [`Settings::documents`] lets it be shown |
//!
//! # When you want it
//!
//! `meshctl console` serves it, and so does a program that knows its processes: [`Console::open`].
//!
//! # How it is configured
//!
//! [`Settings`]. With [`Settings::prometheus`] traffic is what a Prometheus has gathered, which knows processes that the
//! console cannot reach.
//!
//! # Who may look
//!
//! Whoever reaches the address: it is on this machine alone unless you say otherwise. What pages of other sites have a
//! browser ask is refused, as at the admin endpoint. The page runs no script but its own, and shows no secret: of
//! documents only those are shown that the mesh reads, and none that holds secrets.
//!
//! # When it ends
//!
//! When [`Console`] is dropped. Pages that were open say that the console is gone, and come back by themselves.

mod asked;
mod documents;
mod files;
mod looking;
mod mesh;
mod pages;
mod reply;
mod server;
mod settings;
mod stream;
mod traffic;

pub use server::Console;
pub use settings::{ConsoleFault, Process, Settings};
