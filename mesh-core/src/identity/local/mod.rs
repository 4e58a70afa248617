//! The mesh's own certificate authority, for the workloads of one machine.
//!
//! **What it does.** Makes a root on the first run (ECDSA P-256, ten years) and signs certificates of workloads: P-256, a
//! day long, with the SPIFFE id as their only name. A workload makes its key itself and sends a signing request over a
//! Unix socket; the key never leaves its process. There is no daemon to run: one of the processes of the mesh holds the
//! folder's lock and answers the others, and when it ends, the next one that needs a certificate takes over.
//! `meshctl ca` answers in a process of its own.
//!
//! **What is in the folder.**
//!
//! | file | mode | what |
//! |---|---|---|
//! | `root.pem` | 0600 | the root's certificate and its key |
//! | `next.pem` | 0600 | the root to come, while the root changes |
//! | `roots/*.pem` | 0644 | certificates of further roots that are believed: those before, or another mesh's |
//! | `ca.sock` | 0600 | where requests are answered; 0666 where other users are allowed |
//! | `ca.lock` | 0600 | whose holder answers |
//! | `.gitignore` | 0644 | keeps all this out of a repository |
//!
//! **Whom it trusts.** Who asks is told by the kernel, by the user that runs the process at the other end. The user that
//! the authority runs as may have a certificate of any workload; that takes nothing from anyone, since whoever is that
//! user (or root) can read `root.pem` and sign what they like. So between processes of *one* user identities are a
//! convenience, and no boundary. To keep workloads apart, run each as a user of its own, and the authority
//! (`meshctl ca --allow`) as yet another one: then a process gets certificates of the workloads that its user is
//! allowed, and nobody but the authority can read the root. A key file that others can read, or a folder that others can
//! write to, is refused.
//!
//! **How the root changes.** [`Roots::announce`] makes `next.pem`: from then on both are believed, and the old one still
//! signs. Once every workload has seen that, in seconds, [`Roots::promote`] lets the new one sign, and leaves the old
//! one's certificate in `roots/`. Remove that a day later, when the last certificate that it signed has expired.

mod allow;
mod authority;
mod issuer;
mod roots;
mod server;
mod wire;

pub use allow::{Allow, InvalidAllow};
pub use issuer::LocalCa;
pub use roots::Roots;
pub use server::serve_ca;
