//! Who is believed in a handshake, by both ends alike.

use crate::authority::{Authority, Leaf, domain, leaf_of, valid_between};
use mesh_core::identity::{
    Credentials, PeerFault, PeerVerifier, Peers, SpiffeId, Svid, TrustBundle, client_config, provider,
    server_config,
};
use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose};
use rustls::{
    CertificateError, ClientConnection, Connection, OtherError, ServerConnection, SupportedProtocolVersion,
    client::danger::ServerCertVerifier,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::ClientCertVerifier,
    version::{TLS12, TLS13},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

const PRODUCT: &str = "spiffe://cluster.local/ns/shop/sa/product";
const REVIEW: &str = "spiffe://cluster.local/ns/shop/sa/review";

fn id(text: &str) -> SpiffeId {
    SpiffeId::parse(text).expect("a SPIFFE id")
}

fn everyone() -> Peers {
    Peers::of(vec![domain("cluster.local")])
}

/// What a server, and what a client, makes of a peer that shows this; both must say the same.
fn judged(verifier: &PeerVerifier, shown: &[CertificateDer<'static>]) -> Result<(), rustls::Error> {
    let now = UnixTime::now();
    let name = ServerName::try_from("any.example").expect("a name");
    let client = verifier.verify_client_cert(&shown[0], &shown[1..], now).map(|_| ());
    let server = verifier.verify_server_cert(&shown[0], &shown[1..], &name, &[], now).map(|_| ());
    assert_eq!(format!("{client:?}"), format!("{server:?}"));
    client
}

fn fault(refused: Result<(), rustls::Error>) -> PeerFault {
    match refused {
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(fault)))) => {
            fault.downcast_ref::<PeerFault>().expect("a fault of ours").clone()
        }
        other => panic!("refused for another reason: {other:?}"),
    }
}

fn verifier(trust: &TrustBundle, peers: Peers) -> PeerVerifier {
    PeerVerifier::new(trust, peers)
}

#[test]
fn a_workload_of_the_mesh_is_believed() {
    let authority = Authority::new();
    let verifier = verifier(&authority.trust("cluster.local"), everyone());
    judged(&verifier, &authority.sign(&leaf_of(&[PRODUCT])).chain).expect("believed");
}

#[test]
fn one_through_an_intermediate_is_believed_and_not_without_it() {
    let authority = Authority::new();
    let intermediate = authority.intermediate();
    let verifier = verifier(&authority.trust("cluster.local"), everyone());
    let mut leaf = intermediate.sign(&leaf_of(&[PRODUCT]));
    assert_eq!(
        judged(&verifier, &leaf.chain),
        Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    );
    leaf.chain.push(intermediate.root);
    judged(&verifier, &leaf.chain).expect("believed");
}

#[test]
fn one_that_another_authority_signed_is_not() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let refused =
        judged(&verifier(&ours.trust("cluster.local"), everyone()), &theirs.sign(&leaf_of(&[PRODUCT])).chain);
    assert!(matches!(refused, Err(rustls::Error::InvalidCertificate(_))), "{refused:?}");
}

#[test]
fn an_authority_speaks_for_its_own_trust_domain_alone() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut trust = ours.trust("cluster.local");
    trust.0.extend(theirs.trust("partner").0);
    let peers = Peers::of(vec![domain("cluster.local"), domain("partner")]);
    let verifier = verifier(&trust, peers);
    judged(&verifier, &theirs.sign(&leaf_of(&["spiffe://partner/ns/a/sa/b"])).chain).expect("believed");
    let impostor = judged(&verifier, &theirs.sign(&leaf_of(&[PRODUCT])).chain);
    assert!(matches!(impostor, Err(rustls::Error::InvalidCertificate(_))), "{impostor:?}");
}

#[test]
fn another_trust_domain_counts_as_an_alias_only() {
    let authority = Authority::new();
    let trust = authority.trust("cluster.local");
    let old = authority.sign(&leaf_of(&["spiffe://old.name/ns/shop/sa/product"]));
    let refused = fault(judged(&verifier(&trust, everyone()), &old.chain));
    assert_eq!(refused, PeerFault::TrustDomain(id("spiffe://old.name/ns/shop/sa/product")));
    let aliased = Peers::of(vec![domain("cluster.local"), domain("old.name")]);
    judged(&verifier(&trust, aliased), &old.chain).expect("believed");
}

