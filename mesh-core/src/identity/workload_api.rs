//! A workload's certificate from an agent that speaks the SPIFFE Workload API, such as SPIRE's.

use super::{Credentials, IssueFault, Issuer, TrustBundle, TrustDomain};
use futures_util::stream::{BoxStream, StreamExt};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use spiffe::{WorkloadApiClient, X509Context};
use std::fmt;

/// Follows the stream of an agent: each message brings the workload's certificate with its key, and the authorities of
/// its own trust domain and of those that it is federated with. Of several certificates the first counts, as the API says.
///
/// While the agent is away, what it said last holds, and its stream is opened anew.
pub struct WorkloadApi {
    endpoint: String,
    /// Open, unless it failed or ended.
    messages: Option<Messages>,
    /// Came before anybody asked.
    next: Option<Message>,
    last: Option<X509Context>,
}

type Message = Result<X509Context, String>;
type Messages = BoxStream<'static, Message>;

/// Nothing of what the agent said: there is a key in it.
impl fmt::Debug for WorkloadApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadApi").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl WorkloadApi {
    /// The agent at an endpoint such as `unix:///run/spire/sockets/agent.sock`.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), messages: None, next: None, last: None }
    }

    /// The next message, through a stream that is opened if none is. One that ended is forgotten.
    async fn message(&mut self) -> Message {
        let messages = match &mut self.messages {
            Some(messages) => messages,
            none => none.insert(open(&self.endpoint).await?),
        };
        let message = messages.next().await.unwrap_or_else(|| Err("the agent ended its stream".to_owned()));
        if message.is_err() {
            self.messages = None;
        }
        message
    }
}

async fn open(endpoint: &str) -> Result<Messages, String> {
    let client = WorkloadApiClient::connect_to(endpoint).await.map_err(|error| error.to_string())?;
    let messages = client.stream_x509_contexts().await.map_err(|error| error.to_string())?;
    Ok(messages.map(|message| message.map_err(|error| error.to_string())).boxed())
}

impl Issuer for WorkloadApi {
    async fn issue(&mut self) -> Result<Credentials, IssueFault> {
        let message = match self.next.take() {
            Some(message) => Some(message),
            None if self.messages.is_none() => Some(self.message().await),
            None => None,
        };
        if let Some(message) = message {
            self.last = Some(message.map_err(|error| IssueFault::at(&self.endpoint, error))?);
        }
        let last =
            self.last.as_ref().ok_or_else(|| IssueFault::at(&self.endpoint, "the agent said nothing"))?;
        credentials(last).map_err(|fault| IssueFault::at(&self.endpoint, fault))
    }

    async fn changed(&mut self) {
        if self.next.is_some() {
            return;
        }
        if self.messages.is_none() {
            // It is opened when the next certificate is asked for, after a pause.
            return std::future::pending().await;
        }
        self.next = Some(self.message().await);
    }
}

/// Takes a message apart, and trusts nothing of it unseen.
fn credentials(context: &X509Context) -> Result<Credentials, IssueFault> {
    let svid =
        context.default_svid().ok_or_else(|| IssueFault::new("the agent has no certificate for us"))?;
    let der = |bytes: &[u8]| CertificateDer::from(bytes.to_vec());
    let chain = svid.cert_chain().iter().map(|certificate| der(certificate.as_bytes())).collect();
    let key: PrivateKeyDer<'_> = PrivatePkcs8KeyDer::from(svid.private_key().as_bytes()).into();
    let mut trust = TrustBundle::default();
    for (name, bundle) in context.bundle_set().iter() {
        let domain =
            TrustDomain::parse(name.as_str()).map_err(|invalid| IssueFault::new(invalid.to_string()))?;
        let roots = bundle.authorities().iter().map(|authority| der(authority.as_bytes())).collect();
        trust.0.insert(domain, roots);
    }
    Ok(Credentials::new(chain, &key, trust)?)
}
