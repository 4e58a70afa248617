//! Where certificates are, and whether they are as they were.

use super::CertificateFault;
use crate::{
    identity::{
        secrets::{Secrets, either},
        stamp::{FileStamp, stamp},
    },
    model::{AuthoritySource, CertificateSource, ClientDemand, ServerTls},
};
use std::path::PathBuf;

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
    pub(super) fn of(tls: &ServerTls, secrets: &Secrets) -> Result<Self, CertificateFault> {
        let pair = |source: &CertificateSource| match source {
            CertificateSource::Files { certificate, key } => {
                Ok([secrets.find(certificate), secrets.find(key)])
            }
            CertificateSource::Secret(name) => {
                let folder = secrets.folder(name)?;
                Ok([folder.join("tls.crt"), folder.join("tls.key")])
            }
        };
        Ok(Self {
            certificates: tls.certificates.iter().map(pair).collect::<Result<_, _>>()?,
            clients: tls.clients.as_ref().map(|demand| ClientFiles::of(demand, secrets)).transpose()?,
        })
    }

    pub(super) fn stamp(&self) -> Stamp {
        let clients = self.clients.iter();
        let clients = clients.flat_map(|files| std::iter::once(&files.authorities).chain(&files.revoked));
        self.certificates.iter().flatten().chain(clients).map(|path| stamp(path)).collect()
    }
}

impl ClientFiles {
    fn of(demand: &ClientDemand, secrets: &Secrets) -> Result<Self, CertificateFault> {
        let written = demand.revoked.as_ref().map(|path| secrets.find(path));
        let name = match &demand.authorities {
            AuthoritySource::File(path) => {
                return Ok(Self { authorities: secrets.find(path), revoked: written });
            }
            AuthoritySource::Secret(name) => name,
        };
        let folder = secrets.folder_of_authorities(name)?;
        let crl = either(&folder, "ca.crl", "crl");
        Ok(Self {
            authorities: either(&folder, "ca.crt", "cacert"),
            revoked: written.or_else(|| crl.exists().then_some(crl)),
        })
    }
}
