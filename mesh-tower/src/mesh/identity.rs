//! Where a workload's certificate comes from, and who sees to it.

use super::Config;
use mesh_core::{
    identity::{CertificateFiles, Identity, IssueFault, Issuer, LocalCa, SpiffeId, rotate},
    watch::Handle,
};
use std::{
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::task::AbortHandle;

/// How long a workload waits for its first certificate when it starts.
const FIRST: Duration = Duration::from_secs(10);
/// The life of certificates of the mesh's own authority.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where a workload's certificate comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentitySource {
    /// From the mesh's own authority beside the documents, as soon as they ask for mutual TLS, or if the authority is
    /// there already; from nowhere before. So documents that say nothing of security make no files.
    #[default]
    WhenAsked,
    /// From nowhere. What demands mutual TLS fails.
    None,
    /// From the mesh's own authority; see [`mesh_core::identity::local`].
    Local {
        /// Its folder. Default: `.mesh-ca` in the first folder of documents.
        folder: Option<PathBuf>,
        /// The life of a certificate, a day at most.
        lifetime: Duration,
    },
    /// From a folder of files that somebody else renews; see [`CertificateFiles`].
    Files(PathBuf),
    /// From an agent that speaks the SPIFFE Workload API, at an endpoint such as `unix:///run/spire/sockets/agent.sock`.
    /// Needs the feature `spiffe`.
    Spiffe(String),
}

impl IdentitySource {
    /// The mesh's own authority in its usual place.
    #[must_use]
    pub fn local() -> Self {
        Self::Local { folder: None, lifetime: DAY }
    }
}

impl FromStr for IdentitySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, place) = text.split_once(':').map_or((text, None), |(kind, place)| (kind, Some(place)));
        match (kind, place.filter(|place| !place.is_empty())) {
            ("none", None) => Ok(Self::None),
            ("local", None) => Ok(Self::local()),
            ("local", Some(folder)) => Ok(Self::Local { folder: Some(folder.into()), lifetime: DAY }),
            ("files", Some(folder)) => Ok(Self::Files(folder.into())),
            ("spiffe", Some(endpoint)) => Ok(Self::Spiffe(endpoint.to_owned())),
            _ => Err(format!(
                "{text:?} is no source of certificates (write none, local, local:/folder, files:/folder, or spiffe:unix:///socket)"
            )),
        }
    }
}

/// Sees to it that a workload has a certificate, until it is dropped.
#[derive(Debug)]
pub(super) struct Issuing(Option<AbortHandle>);

impl Drop for Issuing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Begins to follow the source that `config` names. Its certificates, and why there are none, are put into `identity`.
pub(super) fn follow(config: &Config, identity: &Identity, handle: Handle) -> Issuing {
    let (config, identity) = (config.clone(), identity.clone());
    if config.identity == IdentitySource::None {
        return Issuing(None);
    }
    Issuing(Some(tokio::spawn(issue(config, identity, handle)).abort_handle()))
}

/// Waits for the first certificate, a while.
///
/// # Errors
/// Why none came.
pub(super) async fn first(identity: &Identity) -> Result<(), Arc<IssueFault>> {
    let mut changes = identity.changes();
    // The sender lives in the identity.
    let came = changes.wait_for(|count| *count > 0);
    match tokio::time::timeout(FIRST, came).await {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(identity.fault().unwrap_or_else(|| Arc::new(IssueFault::new("nobody answered in time"))))
        }
    }
}

/// Whether a workload of this table waits for its first certificate when it starts.
pub(crate) fn is_wanted(config: &Config, handle: &Handle) -> bool {
    match &config.identity {
        IdentitySource::None => false,
        IdentitySource::WhenAsked => is_asked(config, handle),
        _ => true,
    }
}

async fn issue(config: Config, identity: Identity, mut handle: Handle) {
    while config.identity == IdentitySource::WhenAsked && !is_asked(&config, &handle) {
        if handle.published().await.is_none() {
            return;
        }
    }
    // The workload's name is settled when it starts: a certificate of another one is for another process.
    let id = SpiffeId::of_workload(&handle.snapshot().trust().domain, &config.namespace, config.account());
    let (folder, lifetime) = match config.identity.clone() {
        IdentitySource::Files(folder) => return run(CertificateFiles::new(folder), identity).await,
        IdentitySource::Spiffe(endpoint) => return workload_api(endpoint, identity).await,
        IdentitySource::Local { folder, lifetime } => (folder.or_else(|| beside(&config)), lifetime),
        IdentitySource::WhenAsked | IdentitySource::None => (beside(&config), DAY),
    };
    match (id, folder) {
        (Ok(id), Some(folder)) => run(LocalCa::new(folder, id).with_lifetime(lifetime), identity).await,
        (Err(invalid), _) => refuse(&identity, format!("this workload can have no certificate: {invalid}")),
        (_, None) => {
            refuse(&identity, "the mesh's own authority has no place (write MESH_IDENTITY=local:/folder)")
        }
    }
}

async fn run(issuer: impl Issuer, identity: Identity) {
    rotate(issuer, identity, || fastrand::u32(..), SystemTime::now).await;
}

#[cfg(feature = "spiffe")]
async fn workload_api(endpoint: String, identity: Identity) {
    run(mesh_core::identity::WorkloadApi::new(endpoint), identity).await;
}

#[cfg(not(feature = "spiffe"))]
async fn workload_api(_: String, identity: Identity) {
    refuse(&identity, "this program is built without the feature spiffe of mesh-tower");
}

fn refuse(identity: &Identity, why: impl Into<String>) {
    let fault = IssueFault::new(why);
    tracing::error!("no certificate is issued: {fault}");
    identity.refuse(fault);
}

/// Whether documents ask for mutual TLS, or the mesh's own authority is there.
fn is_asked(config: &Config, handle: &Handle) -> bool {
    let snapshot = handle.snapshot();
    let is_asked = snapshot.inbound().tls.has_strict() || snapshot.calls_in_mesh_tls();
    is_asked || beside(config).is_some_and(|folder| folder.exists())
}

/// The folder of the mesh's own authority: with the documents, where every workload that reads them finds it. Its name
/// is hidden, so it is not looked through for documents.
fn beside(config: &Config) -> Option<PathBuf> {
    let documents = std::path::absolute(config.documents.first()?).ok()?;
    let folder = if documents.is_dir() { documents.as_path() } else { documents.parent()? };
    Some(folder.join(".mesh-ca"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_from_a_text() {
        let read = |text: &str| text.parse::<IdentitySource>();
        assert_eq!(read("none"), Ok(IdentitySource::None));
        assert_eq!(read("local"), Ok(IdentitySource::local()));
        let folder = Some("/run/ca".into());
        assert_eq!(read("local:/run/ca"), Ok(IdentitySource::Local { folder, lifetime: DAY }));
        assert_eq!(read("files:/etc/certs"), Ok(IdentitySource::Files("/etc/certs".into())));
        let endpoint = "unix:///run/spire/agent.sock";
        assert_eq!(read(&format!("spiffe:{endpoint}")), Ok(IdentitySource::Spiffe(endpoint.into())));
        for text in ["", "files", "files:", "spiffe", "none:x", "Local", "/run/ca"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_authority_is_beside_the_first_documents() {
        let of = |documents: &[&str]| {
            beside(&Config { documents: documents.iter().map(PathBuf::from).collect(), ..Config::default() })
        };
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let expected = Some(PathBuf::from(sources).join(".mesh-ca"));
        assert_eq!(of(&[sources, "/elsewhere"]), expected);
        assert_eq!(of(&[concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")]), expected);
        assert_eq!(of(&[]), None);
    }
}
