//! Principals of the mesh's own trust domain, which may have several names.

use crate::model::{Glob, Trust};

/// What stands for the mesh's own trust domain in a policy, whatever that is called.
const OWN: &str = "cluster.local";

/// The names of the mesh's own trust domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Domains(Vec<Box<str>>);

impl Domains {
    pub(super) fn of(trust: &Trust) -> Self {
        let names = std::iter::once(&trust.domain).chain(&trust.aliases);
        Self(names.map(|domain| domain.as_str().into()).collect())
    }

    /// The principals that one of a policy stands for: where it names the mesh's own trust domain, by any of its
    /// names, those of all its names.
    pub(super) fn principals(&self, written: &Glob) -> Vec<Glob> {
        let renamed = |rest: &str, glob: fn(Box<str>) -> Glob| {
            self.0.iter().map(|domain| glob(format!("{domain}{rest}").into())).collect()
        };
        match written {
            Glob::Exact(text) => match self.split(text) {
                Some(rest) => renamed(rest, Glob::Exact),
                None => vec![written.clone()],
            },
            Glob::Prefix(text) => match self.split(text) {
                Some(rest) => renamed(rest, Glob::Prefix),
                None => vec![written.clone()],
            },
            Glob::Suffix(text) => self.suffixed(written, text),
            Glob::Present => vec![Glob::Present],
        }
    }

    /// The trust domains that one of a policy stands for.
    pub(super) fn trust_domains(&self, written: &Glob) -> Vec<Glob> {
        match written {
            Glob::Exact(text) if &**text == OWN => {
                self.0.iter().map(|domain| Glob::Exact(domain.clone())).collect()
            }
            other => vec![other.clone()],
        }
    }

    /// What follows the trust domain, from its slash on, if that is the mesh's own.
    fn split<'t>(&self, principal: &'t str) -> Option<&'t str> {
        let slash = principal.find('/')?;
        let (domain, rest) = principal.split_at(slash);
        (domain == OWN || self.0.iter().any(|own| **own == *domain)).then_some(rest)
    }

    /// `*end/ns/…`: any trust domain that ends so, and if the mesh's own has such a name, its other names too.
    fn suffixed(&self, written: &Glob, text: &str) -> Vec<Glob> {
        let mut all = vec![written.clone()];
        let Some(slash) = text.find('/').filter(|slash| *slash > 0) else { return all };
        let (end, rest) = text.split_at(slash);
        if self.0.iter().any(|domain| domain.ends_with(end)) {
            let others = self.0.iter().filter(|domain| !domain.ends_with(end));
            all.extend(others.map(|domain| Glob::Exact(format!("{domain}{rest}").into())));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::TrustDomain;

    #[test]
    fn the_own_trust_domain_has_all_its_names() {
        let trust = Trust {
            domain: TrustDomain::parse("new").unwrap(),
            aliases: vec![TrustDomain::parse("old.td").unwrap()],
            ..Trust::default()
        };
        let domains = Domains::of(&trust);
        for (written, expected) in [
            ("cluster.local/ns/a/sa/b", &["new/ns/a/sa/b", "old.td/ns/a/sa/b"][..]),
            ("old.td/ns/a*", &["new/ns/a*", "old.td/ns/a*"]),
            ("other/ns/a/sa/b", &["other/ns/a/sa/b"]),
            ("*/ns/a/sa/b", &["*/ns/a/sa/b"]),
            ("*.td/ns/a/sa/b", &["*.td/ns/a/sa/b", "new/ns/a/sa/b"]),
            ("clu*", &["clu*"]),
            ("*", &["*"]),
        ] {
            let got = domains.principals(&Glob::parse(written).unwrap());
            let got: Vec<String> = got.iter().map(ToString::to_string).collect();
            assert_eq!(got, expected, "{written}");
        }
    }
}
