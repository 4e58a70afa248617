//! The endpoints that names stand for.

use mesh_core::{
    model::Address,
    table::{Backend, BackendEndpoint, Names},
};
use rustc_hash::FxHashSet;
use std::net::IpAddr;

/// The endpoints of a backend, when these are the addresses of each of them that has a name; none if none has an address.
pub(super) fn endpoints(
    backend: &Backend,
    addresses: &[Option<impl AsRef<[IpAddr]>>],
) -> Vec<BackendEndpoint> {
    let written = || backend.endpoints.iter().zip(addresses.iter().map(Option::as_ref));
    if backend.names == Names::First {
        let is_known = |(endpoint, addresses): (&BackendEndpoint, Option<&_>)| is_known(endpoint, addresses);
        return if written().any(is_known) { backend.endpoints.to_vec() } else { Vec::new() };
    }
    let mut seen = FxHashSet::default();
    let mut endpoints = Vec::new();
    for (endpoint, addresses) in written() {
        let found = match &endpoint.address {
            Address::Ip(_) => vec![endpoint.address.clone()],
            Address::Name(_) => in_order(addresses.map(AsRef::as_ref).unwrap_or_default()),
        };
        // One that has two names counts as what it was named first.
        let new = found.into_iter().filter(|address| seen.insert((address.clone(), endpoint.port)));
        endpoints.extend(new.map(|address| BackendEndpoint { address, ..endpoint.clone() }));
    }
    endpoints
}

fn is_known(endpoint: &BackendEndpoint, addresses: Option<&impl AsRef<[IpAddr]>>) -> bool {
    matches!(endpoint.address, Address::Ip(_)) || addresses.is_some_and(|known| !known.as_ref().is_empty())
}

/// Addresses in an order that does not change from answer to answer: many servers let them take turns.
fn in_order(addresses: &[IpAddr]) -> Vec<Address> {
    let mut addresses: Vec<_> = addresses.iter().copied().map(Address::Ip).collect();
    addresses.sort_unstable();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::{
        model::{Host, Locality, Protocol, TrafficPolicy},
        table::{BackendName, Secured},
    };
    use std::sync::Arc;

    fn backend(names: Names, addresses: &[&str]) -> Backend {
        let endpoint = |(number, text): (u32, &&str)| BackendEndpoint {
            address: text.parse().map_or_else(|_| Address::Name(Host::parse(text).unwrap()), Address::Ip),
            port: 80,
            weight: number,
            labels: Arc::default(),
            locality: Locality::parse(&format!("place-{number}")).map(Arc::new),
            network: "".into(),
            service_account: "".into(),
            takes_mesh_tls: false,
        };
        Backend {
            name: BackendName::new(Host::parse("db").unwrap(), None, 80),
            protocol: Protocol::Http,
            is_passthrough: false,
            names,
            endpoints: (1..).zip(addresses).map(endpoint).collect(),
            peers: Arc::default(),
            policy: Arc::new(TrafficPolicy::default()),
            secured: Secured::default(),
        }
    }

    /// The endpoints and their weights.
    fn found(backend: &Backend, addresses: &[Option<&[&str]>]) -> Vec<(String, u32)> {
        let parse = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let addresses: Vec<_> = addresses.iter().map(|texts| texts.as_ref().map(parse)).collect();
        let endpoints = endpoints(backend, &addresses);
        let places = endpoints.iter().all(|endpoint| {
            endpoint.locality.as_ref().unwrap().to_string() == format!("place-{}", endpoint.weight)
        });
        assert!(places, "{endpoints:?}");
        endpoints.iter().map(|endpoint| (endpoint.address.to_string(), endpoint.weight)).collect()
    }

    fn seen(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
        expected.iter().map(|(address, weight)| ((*address).to_owned(), *weight)).collect()
    }

    #[test]
    fn every_address_takes_the_place_of_its_name() {
        let backend = backend(Names::Every, &["a.db", "10.0.0.9", "b.db"]);
        let both = [Some(&["10.0.0.2", "10.0.0.1"][..]), None, Some(&["2001:db8::1"])];
        let expected = [("10.0.0.1", 1), ("10.0.0.2", 1), ("10.0.0.9", 2), ("2001:db8::1", 3)];
        assert_eq!(found(&backend, &both), seen(&expected));
        assert_eq!(found(&backend, &[Some(&[]), None, None]), seen(&[("10.0.0.9", 2)]));
    }

    #[test]
    fn an_address_of_two_names_is_one_endpoint() {
        let backend = backend(Names::Every, &["a.db", "b.db", "10.0.0.1"]);
        let both = [Some(&["10.0.0.1"][..]), Some(&["10.0.0.1", "10.0.0.2"]), None];
        assert_eq!(found(&backend, &both), seen(&[("10.0.0.1", 1), ("10.0.0.2", 2)]));
    }

    #[test]
    fn an_endpoint_at_its_first_address_stays_one_while_there_is_any() {
        let backend = backend(Names::First, &["a.db"]);
        assert_eq!(found(&backend, &[Some(&["10.0.0.2", "10.0.0.1"])]), seen(&[("a.db", 1)]));
        assert_eq!(found(&backend, &[Some(&[])]), []);
        assert_eq!(found(&backend, &[None]), []);
    }
}
