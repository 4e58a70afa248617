//! A workload's way to its certificate.

use super::{
    Roots,
    authority::LONGEST,
    roots::Stamps,
    server::{self, Authority, Held, SOCKET},
    wire::{self, Answer, Ask, Issued},
};
use crate::identity::{Credentials, IssueFault, Issuer, SpiffeId, TrustBundle, TrustDomain};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{net::UnixStream, task::JoinHandle};
use zeroize::Zeroizing;

/// How often the folder is looked at for a change of the root.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait for the process that is about to answer, and how often.
const PAUSE: Duration = Duration::from_millis(20);
const TRIES: usize = 100;

/// Gets a workload's certificates from the authority of its machine, and is that authority while no other process is;
/// see the [module](super).
#[derive(Debug)]
pub struct LocalCa {
    roots: Roots,
    id: SpiffeId,
    lifetime: Duration,
    /// As the folder was before the last request.
    seen: Option<Stamps>,
    answering: Option<Answering>,
}

/// This process answers the others.
#[derive(Debug)]
struct Answering {
    authority: Arc<Authority>,
    task: JoinHandle<()>,
    /// Dropped after the task is told to end.
    _held: Held,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LocalCa {
    /// Certificates of `id`, from the authority in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf, id: SpiffeId) -> Self {
        Self { roots: Roots::at(folder), id, lifetime: LONGEST, seen: None, answering: None }
    }

    /// Asks for certificates that live so long, a day at most. Default: a day.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Whoever answers signs; when nobody does, this process begins to.
    async fn sign(&mut self, request: &[u8]) -> Result<Issued, IssueFault> {
        let socket = self.roots.path(SOCKET);
        for _ in 0..TRIES {
            if let Some(answering) = &self.answering {
                return answering.authority.issue(request, &self.id, self.lifetime);
            }
            match UnixStream::connect(&socket).await {
                Ok(stream) => return self.ask(stream, request).await,
                Err(error) if is_nobody(&error) => {}
                Err(error) => return Err(IssueFault::at(socket.display(), error)),
            }
            if !self.answer_others()? {
                // Another process has the lock and is about to open the socket.
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(IssueFault::at(
            self.roots.folder().display(),
            "another process is its authority, and does not answer",
        ))
    }

    async fn ask(&self, mut stream: UnixStream, request: &[u8]) -> Result<Issued, IssueFault> {
        let at = |error: io::Error| IssueFault::at(self.roots.path(SOCKET).display(), error);
        let ask = Ask::new(&self.id, self.lifetime.as_secs(), request);
        wire::send(&mut stream, &ask).await.map_err(at)?;
        wire::receive::<Answer>(&mut stream).await.map_err(at)?.read()
    }

    /// Becomes the one who answers, and says whether it could: only one process can.
    fn answer_others(&mut self) -> Result<bool, IssueFault> {
        self.roots.prepare().map_err(|fault| {
            IssueFault::new(format!("no authority answers, and this process cannot be it: {fault}"))
        })?;
        let Some(held) = Held::take(&self.roots)? else { return Ok(false) };
        let listener = held.listen(false)?;
        let authority = Arc::new(Authority::new(self.roots.clone(), Vec::new()));
        let task = tokio::spawn(server::accept(listener, Arc::clone(&authority)));
        tracing::debug!(folder = %self.roots.folder().display(), "this process answers for the mesh's authority");
        self.answering = Some(Answering { authority, task, _held: held });
        Ok(true)
    }
}

/// There is no socket, or nobody behind it: it never was, or whoever answered has ended.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

impl Issuer for LocalCa {
    async fn issue(&mut self) -> Result<Credentials, IssueFault> {
        self.seen = Some(self.roots.stamps());
        let cannot =
            |error: rcgen::Error| IssueFault::new(format!("no signing request can be made: {error}"));
        let key = Zeroizing::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(cannot)?);
        let request = CertificateParams::default().serialize_request(&*key).map_err(cannot)?;
        let (chain, roots) = self.sign(request.der()).await?;
        let domain = TrustDomain::parse(self.id.trust_domain())
            .map_err(|invalid| IssueFault::new(invalid.to_string()))?;
        let private: PrivateKeyDer<'_> = PrivatePkcs8KeyDer::from(key.serialized_der()).into();
        let credentials = Credentials::new(chain, &private, TrustBundle([(domain, roots)].into()))?;
        match credentials.id == self.id {
            true => Ok(credentials),
            false => Err(IssueFault::new(format!("the authority signed for {} instead", credentials.id))),
        }
    }

    async fn changed(&mut self) {
        while self.seen == Some(self.roots.stamps()) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
