//! Which users may have certificates of which workloads.

use crate::identity::SpiffeId;
use std::{fmt, str::FromStr};

/// Lets a user of the machine have certificates of workloads: `1001=shop/product`, or `1001=shop/*` for all of a
/// namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    uid: u32,
    namespace: String,
    /// `None`: all of them.
    account: Option<String>,
}

/// Why a text lets nobody have anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAllow;

impl fmt::Display for InvalidAllow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a user's number and a workload (write 1001=shop/product, or 1001=shop/* for all of shop)",
        )
    }
}

impl std::error::Error for InvalidAllow {}

impl FromStr for Allow {
    type Err = InvalidAllow;

    fn from_str(text: &str) -> Result<Self, InvalidAllow> {
        let (uid, workload) = text.split_once('=').ok_or(InvalidAllow)?;
        let (namespace, account) = workload.split_once('/').ok_or(InvalidAllow)?;
        let uid = uid.trim().parse().map_err(|_| InvalidAllow)?;
        let is_whole = !namespace.is_empty() && !account.is_empty() && !account.contains('/');
        let account = (account != "*").then(|| account.to_owned());
        is_whole.then(|| Self { uid, namespace: namespace.to_owned(), account }).ok_or(InvalidAllow)
    }
}

/// Whether a user may have a certificate of a workload: the authority's own user may, and who is allowed.
pub(super) fn may_have(own: u32, allowed: &[Allow], uid: u32, id: &SpiffeId) -> bool {
    let Some((namespace, account)) = id.workload() else { return false };
    let covers = |allow: &Allow| {
        allow.uid == uid
            && allow.namespace == namespace
            && allow.account.as_deref().is_none_or(|allowed| allowed == account)
    };
    uid == own || allowed.iter().any(covers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_what_it_is_allowed_and_the_authoritys_own_everything() {
        let allowed = ["1001=shop/product", "1002=shop/*"].map(|text| text.parse().unwrap());
        let id = |path: &str| SpiffeId::parse(&format!("spiffe://cluster.local/{path}")).unwrap();
        let (product, review) = (id("ns/shop/sa/product"), id("ns/shop/sa/review"));
        let may = |uid, id: &SpiffeId| may_have(0, &allowed, uid, id);
        assert_eq!([may(0, &product), may(0, &review)], [true, true]);
        assert_eq!([may(1001, &product), may(1001, &review)], [true, false]);
        assert_eq!([may(1002, &product), may(1002, &review)], [true, true]);
        assert_eq!([may(1003, &product), may(1002, &id("ns/other/sa/review"))], [false, false]);
        assert!(!may(0, &id("another/form")), "only what has Istio's form is signed");
    }

    #[test]
    fn nonsense_allows_nothing() {
        for text in
            ["", "shop/product", "x=shop/product", "1=shop", "1=/product", "1=shop/", "1=a/b/c", "-1=a/b"]
        {
            assert_eq!(text.parse::<Allow>(), Err(InvalidAllow), "{text}");
        }
    }
}
