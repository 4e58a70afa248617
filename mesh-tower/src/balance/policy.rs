//! Which endpoint has the turn.

use crate::Tried;
use mesh_core::table::BackendEndpoint;

/// How often another endpoint is chosen in the place of one that the request has tried: Istio's number.
const MOST_FURTHER_CHOICES: usize = 5;

/// The endpoint that has the turn, or one of the next that have it if this request has tried the first ones.
///
/// It is one that was tried after all when the further choices meet none but those.
pub(super) fn choose_untried<'a>(
    endpoints: &'a [BackendEndpoint],
    mut turns: impl FnMut() -> u64,
    tried: Option<&Tried>,
) -> Option<&'a BackendEndpoint> {
    let mut endpoint = choose(endpoints, turns())?;
    let is_tried = |endpoint: &BackendEndpoint| {
        tried.is_some_and(|tried| tried.contains(&endpoint.address, endpoint.port))
    };
    for _ in 0..MOST_FURTHER_CHOICES {
        if !is_tried(endpoint) {
            break;
        }
        endpoint = choose(endpoints, turns())?;
    }
    Some(endpoint)
}

/// The endpoint of the `turn`-th request, each as often as its weight; `None` when there is none.
fn choose(endpoints: &[BackendEndpoint], turn: u64) -> Option<&BackendEndpoint> {
    let count = endpoints.len() as u64;
    let first = endpoints.first()?;
    if endpoints.iter().all(|endpoint| endpoint.weight == first.weight) {
        return endpoints.get(usize::try_from(turn % count).ok()?);
    }
    let total: u64 = endpoints.iter().map(|endpoint| u64::from(endpoint.weight)).sum();
    let mut left = turn % total;
    endpoints.iter().find(|endpoint| {
        let weight = u64::from(endpoint.weight);
        let has_turn = left < weight;
        left = left.saturating_sub(weight);
        has_turn
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::model::Address;
    use std::{net::Ipv4Addr, sync::Arc};

    fn endpoints(weights: &[u32]) -> Vec<BackendEndpoint> {
        let endpoint = |(port, weight): (u16, &u32)| BackendEndpoint {
            address: Address::Ip(Ipv4Addr::LOCALHOST.into()),
            port,
            weight: *weight,
            labels: Arc::default(),
            locality: None,
            network: "".into(),
            service_account: "".into(),
        };
        (0..).zip(weights).map(endpoint).collect()
    }

    #[test]
    fn everyone_gets_a_turn_as_often_as_its_weight() {
        for weights in [&[1, 1, 1][..], &[2, 2], &[1, 3], &[5, 1, 4]] {
            let endpoints = endpoints(weights);
            let total: u32 = weights.iter().sum();
            let mut seen = vec![0; weights.len()];
            for turn in 0..u64::from(total) * 7 {
                seen[usize::from(choose(&endpoints, turn).unwrap().port)] += 1;
            }
            let expected: Vec<u32> = weights.iter().map(|weight| weight * 7).collect();
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn an_endpoint_that_was_tried_is_passed_over_five_times() {
        let endpoints = endpoints(&[1, 1, 1]);
        let tried = Tried::new();
        let mut turn = 0..;
        let mut port = || {
            let endpoint = choose_untried(&endpoints, || turn.next().unwrap(), Some(&tried)).unwrap();
            tried.add(endpoint.address.clone(), endpoint.port);
            endpoint.port
        };
        assert_eq!([port(), port(), port()], [0, 1, 2]);
        // All were tried: the sixth choice is taken as it is.
        assert_eq!(port(), 2);
        assert_eq!(turn.next(), Some(9));
    }

    #[test]
    fn nobody_is_chosen_from_nobody() {
        assert_eq!(choose(&[], 3), None);
    }
}
