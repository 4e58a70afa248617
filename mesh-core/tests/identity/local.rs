//! The mesh's own authority.

use mesh_core::identity::{
    Credentials, Issuer, LocalCa, PeerVerifier, Peers, SpiffeId, TrustDomain,
    local::{Roots, serve_ca},
};
use rustls::{pki_types::UnixTime, server::danger::ClientCertVerifier};
use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("ca")
    }

    fn workload(&self, account: &str) -> LocalCa {
        let id = SpiffeId::of_workload(&TrustDomain::default(), "shop", account).expect("an id");
        LocalCa::new(self.folder(), id)
    }
}

fn believes(credentials: &Credentials, other: &Credentials) -> bool {
    let peers = Peers::of(vec![TrustDomain::default()]);
    let verifier = PeerVerifier::new(&credentials.trust, peers);
    verifier.verify_client_cert(&other.key.cert[0], &other.key.cert[1..], UnixTime::now()).is_ok()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o777
}

#[tokio::test]
async fn workloads_get_certificates_that_the_others_believe() {
    let place = Place::new();
    let (mut product, mut review) = (place.workload("product"), place.workload("review"));
    let now = SystemTime::now();
    let [product, review] =
        [product.issue().await, review.issue().await].map(|issued| issued.expect("credentials"));
    assert_eq!(product.id.as_str(), "spiffe://cluster.local/ns/shop/sa/product");
    let left = product.not_after.duration_since(now).expect("valid");
    let day = Duration::from_secs(24 * 3600);
    assert!(left > day - Duration::from_secs(5) && left <= day + Duration::from_secs(5), "{left:?}");
    assert!(believes(&product, &review) && believes(&review, &product));
    assert_eq!(mode(&place.folder()), 0o700);
    assert_eq!(mode(&place.folder().join("root.pem")), 0o600);
    assert_eq!(mode(&place.folder().join("ca.sock")), 0o600);
}

#[tokio::test]
async fn a_certificate_says_no_more_than_who_its_workload_is() {
    use x509_parser::{extensions::GeneralName, prelude::FromDer};
    let place = Place::new();
    let credentials = place.workload("product").issue().await.expect("credentials");
    let der = &credentials.key.cert[0];
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).expect("a certificate");
    assert_eq!(certificate.subject().iter().count(), 0);
    let names = certificate.subject_alternative_name().expect("readable").expect("names");
    assert!(names.critical, "where the subject is empty, the names are critical");
    let expected = GeneralName::URI("spiffe://cluster.local/ns/shop/sa/product");
    assert_eq!(names.value.general_names, [expected]);
    let usage = certificate.key_usage().expect("readable").expect("a usage").value;
    assert!(usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
    let constraints = certificate.basic_constraints().expect("readable").expect("constraints");
    assert!(!constraints.value.ca);
    let extended = certificate.extended_key_usage().expect("readable").expect("a usage").value;
    assert!(extended.client_auth && extended.server_auth && !extended.any);
}

#[tokio::test]
async fn whoever_starts_at_once_agrees_on_one_root() {
    let place = Place::new();
    let started = (0..16).map(|number| {
        let mut workload = place.workload(&format!("w{number}"));
        tokio::spawn(async move { (workload.issue().await.expect("credentials"), workload) })
    });
    let mut all = Vec::new();
    for one in started.collect::<Vec<_>>() {
        all.push(one.await.expect("it did not panic"));
    }
    let (first, _) = &all[0];
    assert!(all.iter().all(|(other, _)| other.trust == first.trust), "one root");
    let left = fs::read_dir(place.folder()).expect("a folder").flatten();
    let drafts = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".root"));
    assert_eq!(drafts.count(), 0, "no draft of a root is left behind");
}

#[tokio::test]
async fn when_the_one_who_answers_ends_another_takes_over_with_the_same_root() {
    let place = Place::new();
    let (mut first, mut second, mut third) = (place.workload("a"), place.workload("b"), place.workload("c"));
    let before = first.issue().await.expect("credentials");
    second.issue().await.expect("the first one answers");
    drop(first);
    let after = second.issue().await.expect("the second one answers itself");
    assert_eq!(before.trust, after.trust);
    third.issue().await.expect("and others");
}

/// A process that is killed removes nothing.
#[tokio::test]
async fn a_socket_that_nobody_answers_at_is_taken_over() {
    let place = Place::new();
    Roots::at(place.folder()).prepare().expect("prepared");
    drop(std::os::unix::net::UnixListener::bind(place.folder().join("ca.sock")).expect("bound"));
    place.workload("a").issue().await.expect("credentials");
}

#[tokio::test]
async fn a_root_that_others_can_read_or_a_folder_that_they_can_write_to_is_refused() {
    let place = Place::new();
    place.workload("a").issue().await.expect("credentials");
    let root = place.folder().join("root.pem");
    fs::set_permissions(&root, Permissions::from_mode(0o640)).expect("changed");
    let refused = place.workload("a").issue().await.expect_err("too open").to_string();
    assert!(refused.contains("root.pem: others can read the root's key (chmod 600 it"), "{refused}");
    fs::set_permissions(&root, Permissions::from_mode(0o600)).expect("changed");

    fs::set_permissions(place.folder(), Permissions::from_mode(0o770)).expect("changed");
    let refused = place.workload("a").issue().await.expect_err("too open").to_string();
    assert!(refused.contains("others can write to the authority's folder"), "{refused}");
    fs::set_permissions(place.folder(), Permissions::from_mode(0o700)).expect("changed");
    place.workload("a").issue().await.expect("credentials");
}

