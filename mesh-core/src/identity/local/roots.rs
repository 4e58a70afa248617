//! The authority's folder: the root that signs, and those that are believed.

use super::authority::{Root, new_root};
use crate::identity::{
    IssueFault, pem,
    stamp::{FileStamp, stamp},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::SystemTime,
};

/// Tells the drafts of one process apart.
static DRAFTS: AtomicU32 = AtomicU32::new(0);

const ROOT: &str = "root.pem";
const NEXT: &str = "next.pem";
const FURTHER: &str = "roots";

/// The folder that holds a local authority's roots.
#[derive(Clone, Debug)]
pub struct Roots(PathBuf);

/// What of the folder was read, and what changes when it does.
pub(super) type Stamps = [Option<FileStamp>; 3];

impl Roots {
    /// Those of a folder, which need not be there yet.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Makes the folder and the root if they are not there. Processes that do so at once agree on one root.
    ///
    /// # Errors
    /// When others can write to the folder or read the root, or the disk refuses.
    pub fn prepare(&self) -> Result<(), IssueFault> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&self.0);
        made.map_err(|error| IssueFault::at(self.0.display(), error))?;
        self.refuse_if_shared()?;
        if !self.path(ROOT).exists() {
            self.create(ROOT)?;
            tracing::info!(folder = %self.0.display(), "a new root of the mesh's own authority");
            // It only saves people from publishing the root by accident.
            let _ = fs::write(self.path(".gitignore"), "*\n");
        }
        self.read(ROOT).map(|_| ())
    }

    /// Lets users other than the folder's owner reach the socket, and nothing else.
    pub(super) fn open_to_others(&self) -> Result<(), IssueFault> {
        let opened = fs::set_permissions(&self.0, Permissions::from_mode(0o711));
        opened.map_err(|error| IssueFault::at(self.0.display(), error))
    }

    /// Makes the root to come: it is believed from now on, and does not sign yet.
    ///
    /// # Errors
    /// When there is one already, or the disk refuses.
    pub fn announce(&self) -> Result<(), IssueFault> {
        self.prepare()?;
        match self.path(NEXT).exists() {
            true => Err(IssueFault::at(
                self.path(NEXT).display(),
                "a root to come is there already (let it sign)",
            )),
            false => self.create(NEXT),
        }
    }

    /// Lets the root to come sign from now on. The one before is still believed, as `roots/<date>.pem`.
    ///
    /// # Errors
    /// When there is none to come, or the disk refuses.
    pub fn promote(&self) -> Result<(), IssueFault> {
        // It must be whole before anything depends on it.
        self.read(NEXT)?;
        let before = self.read(ROOT)?;
        let folder = self.path(FURTHER);
        let at = |error: io::Error| IssueFault::at(self.0.display(), error);
        DirBuilder::new().recursive(true).mode(0o755).create(&folder).map_err(at)?;
        let date = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        // First the old one is kept, then the new one signs: at no moment is a root in use not believed.
        fs::write(folder.join(format!("{date}.pem")), pem::text(before.certificate())).map_err(at)?;
        fs::rename(self.path(NEXT), self.path(ROOT)).map_err(at)
    }

    /// The root that signs.
    pub(super) fn root(&self) -> Result<Root, IssueFault> {
        self.refuse_if_shared()?;
        self.read(ROOT)
    }

    /// All that are believed: the root that signs first, the one to come, and the further ones.
    pub(super) fn believed(&self, root: &Root) -> Result<Vec<CertificateDer<'static>>, IssueFault> {
        let mut believed = vec![root.certificate().clone()];
        if self.path(NEXT).exists() {
            believed.push(self.read(NEXT)?.certificate().clone());
        }
        let Ok(further) = fs::read_dir(self.path(FURTHER)) else { return Ok(believed) };
        let mut paths: Vec<_> = further.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
        paths.sort();
        for path in paths {
            believed.extend(pem::certificates(&path)?);
        }
        Ok(believed)
    }

    pub(super) fn stamps(&self) -> Stamps {
        [ROOT, NEXT, FURTHER].map(|name| stamp(&self.path(name)))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a new root beside its place and links it there: who comes second finds the first one's, and never half of
    /// it.
    fn create(&self, name: &str) -> Result<(), IssueFault> {
        let place = self.path(name);
        let at = |error: io::Error| IssueFault::at(place.display(), error);
        let text = new_root(SystemTime::now())?;
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = self.path(&format!(".{name}.{}-{number}", std::process::id()));
        // What a process of this number left when it died.
        let _ = fs::remove_file(&draft);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        let linked = written.and_then(|()| fs::hard_link(&draft, &place));
        let _ = fs::remove_file(&draft);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other.map_err(at),
        }
    }

    fn read(&self, name: &str) -> Result<Root, IssueFault> {
        let path = self.path(name);
        let at = |error: io::Error| IssueFault::at(path.display(), error);
        let file = File::open(&path).map_err(at)?;
        // Of the open file, which nobody can exchange any more.
        let metadata = file.metadata().map_err(at)?;
        refuse(
            &path,
            &metadata,
            0o077,
            "others can read the root's key (chmod 600 it, and consider a new root)",
        )?;
        let text = pem::read_whole(file, metadata.len()).map_err(at)?;
        let key = pem::key_in(&text)
            .ok_or_else(|| IssueFault::at(path.display(), "holds no private key in PEM"))?;
        let PrivateKeyDer::Pkcs8(_) = &*key else {
            return Err(IssueFault::at(path.display(), "the private key is not in PKCS#8"));
        };
        let certificate = pem::certificates_in(&text, &path)?.swap_remove(0);
        Root::read(certificate, &key).map_err(|fault| IssueFault::at(path.display(), fault))
    }

    /// Whoever can write to the folder can put a root of their own into it.
    fn refuse_if_shared(&self) -> Result<(), IssueFault> {
        let metadata = fs::metadata(&self.0).map_err(|error| IssueFault::at(self.0.display(), error))?;
        refuse(&self.0, &metadata, 0o022, "others can write to the authority's folder (chmod 700 it)")
    }
}

fn refuse(path: &Path, metadata: &fs::Metadata, bits: u32, why: &str) -> Result<(), IssueFault> {
    let own = rustix::process::geteuid().as_raw();
    if metadata.mode() & bits != 0 {
        return Err(IssueFault::at(path.display(), why));
    }
    match metadata.uid() == own {
        true => Ok(()),
        false => Err(IssueFault::at(path.display(), "belongs to another user")),
    }
}
