//! Answers the workloads of this machine.

use super::{
    Allow, Roots, allow,
    authority::Root,
    roots::Stamps,
    wire::{self, Answer, Ask, Issued},
};
use crate::identity::{IssueFault, SpiffeId};
use rustls::pki_types::CertificateSigningRequestDer;
use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};

pub(super) const SOCKET: &str = "ca.sock";
const LOCK: &str = "ca.lock";
/// How many are answered at a time; the others wait.
const AT_ONCE: usize = 64;
/// The time that one has to ask and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before accepting again when the system cannot.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers requests for certificates at the folder's socket, for ever: `meshctl ca`. To stop, drop the future.
///
/// # Errors
/// When another process answers already, the root cannot be used, or the socket cannot be opened.
pub async fn serve_ca(roots: Roots, allowed: Vec<Allow>) -> Result<(), IssueFault> {
    roots.prepare()?;
    if !allowed.is_empty() {
        roots.open_to_others()?;
    }
    let held = Held::take(&roots)?
        .ok_or_else(|| IssueFault::at(roots.folder().display(), "another process answers here already"))?;
    held.serve(Arc::new(Authority::new(roots, allowed))).await
}

/// What signs, as the folder says now.
#[derive(Debug)]
pub(super) struct Authority {
    roots: Roots,
    allowed: Vec<Allow>,
    read: Mutex<Option<(Stamps, Arc<Read>)>>,
}

#[derive(Debug)]
struct Read {
    root: Root,
    believed: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Authority {
    pub(super) fn new(roots: Roots, allowed: Vec<Allow>) -> Self {
        Self { roots, allowed, read: Mutex::new(None) }
    }

    /// Signs for a workload.
    pub(super) fn issue(
        &self,
        request: &[u8],
        id: &SpiffeId,
        lifetime: Duration,
    ) -> Result<Issued, IssueFault> {
        let read = self.read()?;
        let request = CertificateSigningRequestDer::from(request);
        let leaf = read.root.sign(&request, id, lifetime, SystemTime::now())?;
        Ok((vec![leaf], read.believed.clone()))
    }

    /// The roots, read again if the folder is not as it was.
    fn read(&self) -> Result<Arc<Read>, IssueFault> {
        let stamps = self.roots.stamps();
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, read)) = &*known
            && *of == stamps
        {
            return Ok(Arc::clone(read));
        }
        let root = self.roots.root()?;
        let believed = self.roots.believed(&root)?;
        let read = Arc::new(Read { root, believed });
        *known = Some((stamps, Arc::clone(&read)));
        Ok(read)
    }

    /// What `uid` gets for what it asks.
    fn answer(&self, uid: u32, ask: &Ask) -> Result<Issued, IssueFault> {
        let id = SpiffeId::parse(&ask.id).map_err(|invalid| IssueFault::new(invalid.to_string()))?;
        let own = rustix::process::geteuid().as_raw();
        if !allow::may_have(own, &self.allowed, uid, &id) {
            let text =
                format!("user {uid} may not be {id} (allow it: meshctl ca --allow {uid}=NAMESPACE/ACCOUNT)");
            return Err(IssueFault::new(text));
        }
        let request = ask.request().ok_or_else(|| IssueFault::new("the request is not base64"))?;
        let issued = self.issue(&request, &id, Duration::from_secs(ask.seconds))?;
        tracing::info!(%id, uid, seconds = ask.seconds, "a certificate was issued");
        Ok(issued)
    }
}

/// The folder's lock: whoever has it answers at the socket. The system gives it back when the process ends, however it
/// does.
#[derive(Debug)]
pub(super) struct Held {
    socket: PathBuf,
    /// Dropped last, so that nobody else's socket is removed.
    _lock: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Gone already, or of no use to anybody: the next holder puts its own in its place.
        let _ = fs::remove_file(&self.socket);
    }
}

impl Held {
    /// Takes the lock if nobody has it.
    pub(super) fn take(roots: &Roots) -> Result<Option<Self>, IssueFault> {
        let path = roots.path(LOCK);
        let at = |error: io::Error| IssueFault::at(path.display(), error);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(at)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { socket: roots.path(SOCKET), _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(at(error)),
        }
    }

    /// Opens the socket.
    pub(super) fn listen(&self, is_for_others: bool) -> Result<UnixListener, IssueFault> {
        let at = |error: io::Error| {
            let remedy = match error.kind() {
                io::ErrorKind::InvalidInput => {
                    " (a socket's path has at most 107 bytes: choose a shorter folder)"
                }
                _ => "",
            };
            IssueFault::at(self.socket.display(), format_args!("{error}{remedy}"))
        };
        match fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
            // One of a process that ended without a word.
            _ => {}
        }
        let listener = UnixListener::bind(&self.socket).map_err(at)?;
        let mode = if is_for_others { 0o666 } else { 0o600 };
        fs::set_permissions(&self.socket, Permissions::from_mode(mode)).map_err(at)?;
        Ok(listener)
    }

    async fn serve(self, authority: Arc<Authority>) -> Result<(), IssueFault> {
        let listener = self.listen(!authority.allowed.is_empty())?;
        // It must be able to sign before it says so.
        authority.read()?;
        tracing::info!(socket = %self.socket.display(), "the authority answers");
        accept(listener, authority).await;
        Ok(())
    }
}

/// Answers whoever connects, for ever.
pub(super) async fn accept(listener: UnixListener, authority: Arc<Authority>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = tokio::task::JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        while asking.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let authority = Arc::clone(&authority);
                asking.spawn(async move {
                    let _place = place;
                    let turn = tokio::time::timeout(PATIENCE, one(stream, &authority)).await;
                    if let Ok(Err(error)) = turn {
                        tracing::debug!(%error, "a request for a certificate ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a request for a certificate could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn one(mut stream: UnixStream, authority: &Authority) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let ask: Ask = wire::receive(&mut stream).await?;
    let answer = match authority.answer(uid, &ask) {
        Ok(issued) => Answer::issued(&issued),
        Err(fault) => {
            tracing::warn!(uid, id = ask.id, "no certificate was issued: {fault}");
            Answer::Refused(fault.to_string())
        }
    };
    wire::send(&mut stream, &answer).await
}