/// What the authority answers a thread of another user, which sends it no signing request.
fn asked_as(uid: u32, socket: &Path, account: &str) -> String {
    // Of this thread alone, which ends with it.
    let thread = std::thread::scope(|scope| {
        let ask = scope.spawn(|| -> std::io::Result<String> {
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(uid))?;
            let mut stream = std::os::unix::net::UnixStream::connect(socket)?;
            let id = format!("spiffe://cluster.local/ns/shop/sa/{account}");
            writeln!(stream, "{{\"id\":\"{id}\",\"seconds\":60,\"request\":\"\"}}")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        ask.join().expect("it did not panic")
    });
    thread.expect("answered")
}

#[tokio::test]
async fn a_user_that_is_not_allowed_is_refused_by_what_the_kernel_says_of_it() {
    let place = Place::new();
    let own = fs::metadata(place.0.path()).expect("a folder").uid();
    if own != 0 {
        return eprintln!("only root can be another user");
    }
    let allowed = vec!["1001=shop/product".parse().expect("a workload")];
    let answering = tokio::spawn(serve_ca(Roots::at(place.folder()), allowed));
    let socket = place.folder().join("ca.sock");
    while tokio::net::UnixStream::connect(&socket).await.is_err() {
        tokio::task::yield_now().await;
    }
    fs::set_permissions(place.0.path(), Permissions::from_mode(0o711)).expect("changed");
    assert_eq!([mode(&place.folder()), mode(&socket)], [0o711, 0o666]);
    let answer = async |uid, account: &str| {
        let (socket, account) = (socket.clone(), account.to_owned());
        tokio::task::spawn_blocking(move || asked_as(uid, &socket, &account)).await.expect("asked")
    };
    let refused = answer(1001, "review").await;
    assert!(refused.contains("user 1001 may not be spiffe://cluster.local/ns/shop/sa/review"), "{refused}");
    let refused = answer(1002, "product").await;
    assert!(refused.contains("user 1002 may not be"), "{refused}");
    // Allowed, and told only then that what it sent is no signing request.
    let heard = answer(1001, "product").await;
    assert!(heard.contains("the signing request cannot be read"), "{heard}");
    answering.abort();
}

#[tokio::test]
async fn an_authority_of_its_own_answers_and_only_one_does() {
    let place = Place::new();
    let answering = tokio::spawn(serve_ca(Roots::at(place.folder()), Vec::new()));
    let socket = place.folder().join("ca.sock");
    while tokio::net::UnixStream::connect(&socket).await.is_err() {
        tokio::task::yield_now().await;
    }
    place.workload("a").issue().await.expect("credentials");
    let second = serve_ca(Roots::at(place.folder()), Vec::new()).await;
    assert!(second.expect_err("one is enough").to_string().ends_with("another process answers here already"));
    answering.abort();
}

#[tokio::test]
async fn noise_at_the_socket_harms_nobody() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let place = Place::new();
    let mut workload = place.workload("a");
    workload.issue().await.expect("credentials");
    for noise in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"{}\n",
        b"{\"id\":\"x\",\"seconds\":1,\"request\":\"\"}\n",
        &[0; 300_000],
    ] {
        let mut stream =
            tokio::net::UnixStream::connect(place.folder().join("ca.sock")).await.expect("connected");
        let _ = stream.write_all(noise).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with(b"{\"refused\""), "{answer:?}");
    }
    place.workload("b").issue().await.expect("credentials");
}

#[tokio::test]
async fn both_roots_are_believed_while_the_root_changes() {
    let place = Place::new();
    let roots = Roots::at(place.folder());
    let (mut product, mut review) = (place.workload("product"), place.workload("review"));
    let before = product.issue().await.expect("credentials");

    roots.announce().expect("announced");
    assert!(roots.announce().is_err(), "one at a time");
    tokio::time::timeout(Duration::from_secs(5), product.changed()).await.expect("seen");
    let during = product.issue().await.expect("credentials");
    assert!(believes(&before, &during) && believes(&during, &before), "the old one signs");
    assert_eq!(during.trust.0[&TrustDomain::default()].len(), 2);

    roots.promote().expect("promoted");
    let after = review.issue().await.expect("credentials");
    assert!(believes(&during, &after), "who has seen the announcement believes the new one");
    assert!(believes(&after, &during), "and certificates of the old one are believed");
    assert!(!believes(&before, &after), "who has not seen it does not");
    assert!(roots.promote().is_err(), "none is to come");

    for kept in fs::read_dir(place.folder().join("roots")).expect("a folder").flatten() {
        let text = fs::read_to_string(kept.path()).expect("a text");
        assert!(!text.contains("PRIVATE"), "no key is kept there");
        fs::remove_file(kept.path()).expect("removed");
    }
    let last = review.issue().await.expect("credentials");
    assert!(!believes(&last, &during) && believes(&last, &after), "the old one is gone");
}

#[tokio::test]
async fn short_lives_are_granted_and_long_ones_are_not() {
    let place = Place::new();
    let left = async |lifetime| {
        let mut workload = place.workload("a").with_lifetime(lifetime);
        let credentials = workload.issue().await.expect("credentials");
        credentials.not_after.duration_since(SystemTime::now()).expect("valid")
    };
    assert!(left(Duration::from_secs(20)).await <= Duration::from_secs(20));
    assert!(left(Duration::from_secs(90 * 24 * 3600)).await <= Duration::from_secs(24 * 3600));
}
