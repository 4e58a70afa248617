//! A workload's certificate from files that somebody else renews.

use super::{
    Credentials, IssueFault, Issuer, Revocations, Svid, TrustBundle, TrustDomain, pem,
    stamp::{FileStamp, stamp},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The names of a chain, its key and the roots in a folder, and of what is revoked, which need not be there: those of
/// Istio's agent, and those of a Kubernetes secret.
const SETS: [[&str; 4]; 2] = [
    ["cert-chain.pem", "key.pem", "root-cert.pem", "ca-crl.pem"],
    ["tls.crt", "tls.key", "ca.crt", "ca.crl"],
];

/// Reads a folder of `cert-chain.pem`, `key.pem` and `root-cert.pem`, or of `tls.crt`, `tls.key` and `ca.crt`.
///
/// Beside the first there may be `ca-crl.pem`, as Istio calls it, beside the second `ca.crl`: lists of certificates that are
/// revoked, in PEM, one for each authority that peers have. From then on no handshake is made with a peer whose certificate
/// is on one, or of whose authority no list speaks that is still good, be it a client or a server.
///
/// A change is seen within a second, also where the whole folder is replaced through a symbolic link, as the kubelet
/// does. A set that is half written, whose key is not the certificate's, or whose lists cannot be read, is refused whole,
/// and the last good one stays in use.
#[derive(Debug)]
pub struct CertificateFiles {
    folder: PathBuf,
    /// As they were when they were read last.
    seen: Option<Stamps>,
}

/// One stamp for each file of each set.
type Stamps = [[Option<FileStamp>; 4]; 2];

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
        let whole = before.iter().position(|set| set[..3].iter().all(Option::is_some));
        let Some(set) = whole.map(|index| SETS[index]) else {
            let sets = SETS.map(|set| set[..3].join(", ")).join(", nor of ");
            return Err(IssueFault::at(self.folder.display(), format_args!("holds no whole set of {sets}")));
        };
        let credentials = read(&self.folder, set)?;
        match self.stamps() == before {
            true => Ok(credentials),
            false => Err(IssueFault::at(self.folder.display(), "the files changed while they were read")),
        }
    }
}

fn read(folder: &Path, [chain, key, roots, revoked]: [&str; 4]) -> Result<Credentials, IssueFault> {
    let chain = pem::certificates(&folder.join(chain))?;
    let key = pem::key(&folder.join(key))?;
    let roots = pem::certificates(&folder.join(roots))?;
    let place = |fault: &dyn std::fmt::Display| IssueFault::at(folder.display(), fault);
    let svid = Svid::read(&chain[0]).map_err(|fault| place(&fault))?;
    let domain = TrustDomain::parse(svid.id.trust_domain()).map_err(|fault| place(&fault))?;
    let trust = TrustBundle([(domain, roots)].into());
    let credentials = Credentials::new(chain, &key, trust).map_err(|fault| place(&fault))?;
    let revoked = folder.join(revoked);
    if !revoked.exists() {
        return Ok(credentials);
    }
    let revoked = Revocations::of_file(&revoked).map_err(|fault| IssueFault::new(fault.to_string()))?;
    Ok(credentials.with_revocations(revoked))
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
