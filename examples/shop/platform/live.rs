//! The folder of the running shop.
//!
//! ```text
//! documents/   the documents to edit, unless others are named
//! platform/    where each instance runs: one WorkloadEntry a file, written by the platform
//! secrets/     the gateway's certificate and its key
//! identities/  the authority of the mesh, which gives every process a certificate that says who it is
//! ca.crt       what a client trusts the gateway by
//! signing.pem  the key of auth-server's tokens, new at every start
//! lock         held while a shop runs here
//! chaos/       the same for `--chaos`, which leaves the above alone
//! ```

use mesh_tower::BoxError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The folder, and the right to use it.
pub(super) struct Live {
    root: PathBuf,
    _lock: File,
}

impl Live {
    /// Takes the folder for this shop, and forgets where instances of an earlier one ran.
    ///
    /// # Errors
    /// The folder cannot be written, or another shop runs on it.
    pub(super) fn open(chosen: Option<PathBuf>, is_chaos: bool) -> Result<Self, BoxError> {
        let chosen = chosen.unwrap_or_else(|| if is_chaos { usual().join("chaos") } else { usual() });
        let unusable = |error: io::Error| {
            format!("{} cannot be used: {error}. Choose another: --live DIR", chosen.display())
        };
        fs::create_dir_all(&chosen).map_err(unusable)?;
        let root = fs::canonicalize(&chosen).map_err(unusable)?;
        let lock = File::create(root.join("lock")).map_err(unusable)?;
        if lock.try_lock().is_err() {
            let root = root.display();
            return Err(format!(
                "Another shop runs on {root}. Stop it, or choose another folder: --live DIR"
            )
            .into());
        }
        let live = Self { root, _lock: lock };
        if live.platform().exists() {
            fs::remove_dir_all(live.platform()).map_err(unusable)?;
        }
        fs::create_dir_all(live.platform()).map_err(unusable)?;
        Ok(live)
    }

    pub(super) fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    pub(super) fn platform(&self) -> PathBuf {
        self.root.join("platform")
    }

    pub(super) fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    pub(super) fn identities(&self) -> PathBuf {
        self.root.join("identities")
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.root.join("ca.crt")
    }

    pub(super) fn signing_key(&self) -> PathBuf {
        self.root.join("signing.pem")
    }

    /// Writes a file in one step: who reads it sees the old text or the new one.
    pub(super) fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        self.write_mode(path, text, 0o644)
    }

    /// Like [`write`](Self::write), for the eyes of this user alone.
    pub(super) fn write_secret(&self, path: &Path, text: &str) -> io::Result<()> {
        self.write_mode(path, text, 0o600)
    }

    fn write_mode(&self, path: &Path, text: &str, mode: u32) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Beside the folders that the mesh watches, and on the same file system as they.
        let draft = self.root.join(format!(".draft-{:016x}", fastrand::u64(..)));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&draft, path)
    }
}

/// Beside the example's source when that is there, below the current folder otherwise.
fn usual() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shop");
    if source.is_dir() { source.join("live") } else { PathBuf::from("shop-live") }
}
