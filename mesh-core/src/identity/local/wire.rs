//! What a workload and the authority say to each other: one line of JSON each way.

use crate::identity::{IssueFault, SpiffeId};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The longest line; a chain and a few roots are a hundredth of it.
const LONGEST: u64 = 256 * 1024;

/// Asks for a certificate.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// Whose.
    pub(super) id: String,
    /// For how long, in seconds.
    pub(super) seconds: u64,
    /// The signing request: PKCS#10 in DER, then base64.
    pub(super) request: String,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// The certificate, and the roots that are believed.
    Issued { chain: Vec<String>, roots: Vec<String> },
    /// Why there is none.
    Refused(String),
}

/// A chain and the roots.
pub(super) type Issued = (Vec<CertificateDer<'static>>, Vec<CertificateDer<'static>>);

impl Ask {
    pub(super) fn new(id: &SpiffeId, seconds: u64, request: &[u8]) -> Self {
        Self { id: id.to_string(), seconds, request: STANDARD.encode(request) }
    }

    pub(super) fn request(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.request).ok()
    }
}

impl Answer {
    pub(super) fn issued((chain, roots): &Issued) -> Self {
        let text = |list: &[CertificateDer<'_>]| list.iter().map(|der| STANDARD.encode(der)).collect();
        Self::Issued { chain: text(chain), roots: text(roots) }
    }

    pub(super) fn read(self) -> Result<Issued, IssueFault> {
        let garbled = || IssueFault::new("the authority's answer cannot be read");
        let der = |list: Vec<String>| -> Option<Vec<CertificateDer<'static>>> {
            list.iter().map(|text| STANDARD.decode(text).ok().map(CertificateDer::from)).collect()
        };
        match self {
            Self::Issued { chain, roots } => der(chain).zip(der(roots)).ok_or_else(garbled),
            Self::Refused(reason) => Err(IssueFault::new(format!("the authority refused: {reason}"))),
        }
    }
}

/// Sends one line.
pub(super) async fn send(stream: &mut UnixStream, message: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.flush().await
}

/// Receives one line, of a bounded length.
pub(super) async fn receive<T: DeserializeOwned>(stream: &mut UnixStream) -> std::io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line).await?;
    Ok(serde_json::from_slice(&line)?)
}
