//! What grows, and how much.

use benches::{policy, rule, rules, services, virtual_service};
use clap::ValueEnum;
use serde::Serialize;
use std::fmt;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Services, with two subsets and two rules each.
    Hosts,
    /// Rules of one host, for a prefix each.
    Rules,
    /// Instances of one service.
    Endpoints,
    /// Policies for one workload, which allow something each.
    Policies,
}

/// How many rules are in one document: a file has a million values at most. Where there are more, the document hands over
/// to others.
const IN_ONE_DOCUMENT: usize = 10_000;

/// The same service, once and changed.
pub(crate) struct Texts {
    /// A file for each document or two.
    pub(crate) each: Vec<String>,
    /// Which file changes.
    pub(crate) changing: usize,
    /// What it becomes.
    pub(crate) changed: String,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Hosts, Self::Rules, Self::Endpoints, Self::Policies];

    /// The sizes that are measured.
    pub(crate) const fn sizes(self) -> &'static [usize] {
        match self {
            Self::Hosts => &[10, 100, 1_000, 10_000, 100_000],
            Self::Rules => &[10, 100, 1_000, 10_000, 100_000],
            Self::Endpoints => &[2, 10, 100, 1_000, 10_000],
            Self::Policies => &[0, 1, 10, 100, 1_000],
        }
    }

    /// The documents of a size. What changes is in the middle.
    pub(crate) fn texts(self, size: usize) -> Texts {
        let changing = size / 2;
        match self {
            Self::Hosts => Texts {
                each: (0..size).map(|number| service(number) + &virtual_service(number, 90)).collect(),
                changing,
                changed: service(changing) + &virtual_service(changing, 80),
            },
            Self::Rules if size > IN_ONE_DOCUMENT => delegated(size),
            Self::Rules => Texts {
                each: vec![services(1), rules(size, None)],
                changing: 1,
                changed: rules(size, Some(changing)),
            },
            Self::Endpoints => {
                let each = [services(1) + &rules(1, None)]
                    .into_iter()
                    .chain((0..size).map(|number| endpoint(number, 1)));
                Texts { each: each.collect(), changing: changing + 1, changed: endpoint(changing, 2) }
            }
            Self::Policies => {
                let each = [services(1) + &rules(1, None)]
                    .into_iter()
                    .chain((0..size).map(|number| policy(number, "GET")));
                let changed =
                    if size == 0 { services(1) + &rules(1, Some(0)) } else { policy(changing, "PUT") };
                Texts { each: each.collect(), changing: if size == 0 { 0 } else { changing + 1 }, changed }
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hosts => "hosts",
            Self::Rules => "rules of one host",
            Self::Endpoints => "endpoints",
            Self::Policies => "policies",
        })
    }
}

/// The Service and the DestinationRule of one number, as those of all of them are.
fn service(number: usize) -> String {
    services(1).replace("service-0", &format!("service-{number}"))
}

/// So many rules of `service-0` in documents that it hands over to, of which the one in the middle changes.
fn delegated(size: usize) -> Texts {
    let count = size / IN_ONE_DOCUMENT;
    let part = |number: usize, changed: Option<usize>| {
        let first = number * IN_ONE_DOCUMENT;
        let rules = (first..first + IN_ONE_DOCUMENT).map(|number| rule(number, changed == Some(number)));
        format!("{}  http:\n{}---\n", head(&format!("part-{number}")), rules.collect::<String>())
    };
    let parts = (0..count).map(|number| format!("  - delegate:\n      name: part-{number}\n"));
    let root = format!(
        "{}  hosts:\n  - service-0\n  http:\n{}  - route:\n    - destination:\n        host: service-0\n---\n",
        head("service-0"),
        parts.collect::<String>()
    );
    let each = [services(1), root].into_iter().chain((0..count).map(|number| part(number, None)));
    let changed = part(count / 2, Some(size / 2));
    Texts { each: each.collect(), changing: 2 + count / 2, changed }
}

fn head(name: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n"
    )
}

/// An instance of `service-0`. An entry of the mesh's own, as services without a selector have.
fn endpoint(number: usize, weight: usize) -> String {
    let [high, low] = [number / 250, number % 250 + 1];
    format!(
        "apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: service-0-{number}
  namespace: shop
  labels:
    kubernetes.io/service-name: service-0
    slice: '{weight}'
addressType: IPv4
ports:
- name: http
  port: {port}
endpoints:
- addresses:
  - 10.0.{high}.{low}
---
",
        port = 8080 + weight,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_changes_and_changes_to_something_else() {
        for kind in Kind::ALL {
            for size in kind.sizes().iter().copied().filter(|size| *size <= 100 || kind == Kind::Rules) {
                let texts = kind.texts(size);
                assert_ne!(texts.each[texts.changing], texts.changed, "{kind} {size}");
            }
        }
    }
}
