//! Makes connections to whoever has an address, or several.

use super::{socket::Way, table::Means};
use crate::{
    context::Upstream,
    dns::Dns,
    error::{Error, Kind},
};
use mesh_core::model::{Address, Host};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// The time that an address has for itself before the next one is tried, too (RFC 8305, 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to an upstream within a time, which the search for its address takes from.
pub(super) async fn dial(upstream: &Upstream, means: &Means, within: Duration) -> Result<Way, Error> {
    let until = Instant::now() + within;
    if let Some(dialing) = means.dialer.as_ref().and_then(|dialer| dialer.dial(upstream)) {
        let dialed = timeout_at(until, dialing).await.map_err(|_| Error::new(Kind::ConnectTimeout))?;
        return dialed.map(Way::Other).map_err(failed);
    }
    let connected = match &upstream.address {
        Address::Ip(ip) => timeout_at(until, TcpStream::connect((*ip, upstream.port))).await,
        Address::Name(name) => {
            let addresses = find(name, &means.dns, until).await?;
            timeout_at(until, race(by_turns(&addresses), upstream.port)).await
        }
    };
    match connected {
        Ok(connected) => connected.map(Way::Tcp).map_err(failed),
        Err(_) => Err(Error::new(Kind::ConnectTimeout)),
    }
}

pub(super) fn failed(error: io::Error) -> Error {
    Error::because(Kind::ConnectFailure, error)
}

async fn find(name: &Host, dns: &Dns, until: Instant) -> Result<Arc<[IpAddr]>, Error> {
    let name = dns.pass(name);
    let Ok(known) = timeout_at(until, name.answered()).await else {
        return Err(Error::because(Kind::Unresolved, "DNS did not answer within connectTimeout"));
    };
    match known.failure {
        _ if !known.addresses.is_empty() => Ok(known.addresses),
        Some(failure) => Err(Error::because(Kind::Unresolved, &*failure)),
        None => Err(Error::new(Kind::Unresolved)),
    }
}

/// Addresses in the order in which they are tried: the families by turns, IPv6 first, else in their order.
fn by_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let of = |is_ipv6| addresses.iter().filter(move |address| address.is_ipv6() == is_ipv6);
    let (mut ipv6, mut ipv4) = (of(true), of(false));
    let turns = addresses.iter().flat_map(|_| [ipv6.next(), ipv4.next()]);
    turns.flatten().copied().collect()
}

/// Connects to the first of these addresses that takes a connection, and drops all others. When none does, the failure is
/// the one that came first.
async fn race(addresses: Vec<IpAddr>, port: u16) -> io::Result<TcpStream> {
    let mut left = addresses.into_iter();
    let (mut running, mut failure) = (JoinSet::new(), None);
    loop {
        if let Some(address) = left.next() {
            running.spawn(TcpStream::connect((address, port)));
        }
        let ended = tokio::select! {
            ended = running.join_next() => ended,
            () = sleep(STAGGER), if left.len() > 0 => continue,
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => failure = failure.or(Some(error)),
            Some(Err(panic)) => failure = failure.or(Some(io::Error::other(panic))),
            None => return Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_keep_their_order() {
        for (addresses, expected) in [
            (&["10.0.0.2", "10.0.0.1"][..], &["10.0.0.2", "10.0.0.1"][..]),
            (&["10.0.0.2", "10.0.0.1", "::2", "::1"], &["::2", "10.0.0.2", "::1", "10.0.0.1"]),
            (&["::1", "10.0.0.1", "10.0.0.2"], &["::1", "10.0.0.1", "10.0.0.2"]),
            (&[], &[]),
        ] {
            let parse =
                |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
            assert_eq!(by_turns(&parse(addresses)), parse(expected));
        }
    }
}
