//! Which client gets which certificate, and what is spoken then.

use http::{Request, StatusCode, Version};
use mesh_tower::Body;
use std::{fs, net::SocketAddr};
use tests::{
    gate::{Gate, door, mirror, secure},
    soon,
    tls::Certified,
    upstream::Upstream,
    wire::{self, text},
};

struct Doors {
    gate: Gate,
    shop: Certified,
    admin: Certified,
    _upstream: Upstream,
}

impl Doors {
    fn address(&self) -> SocketAddr {
        self.gate.addresses[0]
    }
}

/// One port for two hosts: the certificate of one is a secret, that of the other two files.
async fn doors() -> Doors {
    let upstream = Upstream::serving(mirror).await;
    let files = "serverCertificate: /etc/admin/tls.crt, privateKey: /etc/admin/tls.key";
    let servers = door(&[
        &secure("shop", "shop.example.com", "credentialName: shop"),
        &secure("admin", "admin.example.com", files),
    ]);
    let mut certificates = None;
    let gate = Gate::open(upstream.address, &[443], &servers, |authority, secrets| {
        let shop = authority.certify("shop", &["shop.example.com"]);
        let admin = authority.certify("admin", &["admin.example.com"]);
        shop.write(secrets, "shop");
        fs::create_dir(secrets.join("etc")).expect("a folder");
        admin.write(&secrets.join("etc"), "admin");
        certificates = Some((shop, admin));
    })
    .await;
    let (shop, admin) = certificates.expect("certificates");
    Doors { gate, shop, admin, _upstream: upstream }
}

#[tokio::test]
async fn the_host_that_a_client_names_decides_the_certificate() {
    let doors = doors().await;
    for (host, expected) in [("shop.example.com", &doors.shop), ("admin.example.com", &doors.admin)] {
        let stream = soon(doors.gate.authority.shake_hands(doors.address(), Some(host), &[])).await.unwrap();
        assert!(expected.is_of(&stream), "{host}");
    }
    let stream = doors.gate.authority.shake_hands(doors.address(), Some("SHOP.example.com"), &[]);
    assert!(doors.shop.is_of(&soon(stream).await.unwrap()));
}

#[tokio::test]
async fn a_client_of_another_host_or_of_none_is_disconnected() {
    let doors = doors().await;
    for host in [Some("other.example.com"), Some("example.com"), None] {
        let shaken = soon(doors.gate.authority.shake_hands(doors.address(), host, &[])).await;
        assert!(shaken.is_err(), "{host:?}");
    }
}

#[tokio::test]
async fn a_client_that_names_no_host_gets_the_certificate_for_any() {
    let upstream = Upstream::serving(mirror).await;
    let servers = door(&[
        &secure("any", "'*'", "credentialName: any"),
        &secure("shop", "shop.example.com", "credentialName: shop"),
    ]);
    let mut certified = None;
    let gate = Gate::open(upstream.address, &[443], &servers, |authority, secrets| {
        authority.certify("shop", &["shop.example.com"]).write(secrets, "shop");
        let any = authority.certify("any", &["localhost"]);
        any.write(secrets, "any");
        certified = Some(any);
    })
    .await;
    let stream = soon(gate.authority.shake_hands(gate.addresses[0], None, &[])).await.unwrap();
    assert!(certified.expect("a certificate").is_of(&stream));
}

#[tokio::test]
async fn a_server_without_its_certificate_disconnects_and_harms_no_other() {
    let doors = doors().await;
    fs::remove_dir_all(doors.gate.secrets.path().join("shop")).unwrap();
    let authority = &doors.gate.authority;
    assert!(soon(authority.shake_hands(doors.address(), Some("shop.example.com"), &[])).await.is_err());
    assert!(soon(authority.shake_hands(doors.address(), Some("admin.example.com"), &[])).await.is_ok());
}

#[tokio::test]
async fn the_client_chooses_http2_or_http1() {
    let doors = doors().await;
    let host = "shop.example.com";
    for (offered, expected, version) in [
        (&["h2", "http/1.1"][..], Some("h2"), Version::HTTP_2),
        (&["http/1.1"], Some("http/1.1"), Version::HTTP_11),
        (&[], None, Version::HTTP_11),
    ] {
        let stream =
            soon(doors.gate.authority.shake_hands(doors.address(), Some(host), offered)).await.unwrap();
        let agreed =
            stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        assert_eq!(agreed.as_deref(), expected);
        let request = Request::get(format!("https://{host}/a?b=c")).header("host", host);
        let request = request.body(Body::empty()).unwrap();
        let response = if version == Version::HTTP_2 {
            soon(wire::http2(stream).await.send_request(request)).await.unwrap()
        } else {
            soon(wire::http1(stream).await.send_request(request)).await.unwrap()
        };
        assert_eq!((response.status(), response.version()), (StatusCode::OK, version));
        assert_eq!(response.headers()["x-line"], "GET /a?b=c");
        let seen = soon(text(response)).await;
        assert!(
            seen.contains("host: shop.example.com\n") && seen.contains("x-forwarded-proto: https\n"),
            "{seen}"
        );
    }
}
