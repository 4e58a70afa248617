//! What rustls needs for handshakes, kept for as long as it is made of the same certificates.

use super::{
    handshake::{Authorities, ClientHandshake, ClientTls, MeshTls, OtherTls, Spoken},
    system,
    verify::{Name, Names, ServerVerifier},
};
use crate::{
    identity::{
        CertificateFault, Credentials, Identity, NoIdentity, PeerVerifier, PerCredentials, Revocations,
        provider,
        secrets::{self, Secrets, either},
        stamp::{FileStamp, stamp},
        versions,
    },
    model::{CertificateSource, TlsLimits},
};
use rustls::{
    ALL_VERSIONS, CertificateError, ClientConfig, HandshakeKind, OtherError, SupportedProtocolVersion,
    client::ClientConnection,
    client::danger::ServerCertVerifier,
    pki_types::{ServerName, UnixTime},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// The most handshakes that are kept; documents seldom name more.
const MOST_KEPT: usize = 4096;

/// What a workload connects with. Each new connection asks anew: credentials that were replaced and files that changed
/// are used from then on, with sessions of their own to resume, and connections that are open stay. Secrets that cannot be
/// used leave the last good ones in place; credentials whose time is over leave nothing.
#[derive(Debug, Default)]
pub struct Clients {
    identity: Identity,
    secrets: Secrets,
    in_mesh: PerCredentials<Key, Client>,
    elsewhere: Mutex<HashMap<(ClientHandshake, Spoken), Known>>,
}

type Key = (ClientHandshake, Spoken, Option<FileStamp>);

#[derive(Debug)]
struct Known {
    stamps: Vec<Option<FileStamp>>,
    client: Arc<Client>,
}

/// One end of handshakes.
#[derive(Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
    server_name: Option<Box<str>>,
    is_by_host: bool,
}

/// Why there is no handshake; `Display` says it with the remedy.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientFault {
    /// The workload cannot prove who it is.
    Identity(NoIdentity),
    /// Certificates cannot be used.
    Certificate(CertificateFault),
    /// No certificate could be for the request's host.
    Host(Box<str>),
    /// It cannot be done, or the server is not who it should be.
    Tls(rustls::Error),
}

impl fmt::Display for ClientFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(fault) => fault.fmt(f),
            Self::Certificate(fault) => fault.fmt(f),
            Self::Host(host) => write!(f, "no certificate can be for the host {host:?}"),
            // rustls would show this one's insides.
            Self::Tls(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(reason)))) => {
                write!(f, "invalid peer certificate: {reason}")
            }
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientFault {}

impl From<NoIdentity> for ClientFault {
    fn from(fault: NoIdentity) -> Self {
        Self::Identity(fault)
    }
}

impl From<CertificateFault> for ClientFault {
    fn from(fault: CertificateFault) -> Self {
        Self::Certificate(fault)
    }
}

impl From<rustls::Error> for ClientFault {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

impl Clients {
    /// Proves who the workload is by `identity`, and looks for files that a document names as they are, then below
    /// `secrets`; for a secret called `name` in `secrets/name/`: `tls.crt` and `tls.key`, `ca.crt` and `ca.crl`, or as
    /// Istio also has them `cert` and `key`, `cacert` and `crl`.
    #[must_use]
    pub fn new(identity: Identity, secrets: Option<PathBuf>) -> Self {
        Self { identity, secrets: Secrets { root: secrets }, ..Self::default() }
    }

    /// What is needed for a handshake now. Blocks, if it is one that [reads files](ClientHandshake::reads_files).
    ///
    /// # Errors
    /// When the workload has no valid certificate, or files cannot be used and there were no good ones before.
    pub fn client(&self, handshake: &ClientHandshake, spoken: Spoken) -> Result<Arc<Client>, ClientFault> {
        match handshake.tls() {
            ClientTls::Mesh(mesh) => self.in_mesh(handshake, mesh, spoken),
            ClientTls::Other(other) => self.elsewhere(handshake, other, spoken),
        }
    }

    fn in_mesh(
        &self,
        handshake: &ClientHandshake,
        mesh: &MeshTls,
        spoken: Spoken,
    ) -> Result<Arc<Client>, ClientFault> {
        let credentials = self.identity.valid(SystemTime::now())?;
        let revoked = mesh.revoked.as_deref().map(|path| self.secrets.find(path));
        let key = (handshake.clone(), spoken, revoked.as_deref().and_then(stamp));
        self.in_mesh.get(&credentials, key, || {
            let verifier = verifier_in_mesh(&credentials, mesh, revoked.as_deref())?;
            let limits = TlsLimits { oldest: mesh.oldest_version, ..TlsLimits::default() };
            let own = Some(&credentials.key);
            Client::new(handshake, verifier, own, versions(&limits), &spoken.in_mesh())
        })
    }

