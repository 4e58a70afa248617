//! Credentials, and the cell that holds those of now.

use crate::authority::{Authority, domain, leaf_of, valid_between};
use mesh_core::identity::{Credentials, Identity, NoIdentity, PerCredentials, SpiffeId, TrustBundle};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

const PRODUCT: &str = "spiffe://cluster.local/ns/shop/sa/product";

#[test]
fn no_handshake_has_credentials_before_they_come_or_after_their_time() {
    let authority = Authority::new();
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    let identity = Identity::default();
    assert_eq!(identity.valid(now).expect_err("none yet"), NoIdentity::NoneYet);

    let mut params = leaf_of(&[PRODUCT]);
    valid_between(&mut params, now - hour, 2 * hour);
    let leaf = authority.sign(&params);
    let trust = authority.trust("cluster.local");
    identity.replace(Credentials::new(leaf.chain.clone(), &leaf.private(), trust).expect("credentials"));
    assert_eq!(identity.valid(now).expect("valid").id.as_str(), PRODUCT);
    let id = SpiffeId::parse(PRODUCT).expect("an id");
    for moment in [now + 2 * hour, now - 2 * hour] {
        assert_eq!(identity.valid(moment).expect_err("not now"), NoIdentity::Expired(id.clone()));
    }
}

#[test]
fn credentials_trust_somebody_of_their_own_domain() {
    let authority = Authority::new();
    let leaf = authority.sign(&leaf_of(&[PRODUCT]));
    for trust in [TrustBundle::default(), authority.trust("another.domain")] {
        let refused = Credentials::new(leaf.chain.clone(), &leaf.private(), trust);
        assert_eq!(
            refused.expect_err("nobody is trusted").to_string(),
            format!("no certificate of an authority of cluster.local comes with that of {PRODUCT}")
        );
    }
}

#[test]
fn no_key_and_no_certificate_is_in_what_a_log_shows() {
    let authority = Authority::new();
    let identity = Identity::default();
    identity.replace(authority.credentials(PRODUCT));
    let shown = format!("{identity:?}");
    assert!(shown.contains(PRODUCT), "{shown}");
    assert!(!shown.contains("key") && !shown.contains("0x") && shown.len() < 400, "{shown}");
}

#[test]
fn what_is_made_of_credentials_goes_with_them() {
    let authority = Authority::new();
    let first = Arc::new(authority.credentials(PRODUCT));
    let second = Arc::new(authority.credentials(PRODUCT));
    let kept = PerCredentials::<&str, u32>::default();
    let get = |credentials, made| *kept.get::<()>(credentials, "a", || Ok(made)).expect("made");
    assert_eq!((get(&first, 1), get(&first, 2)), (1, 1));
    assert_eq!(get(&second, 3), 3);
    assert_eq!(get(&first, 4), 4, "the old ones are forgotten");
    assert_eq!(kept.get(&first, "b", || Err("refused")), Err("refused"));
    assert_eq!(kept.get::<()>(&first, "b", || Ok(5)).as_deref(), Ok(&5));
}

#[test]
fn a_workload_has_each_name_of_its_mesh() {
    let id = SpiffeId::parse(PRODUCT).expect("an id");
    let names: Vec<_> = id.by_all_names(&[domain("old"), domain("cluster.local")]).collect();
    let names: Vec<_> = names.iter().map(SpiffeId::as_str).collect();
    assert_eq!(names, [PRODUCT, "spiffe://old/ns/shop/sa/product"]);
    let other = SpiffeId::parse("spiffe://cluster.local/another/form").expect("an id");
    assert_eq!(other.clone().by_all_names(&[domain("old")]).collect::<Vec<_>>(), [other]);
}
