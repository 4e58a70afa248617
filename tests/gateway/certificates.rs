//! Certificates that change on disk.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::PathBuf,
};
use tests::{
    gate::{Gate, door, mirror, secure},
    soon,
    tls::Certified,
    upstream::Upstream,
};

const HOST: &str = "shop.example.com";

struct Shop {
    gate: Gate,
    _upstream: Upstream,
}

/// A gateway with one certificate, written by a function into the folder of the secret.
async fn shop(write: impl FnOnce(PathBuf, &Certified)) -> (Shop, Certified) {
    let upstream = Upstream::serving(mirror).await;
    let servers = door(&[&secure("shop", HOST, "credentialName: shop")]);
    let mut first = None;
    let gate = Gate::open(upstream.address, &[443], &servers, |authority, secrets| {
        let certified = authority.certify("first", &[HOST]);
        fs::create_dir(secrets.join("shop")).expect("a folder");
        write(secrets.join("shop"), &certified);
        first = Some(certified);
    })
    .await;
    (Shop { gate, _upstream: upstream }, first.expect("a certificate"))
}

fn write_both(folder: PathBuf, certified: &Certified) {
    fs::write(folder.join("tls.crt"), &certified.certificate).expect("a file that can be written");
    fs::write(folder.join("tls.key"), &certified.key).expect("a file that can be written");
}

impl Shop {
    fn file(&self, name: &str) -> PathBuf {
        self.gate.secrets.path().join("shop").join(name)
    }

    fn certify(&self) -> Certified {
        self.gate.authority.certify("second", &[HOST])
    }

    /// Whether the next handshake is made with a certificate.
    async fn shows(&self, certified: &Certified) -> bool {
        let stream = soon(self.gate.authority.shake_hands(self.gate.addresses[0], Some(HOST), &[])).await;
        certified.is_of(&stream.expect("a handshake"))
    }
}

#[tokio::test]
async fn a_certificate_written_in_place_is_used_once_both_files_are_there() {
    let (shop, first) = shop(write_both).await;
    assert!(shop.shows(&first).await);
    let second = shop.certify();
    fs::write(shop.file("tls.crt"), &second.certificate).unwrap();
    assert!(shop.shows(&first).await, "a certificate without its key is not used");
    fs::write(shop.file("tls.key"), &second.key).unwrap();
    assert!(shop.shows(&second).await);
}

#[tokio::test]
async fn a_certificate_renamed_into_place_is_used() {
    let (shop, first) = shop(write_both).await;
    assert!(shop.shows(&first).await);
    let second = shop.certify();
    for (name, pem) in [("tls.key", &second.key), ("tls.crt", &second.certificate)] {
        assert!(shop.shows(&first).await);
        fs::write(shop.file("new"), pem).unwrap();
        fs::rename(shop.file("new"), shop.file(name)).unwrap();
    }
    assert!(shop.shows(&second).await);
}

/// Blank lines are no part of a certificate: with them, all have one length.
fn padded(pem: &str) -> String {
    format!("{pem:\n<2000}")
}

#[tokio::test]
async fn a_certificate_of_the_same_date_and_length_is_used() {
    let (shop, first) = shop(|folder, certified| {
        fs::write(folder.join("tls.crt"), padded(&certified.certificate))
            .expect("a file that can be written");
        fs::write(folder.join("tls.key"), padded(&certified.key)).expect("a file that can be written");
    })
    .await;
    assert!(shop.shows(&first).await);
    let second = shop.certify();
    for (name, pem) in [("tls.key", &second.key), ("tls.crt", &second.certificate)] {
        let date = fs::metadata(shop.file(name)).unwrap().modified().unwrap();
        fs::write(shop.file("new"), padded(pem)).unwrap();
        File::options().append(true).open(shop.file("new")).unwrap().set_modified(date).unwrap();
        fs::rename(shop.file("new"), shop.file(name)).unwrap();
    }
    assert!(shop.shows(&second).await);
}

#[tokio::test]
async fn a_secret_that_kubernetes_swaps_is_used() {
    let write_linked = |folder: PathBuf, certified: &Certified| {
        fs::create_dir(folder.join("..first")).expect("a folder");
        write_both(folder.join("..first"), certified);
        symlink("..first", folder.join("..data")).expect("a link");
        for name in ["tls.crt", "tls.key"] {
            symlink(format!("..data/{name}"), folder.join(name)).expect("a link");
        }
    };
    let (shop, first) = shop(write_linked).await;
    assert!(shop.shows(&first).await);
    let second = shop.certify();
    fs::create_dir(shop.file("..second")).unwrap();
    write_both(shop.file("..second"), &second);
    symlink("..second", shop.file("..data_tmp")).unwrap();
    fs::rename(shop.file("..data_tmp"), shop.file("..data")).unwrap();
    assert!(shop.shows(&second).await);
}

#[tokio::test]
async fn a_broken_certificate_leaves_the_last_good_one_until_it_is_repaired() {
    let (shop, first) = shop(write_both).await;
    assert!(shop.shows(&first).await);
    for (name, broken) in [("tls.crt", "not a certificate"), ("tls.key", ""), ("tls.crt", "")] {
        fs::write(shop.file(name), broken).unwrap();
        assert!(shop.shows(&first).await, "{name}: {broken:?}");
    }
    fs::remove_file(shop.file("tls.key")).unwrap();
    assert!(shop.shows(&first).await);
    let second = shop.certify();
    write_both(shop.file(""), &second);
    assert!(shop.shows(&second).await);
}
