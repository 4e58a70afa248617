//! Where a workload's certificate comes from.

use super::{Credentials, CredentialsFault};
use std::{fmt, future::Future};

/// A source of credentials: a folder of files, an authority that signs requests, an agent that hands them out.
///
/// [`super::rotate`] asks it again at half the life of what it gave, and whenever it says that something changed. Of an
/// authority that signs, `issue` makes a new key, sends a request for its certificate, and takes the chain and the roots
/// of the answer; the key never leaves the process.
pub trait Issuer: Send + 'static {
    /// Brings the credentials that there are now; the same ones again where no new ones exist.
    fn issue(&mut self) -> impl Future<Output = Result<Credentials, IssueFault>> + Send;

    /// Completes when `issue` would bring something new before time: a file changed, a root was added. Cancel safe. Never
    /// completes where only asking can tell.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}

/// Why there are no credentials; `Display` says what failed, where, and the remedy. Holds nothing of any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueFault(String);

impl IssueFault {
    /// A fault that says this.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A fault at a place.
    pub(super) fn at(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self(format!("{place}: {what}"))
    }
}

impl fmt::Display for IssueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for IssueFault {}

impl From<CredentialsFault> for IssueFault {
    fn from(fault: CredentialsFault) -> Self {
        Self(fault.to_string())
    }
}
