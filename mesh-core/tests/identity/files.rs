//! Certificates from files that somebody else renews.

use crate::authority::{Authority, Leaf, leaf_of};
use mesh_core::identity::{CertificateFiles, Issuer};
use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};
use tempfile::TempDir;

const PRODUCT: &str = "spiffe://cluster.local/ns/shop/sa/product";

fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn write(folder: &Path, [chain, key, roots]: [&str; 3], authority: &Authority, leaf: &Leaf) {
    fs::write(folder.join(chain), pem("CERTIFICATE", &leaf.chain[0])).expect("written");
    fs::write(folder.join(key), leaf.key.serialize_pem()).expect("written");
    fs::write(folder.join(roots), pem("CERTIFICATE", &authority.root)).expect("written");
}

const ISTIO: [&str; 3] = ["cert-chain.pem", "key.pem", "root-cert.pem"];
const SECRET: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

#[tokio::test]
async fn both_kinds_of_sets_are_read() {
    for names in [ISTIO, SECRET] {
        let (folder, authority) = (TempDir::new().expect("a folder"), Authority::new());
        let leaf = authority.sign(&leaf_of(&[PRODUCT]));
        write(folder.path(), names, &authority, &leaf);
        let credentials = CertificateFiles::new(folder.path().into()).issue().await.expect("credentials");
        assert_eq!(credentials.id.as_str(), PRODUCT);
        assert_eq!(*credentials.trust, authority.trust("cluster.local"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_exchanged_through_a_link_is_seen() {
    let (folder, authority) = (TempDir::new().expect("a folder"), Authority::new());
    let data = |name: &str| {
        let data = folder.path().join(name);
        fs::create_dir(&data).expect("a folder");
        let leaf = authority.sign(&leaf_of(&[PRODUCT]));
        write(&data, SECRET, &authority, &leaf);
        leaf.chain[0].clone()
    };
    let first = data("..1");
    symlink("..1", folder.path().join("..data")).expect("linked");
    for name in SECRET {
        symlink(Path::new("..data").join(name), folder.path().join(name)).expect("linked");
    }
    let mut files = CertificateFiles::new(folder.path().into());
    assert_eq!(files.issue().await.expect("credentials").key.cert[0], first);
    let nothing = tokio::time::timeout(Duration::from_secs(60), files.changed()).await;
    assert!(nothing.is_err(), "nothing changed");

    let second = data("..2");
    symlink("..2", folder.path().join("..next")).expect("linked");
    fs::rename(folder.path().join("..next"), folder.path().join("..data")).expect("exchanged");
    tokio::time::timeout(Duration::from_secs(2), files.changed()).await.expect("seen within two seconds");
    assert_eq!(files.issue().await.expect("credentials").key.cert[0], second);
}

#[tokio::test]
async fn a_set_that_is_half_written_is_refused_whole_and_says_nothing_of_the_key() {
    let (folder, authority) = (TempDir::new().expect("a folder"), Authority::new());
    let [old, new] = [PRODUCT; 2].map(|id| authority.sign(&leaf_of(&[id])));
    write(folder.path(), ISTIO, &authority, &old);
    let mut files = CertificateFiles::new(folder.path().into());
    files.issue().await.expect("credentials");

    fs::write(folder.path().join("cert-chain.pem"), pem("CERTIFICATE", &new.chain[0])).expect("written");
    let refused = files.issue().await.expect_err("the key is not its own").to_string();
    let expected = format!(
        "{}: the private key does not belong to the certificate of {PRODUCT}",
        folder.path().display()
    );
    assert_eq!(refused, expected);

    let text = new.key.serialize_pem();
    fs::write(folder.path().join("key.pem"), &text[..text.len() / 2]).expect("written");
    let refused = files.issue().await.expect_err("half a key").to_string();
    assert!(refused.ends_with("key.pem: holds no private key in PEM"), "{refused}");

    fs::remove_file(folder.path().join("key.pem")).expect("removed");
    let refused = files.issue().await.expect_err("no key").to_string();
    assert!(refused.contains("holds no whole set of cert-chain.pem, key.pem, root-cert.pem"), "{refused}");

    fs::write(folder.path().join("key.pem"), text).expect("written");
    files.issue().await.expect("whole again");
}