    fn elsewhere(
        &self,
        handshake: &ClientHandshake,
        other: &OtherTls,
        spoken: Spoken,
    ) -> Result<Arc<Client>, ClientFault> {
        let sources = Sources::of(other, &self.secrets)?;
        let stamps = sources.stamps();
        let key = (handshake.clone(), spoken);
        let last_good = {
            let known = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
            match known.get(&key) {
                Some(known) if known.stamps == stamps => return Ok(Arc::clone(&known.client)),
                known => known.map(|known| Arc::clone(&known.client)),
            }
        };
        let made = sources.read(other).and_then(|read| {
            let certified = read.certified.map(Arc::new);
            let (verifier, offered) = (Arc::new(read.verifier), spoken.elsewhere());
            Client::new(handshake, verifier, certified.as_ref(), ALL_VERSIONS, &offered)
        });
        let client = match (made, last_good) {
            (Ok(client), _) => Arc::new(client),
            (Err(fault), None) => return Err(fault),
            (Err(fault), Some(last_good)) => {
                tracing::warn!("certificates refused, the last good ones go on being used: {fault}");
                // Remembered with these stamps, so that it is complained about once.
                last_good
            }
        };
        let mut known = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(key, Known { stamps, client: Arc::clone(&client) });
        Ok(client)
    }
}

fn verifier_in_mesh(
    credentials: &Credentials,
    mesh: &MeshTls,
    revoked: Option<&Path>,
) -> Result<Arc<dyn ServerCertVerifier>, ClientFault> {
    let peers = PeerVerifier::new(&mesh.believed(&credentials.trust), mesh.peers_of(&credentials.id));
    let revoked = match revoked {
        Some(path) => credentials.revoked.and(&Revocations::of_file(path)?),
        None => credentials.revoked.clone(),
    };
    Ok(Arc::new(peers.with_revocations(revoked)))
}

impl Client {
    fn new(
        handshake: &ClientHandshake,
        verifier: Arc<dyn ServerCertVerifier>,
        certified: Option<&Arc<CertifiedKey>>,
        versions: &[&'static SupportedProtocolVersion],
        offered: &[&[u8]],
    ) -> Result<Self, ClientFault> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier));
        let mut config = match certified {
            Some(certified) => {
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(certified))))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let (ClientTls::Mesh(MeshTls { server_name, .. }) | ClientTls::Other(OtherTls { server_name, .. })) =
            handshake.tls();
        // Without a name there is none to send.
        config.enable_sni = server_name.is_some() || handshake.is_by_host();
        let (server_name, is_by_host) = (server_name.clone(), handshake.is_by_host());
        Ok(Self { config: Arc::new(config), verifier, server_name, is_by_host })
    }

    /// How rustls shakes hands.
    #[must_use]
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// The name to ask for, for a request to `host`.
    ///
    /// # Errors
    /// When it could be nobody's name.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, ClientFault> {
        let name = match &self.server_name {
            Some(name) => &**name,
            None if self.is_by_host => host,
            // It is neither sent nor looked at.
            None => "localhost",
        };
        ServerName::try_from(name.to_owned()).map_err(|_| ClientFault::Host(name.into()))
    }

    /// Looks again at the certificates of a session that was resumed: their time may be over by now. A handshake in full
    /// has just looked at them.
    ///
    /// # Errors
    /// When they are no longer good.
    pub fn confirm(
        &self,
        connection: &ClientConnection,
        asked_for: &ServerName<'_>,
    ) -> Result<(), ClientFault> {
        if connection.handshake_kind() != Some(HandshakeKind::Resumed) {
            return Ok(());
        }
        let shown = connection.peer_certificates().and_then(<[_]>::split_first);
        let (shown, intermediates) = shown.ok_or(rustls::Error::NoCertificatesPresented)?;
        self.verifier.verify_server_cert(shown, intermediates, asked_for, &[], UnixTime::now())?;
        Ok(())
    }
}

/// The files that a handshake is made of.
struct Sources {
    /// The certificate and its key.
    own: Option<[PathBuf; 2]>,
    authorities: Option<PathBuf>,
    revoked: Option<PathBuf>,
}

/// What they hold.
struct Read {
    verifier: ServerVerifier,
    certified: Option<CertifiedKey>,
}

impl Sources {
    fn of(other: &OtherTls, secrets: &Secrets) -> Result<Self, CertificateFault> {
        let own = match &other.credential {
            Some(CertificateSource::Files { certificate, key }) => {
                Some([secrets.find(certificate), secrets.find(key)])
            }
            Some(CertificateSource::Secret(name)) => {
                let folder = secrets.folder(name)?;
                Some([either(&folder, "tls.crt", "cert"), either(&folder, "tls.key", "key")])
            }
            None => None,
        };
        let mut revoked = other.revoked.as_deref().map(|path| secrets.find(path));
        let authorities = match &other.authorities {
            Authorities::System | Authorities::Anybody => None,
            Authorities::File(path) => Some(secrets.find(path)),
            Authorities::Secret(name) => {
                let folder = secrets.folder_of_authorities(name)?;
                revoked =
                    revoked.or_else(|| Some(either(&folder, "ca.crl", "crl")).filter(|path| path.exists()));
                Some(either(&folder, "ca.crt", "cacert"))
            }
        };
        Ok(Self { own, authorities, revoked })
    }

    fn stamps(&self) -> Vec<Option<FileStamp>> {
        let all = self.own.iter().flatten().chain(&self.authorities).chain(&self.revoked);
        all.map(|path| stamp(path)).collect()
    }

    fn read(&self, other: &OtherTls) -> Result<Read, ClientFault> {
        let authorities = match (&other.authorities, &self.authorities) {
            (Authorities::Anybody, _) => None,
            (_, Some(path)) => Some(Arc::new(secrets::authorities(path)?)),
            (_, None) => Some(system::authorities()?),
        };
        let certified = self.own.as_ref().map(|[certificate, key]| secrets::certified(certificate, key));
        let names: Box<[_]> = other.names.iter().map(|name| Name::of(name)).collect();
        let verifier = ServerVerifier {
            authorities,
            revoked: self.revoked.as_deref().map(Revocations::of_file).transpose()?.unwrap_or_default(),
            names: if names.is_empty() { Names::AskedFor } else { Names::OneOf(names) },
            algorithms: provider().signature_verification_algorithms,
        };
        Ok(Read { verifier, certified: certified.transpose()? })
    }
}