#[test]
fn a_partner_of_whom_the_bundle_knows_counts_where_it_is_listed() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut trust = ours.trust("cluster.local");
    trust.0.extend(theirs.trust("partner").0);
    let partner = theirs.sign(&leaf_of(&["spiffe://partner/ns/a/sa/b"]));
    let refused = fault(judged(&verifier(&trust, everyone()), &partner.chain));
    assert_eq!(refused, PeerFault::TrustDomain(id("spiffe://partner/ns/a/sa/b")));
    let listed = Peers::only(vec![domain("cluster.local")], [id("spiffe://partner/ns/a/sa/b")]);
    judged(&verifier(&trust, listed), &partner.chain).expect("believed");
}

#[test]
fn only_who_is_expected_is_believed_by_each_name_of_the_mesh() {
    let authority = Authority::new();
    let trust = authority.trust("cluster.local");
    let domains = vec![domain("cluster.local"), domain("old.name")];
    let verifier = verifier(&trust, Peers::only(domains, [id(PRODUCT)]));
    judged(&verifier, &authority.sign(&leaf_of(&[PRODUCT])).chain).expect("believed");
    judged(&verifier, &authority.sign(&leaf_of(&["spiffe://old.name/ns/shop/sa/product"])).chain)
        .expect("believed");
    let refused = fault(judged(&verifier, &authority.sign(&leaf_of(&[REVIEW])).chain));
    assert_eq!(refused, PeerFault::Unexpected(id(REVIEW)));
}

#[test]
fn nobody_is_believed_where_nobody_is_listed_or_no_authority_is_known() {
    let authority = Authority::new();
    let product = authority.sign(&leaf_of(&[PRODUCT])).chain;
    let nobody = Peers::only(vec![domain("cluster.local")], []);
    let refused = fault(judged(&verifier(&authority.trust("cluster.local"), nobody), &product));
    assert_eq!(refused, PeerFault::Unexpected(id(PRODUCT)));
    let refused = fault(judged(&verifier(&TrustBundle::default(), everyone()), &product));
    assert_eq!(refused, PeerFault::TrustDomain(id(PRODUCT)));
}

#[test]
fn a_certificate_whose_time_is_not_now_is_refused() {
    let authority = Authority::new();
    let verifier = verifier(&authority.trust("cluster.local"), everyone());
    let (hour, now) = (Duration::from_secs(3600), SystemTime::now());
    for from in [now - 2 * hour, now + hour] {
        let mut params = leaf_of(&[PRODUCT]);
        valid_between(&mut params, from, hour);
        let leaf = authority.sign(&params);
        let refused = judged(&verifier, &leaf.chain);
        assert!(matches!(refused, Err(rustls::Error::InvalidCertificate(_))), "{refused:?}");
        assert_eq!(Svid::of_peer(&leaf.chain, now), Err(PeerFault::Expired(id(PRODUCT))));
    }
}

#[test]
fn a_certificate_that_is_none_of_a_workload_is_refused() {
    let authority = Authority::new();
    let verifier = verifier(&authority.trust("cluster.local"), everyone());
    let refused = |params: rcgen::CertificateParams| fault(judged(&verifier, &authority.sign(&params).chain));
    assert_eq!(refused(leaf_of(&[])), PeerFault::Names(0));
    assert_eq!(refused(leaf_of(&[PRODUCT, REVIEW])), PeerFault::Names(2));
    assert!(matches!(refused(leaf_of(&["https://cluster.local/ns/shop"])), PeerFault::Id(_)));
    assert!(matches!(refused(leaf_of(&["spiffe://cluster.local/ns/../sa/product"])), PeerFault::Id(_)));
    assert_eq!(refused(leaf_of(&["spiffe://cluster.local"])), PeerFault::NoWorkload);
    let mut signs = leaf_of(&[PRODUCT]);
    signs.key_usages.push(KeyUsagePurpose::KeyCertSign);
    assert_eq!(refused(signs), PeerFault::Authority);
    let mut authority_itself = leaf_of(&[PRODUCT]);
    authority_itself.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(refused(authority_itself), PeerFault::Authority);
}

