//! A workload's certificate from files that somebody else renews.

use super::{
    Credentials, IssueFault, Issuer, Svid, TrustBundle, TrustDomain, pem,
    stamp::{FileStamp, stamp},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The names of a chain, its key and the roots in a folder: those of Istio's agent, and those of a Kubernetes secret.
const SETS: [[&str; 3]; 2] =
    [["cert-chain.pem", "key.pem", "root-cert.pem"], ["tls.crt", "tls.key", "ca.crt"]];

/// Reads a folder of `cert-chain.pem`, `key.pem` and `root-cert.pem`, or of `tls.crt`, `tls.key` and `ca.crt`.
///
/// A change is seen within a second, also where the whole folder is replaced through a symbolic link, as the kubelet
/// does. A set that is half written, or whose key is not the certificate's, is refused whole, and the last good one stays
/// in use.
#[derive(Debug)]
pub struct CertificateFiles {
    folder: PathBuf,
    /// As they were when they were read last.
    seen: Option<Stamps>,
}

/// One stamp for each file of each set.
type Stamps = [[Option<FileStamp>; 3]; 2];

impl CertificateFiles {
    /// Those of a folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, seen: None }
    }

    fn stamps(&self) -> Stamps {
        SETS.map(|set| set.map(|name| stamp(&self.folder.join(name))))
    }

    fn read(&mut self) -> Result<Credentials, IssueFault> {
        let before = self.stamps();
        self.seen = Some(before);
        let whole = before.iter().position(|set| set.iter().all(Option::is_some));
        let Some(set) = whole.map(|index| SETS[index]) else {
            let sets = SETS.map(|set| set.join(", ")).join(", nor of ");
            return Err(IssueFault::at(self.folder.display(), format_args!("holds no whole set of {sets}")));
        };
        let credentials = read(&self.folder, set)?;
        match self.stamps() == before {
            true => Ok(credentials),
            false => Err(IssueFault::at(self.folder.display(), "the files changed while they were read")),
        }
    }
}

fn read(folder: &Path, [chain, key, roots]: [&str; 3]) -> Result<Credentials, IssueFault> {
    let chain = pem::certificates(&folder.join(chain))?;
    let key = pem::key(&folder.join(key))?;
    let roots = pem::certificates(&folder.join(roots))?;
    let place = |fault: &dyn std::fmt::Display| IssueFault::at(folder.display(), fault);
    let svid = Svid::read(&chain[0]).map_err(|fault| place(&fault))?;
    let domain = TrustDomain::parse(svid.id.trust_domain()).map_err(|fault| place(&fault))?;
    Credentials::new(chain, &key, TrustBundle([(domain, roots)].into())).map_err(|fault| place(&fault))
}

impl Issuer for CertificateFiles {
    async fn issue(&mut self) -> Result<Credentials, IssueFault> {
        self.read()
    }

    async fn changed(&mut self) {
        while self.seen == Some(self.stamps()) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
