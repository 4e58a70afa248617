//! Where certificates are, and whether they are as they were.

use super::CertificateFault;
use crate::{
    identity::stamp::{FileStamp, stamp},
    model::{AuthoritySource, CertificateSource, ClientDemand, ServerTls},
};
use std::path::{Path, PathBuf};

/// The files of one server.
#[derive(Debug)]
pub(super) struct Files {
    /// Pairs of certificate and key.
    pub(super) certificates: Vec<[PathBuf; 2]>,
    /// What clients are verified by.
    pub(super) clients: Option<ClientFiles>,
}

/// The files that clients are verified by.
#[derive(Debug)]
pub(super) struct ClientFiles {
    pub(super) authorities: PathBuf,
    /// What is revoked, if that is written anywhere.
    pub(super) revoked: Option<PathBuf>,
}

/// What changes when one of the files does, even when its date does not.
pub(super) type Stamp = Vec<Option<FileStamp>>;

impl Files {
    /// Where they are now.
    pub(super) fn of(tls: &ServerTls, root: Option<&Path>) -> Result<Self, CertificateFault> {
        let pair = |source: &CertificateSource| match source {
            CertificateSource::Files { certificate, key } => Ok([find(certificate, root), find(key, root)]),
            CertificateSource::Secret(name) => {
                let folder = secret(name, root)?;
                Ok([folder.join("tls.crt"), folder.join("tls.key")])
            }
        };
        Ok(Self {
            certificates: tls.certificates.iter().map(pair).collect::<Result<_, _>>()?,
            clients: tls.clients.as_ref().map(|demand| ClientFiles::of(demand, root)).transpose()?,
        })
    }

    pub(super) fn stamp(&self) -> Stamp {
        let clients = self.clients.iter();
        let clients = clients.flat_map(|files| std::iter::once(&files.authorities).chain(&files.revoked));
        self.certificates.iter().flatten().chain(clients).map(|path| stamp(path)).collect()
    }
}

impl ClientFiles {
    fn of(demand: &ClientDemand, root: Option<&Path>) -> Result<Self, CertificateFault> {
        let written = demand.revoked.as_ref().map(|path| find(path, root));
        let name = match &demand.authorities {
            AuthoritySource::File(path) => {
                return Ok(Self { authorities: find(path, root), revoked: written });
            }
            AuthoritySource::Secret(name) => name,
        };
        // As in Istio: a secret beside the one with the key, so that fewer people need see the latter.
        let beside = secret(&format!("{name}-cacert"), root)?;
        let folder = if beside.exists() { beside } else { secret(name, root)? };
        let named = ["ca.crt", "cacert"].map(|file| folder.join(file));
        let [usual, other] = named;
        let crl = folder.join("ca.crl");
        Ok(Self {
            authorities: if !usual.exists() && other.exists() { other } else { usual },
            revoked: written.or_else(|| crl.exists().then_some(crl)),
        })
    }
}

fn secret(name: &str, root: Option<&Path>) -> Result<PathBuf, CertificateFault> {
    let folder = root.map(|root| root.join(name));
    folder.ok_or_else(|| {
        CertificateFault(format!("the secret {name} cannot be found: no folder of secrets is set"))
    })
}

fn find(written: &Path, root: Option<&Path>) -> PathBuf {
    match root {
        Some(root) if !written.exists() => root.join(written.strip_prefix("/").unwrap_or(written)),
        _ => written.to_owned(),
    }
}