#[test]
fn noise_is_no_certificate() {
    let authority = Authority::new();
    let mut whole = authority.sign(&leaf_of(&[PRODUCT])).chain[0].to_vec();
    whole.push(0);
    for noise in [Vec::new(), vec![0x30, 0x82], whole] {
        assert_eq!(Svid::read(&CertificateDer::from(noise)), Err(PeerFault::Unreadable));
    }
    assert_eq!(Svid::of_peer(&[], SystemTime::now()), Err(PeerFault::Unreadable));
}

/// Shakes hands in memory; both ends must agree that it succeeded.
fn shake(
    client: &Credentials,
    server: &Credentials,
    expected: Peers,
    version: &'static SupportedProtocolVersion,
) -> Result<(Connection, Connection), rustls::Error> {
    let of = |credentials: &Credentials, peers| Arc::new(PeerVerifier::new(&credentials.trust, peers));
    let accepts = server_config(server, of(server, everyone()), &[version], &[b"h2"])?;
    let connects = client_config(client, of(client, expected), &[version], &[b"istio", b"h2"])?;
    let name = ServerName::try_from("outbound_.80_._.product.shop").expect("a name");
    let mut client = Connection::from(ClientConnection::new(Arc::new(connects), name)?);
    let mut server = Connection::from(ServerConnection::new(Arc::new(accepts))?);
    while client.is_handshaking() || server.is_handshaking() {
        for (from, to) in [(0, 1), (1, 0)] {
            let ends = [&mut client, &mut server];
            let mut wire = Vec::new();
            while ends[from].wants_write() {
                ends[from].write_tls(&mut wire).expect("memory takes everything");
            }
            let mut wire = wire.as_slice();
            while !wire.is_empty() {
                ends[to].read_tls(&mut wire).expect("memory gives everything");
                ends[to].process_new_packets()?;
            }
        }
    }
    Ok((client, server))
}

#[test]
fn both_ends_learn_who_the_other_is() {
    let authority = Authority::new();
    let (product, review) = (authority.credentials(PRODUCT), authority.credentials(REVIEW));
    let expected = Peers::only(vec![domain("cluster.local")], [id(PRODUCT)]);
    for version in [&TLS12, &TLS13] {
        let (client, server) = shake(&review, &product, expected.clone(), version).expect("hands are shaken");
        let seen = |end: &Connection| {
            let shown = end.peer_certificates().expect("certificates");
            Svid::of_peer(shown, SystemTime::now()).expect("a workload").id
        };
        assert_eq!((seen(&client), seen(&server)), (id(PRODUCT), id(REVIEW)));
        assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
        let suite = client.negotiated_cipher_suite().expect("a suite");
        assert!(provider().cipher_suites.contains(&suite));
    }
}

#[test]
fn hands_are_not_shaken_with_another_workload_or_mesh() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (product, review) = (ours.credentials(PRODUCT), ours.credentials(REVIEW));
    let stranger = theirs.credentials(PRODUCT);
    let expected = Peers::only(vec![domain("cluster.local")], [id(PRODUCT)]);
    for version in [&TLS12, &TLS13] {
        assert!(shake(&product, &review, expected.clone(), version).is_err(), "review is not product");
        assert!(shake(&review, &stranger, everyone(), version).is_err(), "the client refuses");
        assert!(shake(&stranger, &review, everyone(), version).is_err(), "the server refuses");
    }
}

/// A key that is not the certificate's proves nothing, whatever the certificate says.
#[test]
fn a_stolen_certificate_without_its_key_is_no_credentials() {
    let authority = Authority::new();
    let Leaf { chain, .. } = authority.sign(&leaf_of(&[PRODUCT]));
    let other = authority.sign(&leaf_of(&[REVIEW]));
    let refused = Credentials::new(chain, &other.private(), authority.trust("cluster.local"));
    assert_eq!(
        refused.expect_err("not its key").to_string(),
        format!("the private key does not belong to the certificate of {PRODUCT}")
    );
}
