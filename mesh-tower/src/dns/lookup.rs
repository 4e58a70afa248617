//! Who is asked for names.

use crate::BoxError;
use futures_util::future::BoxFuture;
use mesh_core::model::Host;
use std::{fmt, net::IpAddr, time::Duration};

/// Somebody who knows the addresses of names: DNS, or something else in its place.
pub trait Lookup: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a name as far as anybody knows now; none if there is no such name. An error says nothing about it.
    fn addresses(&self, name: &Host) -> BoxFuture<'static, Result<Answer, BoxError>>;
}

/// The addresses of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// In the order of preference.
    pub addresses: Vec<IpAddr>,
    /// How long they hold; zero if the answer does not say.
    pub ttl: Duration,
}
