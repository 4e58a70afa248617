//! A mesh whose documents are files.

use super::{AdminFault, Config, IdentitySource, InvalidConfig, Mesh, admin};
use crate::gateway::Gateway;
use mesh_core::{document::Fault, identity::IssueFault, source::file::FileSource, table::GatewayRole};
use std::{fmt, sync::Arc};

/// Why a workload cannot join the mesh.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// An environment variable cannot be used.
    Config(InvalidConfig),
    /// No documents were named.
    NoDocuments,
    /// The documents cannot be found.
    Documents(Fault),
    /// The admin endpoint cannot be opened.
    Admin(AdminFault),
    /// The source of certificates that was named gives none.
    Identity(Arc<IssueFault>),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(invalid) => invalid.fmt(f),
            Self::NoDocuments => {
                f.write_str("no documents are named (set MESH_DOCUMENTS to a file or folder)")
            }
            Self::Documents(fault) => fault.fmt(f),
            Self::Admin(fault) => fault.fmt(f),
            Self::Identity(fault) => write!(f, "no certificate was issued: {fault}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Mesh {
    /// Joins the mesh as the environment says; see [`Config::from_env`].
    ///
    /// # Errors
    /// When a variable cannot be understood, or documents cannot be found. Wrong documents are no error: they are
    /// logged, and the rest serves.
    pub async fn from_env() -> Result<Self, StartError> {
        Self::start(Config::from_env().map_err(StartError::Config)?).await
    }

    /// Joins the mesh, with documents from the files and folders of `config`.
    ///
    /// # Errors
    /// When they cannot be found, the admin endpoint cannot be opened, or the source of certificates that `config` names gives none within ten seconds.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        if config.documents.is_empty() {
            return Err(StartError::NoDocuments);
        }
        let source = FileSource::new(config.documents.clone(), config.namespace.clone());
        let source = source.map_err(StartError::Documents)?;
        let admin = admin::open(&config).await.map_err(StartError::Admin)?;
        let mesh = Self::join(config, source, admin).await;
        match &mesh.0.unproven {
            // Where nobody named a source, documents may be wrong, and the rest serves.
            Some(fault) if mesh.0.config.identity != IdentitySource::WhenAsked => {
                Err(StartError::Identity(Arc::clone(fault)))
            }
            _ => Ok(mesh),
        }
    }
}

impl Gateway {
    /// A gateway as the environment says: every one whose selector the workload's labels meet.
    ///
    /// # Errors
    /// As [`Mesh::from_env`].
    pub async fn from_env() -> Result<Self, StartError> {
        let config = Config::from_env().map_err(StartError::Config)?;
        Ok(Mesh::start(Config { gateway: GatewayRole::BySelector, ..config }).await?.gateway())
    }
}
