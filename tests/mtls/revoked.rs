//! Certificates that an authority has revoked, as the kubelet mounts what it says.

use super::{H1, answer, peers};
use http::{Request, Response, StatusCode};
use mesh_tower::{
    Body, Mesh,
    mesh::{Config, IdentitySource},
    respond::Refused,
};
use rcgen::SerialNumber;
use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::symlink,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tests::{
    documents::{Documents, service},
    mesh::{config, serve},
    peers::{Member, OLD, Root, VERSIONS, id, named},
    soon,
    upstream::listener,
    wire,
    workloads::{Mint, REVOKED, serving},
};
use tower::service_fn;

/// The number of the certificate that is revoked.
const NUMBER: u64 = 7;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A folder as the kubelet mounts it: the files are links into a folder that is replaced as a whole.
struct Mounted {
    folder: TempDir,
    rounds: u32,
}

impl Mounted {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut mounted = Self { folder: tempfile::tempdir().expect("a folder"), rounds: 0 };
        mounted.mount(files);
        mounted
    }

    fn mount(&mut self, files: &[(&str, &str)]) {
        self.rounds += 1;
        let at = |name: &str| self.folder.path().join(name);
        let round = format!("..{}", self.rounds);
        fs::create_dir(at(&round)).expect("a folder");
        for (name, text) in files {
            fs::write(at(&round).join(name), text).expect("a file");
            let _ = symlink(format!("..data/{name}"), at(name));
        }
        symlink(&round, at("..next")).expect("a link");
        fs::rename(at("..next"), at("..data")).expect("a link that is replaced");
    }

    /// A workload that serves with what is mounted.
    async fn serving(&self, documents: &Documents) -> (Mesh, SocketAddr) {
        let identity = IdentitySource::Files(self.folder.path().to_owned());
        let mesh = Mesh::start(Config { identity, ..config(documents) }).await.expect("documents");
        assert!(mesh.unproven().is_none());
        let (listener, address) = listener().await;
        serve(&mesh, listener, service_fn(answer));
        (mesh, address)
    }
}

/// A certificate of the account `review` with the number that is revoked.
fn numbered(root: &Root) -> Member {
    let mut params = named(&[&id("review")]);
    params.serial_number = Some(SerialNumber::from(NUMBER));
    root.sign(params)
}

/// Whether a member is served by one that listens there.
async fn is_served(member: &Member, address: SocketAddr) -> [bool; 2] {
    let one = |versions| async move {
        let client = member.client(H1, versions);
        let stream = client.connect(address, "product.shop").await?;
        let request = Request::get("/").header("host", "product").body(Body::empty()).expect("a request");
        wire::http1(stream).await.send_request(request).await.map_err(io::Error::other)
    };
    let is_good =
        |answer: io::Result<Response<_>>| answer.is_ok_and(|answer| answer.status() == StatusCode::OK);
    [is_good(soon(one(VERSIONS)).await), is_good(soon(one(OLD)).await)]
}

/// Waits for what comes of files that changed: other credentials, or a fault.
async fn noticed(mesh: &Mesh, change: impl FnOnce()) {
    let (mut changes, before) = (mesh.identity().changes(), mesh.identity().fault());
    change();
    soon(async {
        while !changes.has_changed().expect("an identity") && mesh.identity().fault() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    changes.mark_unchanged();
}

#[tokio::test]
async fn a_workload_refuses_clients_that_are_revoked() {
    for [chain, key, roots, revoked] in [
        ["tls.crt", "tls.key", "ca.crt", "ca.crl"],
        ["cert-chain.pem", "key.pem", "root-cert.pem", "ca-crl.pem"],
    ] {
        let root = Root::default();
        let (product, review, other) = (root.member("product"), numbered(&root), root.member("other"));
        let (own, roots) = (product.key(), [roots, &root.pem()].map(ToOwned::to_owned));
        let whole = [(chain, &*product.certificate), (key, &*own), (&*roots[0], &*roots[1])];
        let with = |list: &str| -> Vec<(String, String)> {
            let files = whole.iter().copied().chain([(revoked, list)]);
            files.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
        };
        let mount = |mounted: &mut Mounted, list: &str| {
            let files = with(list);
            let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
            mounted.mount(&files);
        };
        let mut mounted = Mounted::new(&whole);
        let documents = Documents::of(&[&peers("STRICT")]);
        let (mesh, address) = mounted.serving(&documents).await;
        assert_eq!(is_served(&review, address).await, [true; 2], "{revoked}");

        noticed(&mesh, || mount(&mut mounted, &root.revoke(NUMBER))).await;
        assert_eq!(is_served(&review, address).await, [false; 2], "{revoked}");
        assert_eq!(is_served(&other, address).await, [true; 2], "{revoked}");

        // A list that cannot be read changes nothing, and one that is out of date says nothing of anybody.
        noticed(&mesh, || mount(&mut mounted, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"))
            .await;
        let fault = mesh.identity().fault().expect("a fault").to_string();
        assert!(fault.contains(revoked), "{fault}");
        assert_eq!(is_served(&review, address).await, [false; 2], "{revoked}");
        assert_eq!(is_served(&other, address).await, [true; 2], "{revoked}");
        noticed(&mesh, || mount(&mut mounted, &root.revoke_until(NUMBER, SystemTime::now() - DAY))).await;
        assert_eq!(is_served(&other, address).await, [false; 2], "{revoked}");

        // Nor does the list of another authority.
        noticed(&mesh, || mount(&mut mounted, &Root::default().revoke(NUMBER))).await;
        assert_eq!(is_served(&other, address).await, [false; 2], "{revoked}");
        noticed(&mesh, || mount(&mut mounted, &root.revoke(NUMBER + 1))).await;
        assert_eq!(is_served(&review, address).await, [true; 2], "{revoked}");
    }
}

#[tokio::test]
async fn a_workload_calls_no_server_that_is_revoked() {
    let mint = Mint::default();
    let revoked = mint.mint(&[&Mint::id("upstream")], |params| params.serial_number = Some(REVOKED.into()));
    let good = mint.mint(&[&Mint::id("upstream")], |_| {});
    let caller = mint.mint(&[&Mint::id("caller")], |_| {});
    let (certificate, key, root, list) =
        (caller.certificate_pem(), caller.key_pem(), mint.root_pem(), mint.revocations(DAY));
    let files = [("tls.crt", &*certificate), ("tls.key", &key), ("ca.crt", &root), ("ca.crl", &list)];
    for (files, expected) in [
        (&files[..3], [StatusCode::OK, StatusCode::OK]),
        (&files[..], [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
    ] {
        let mounted = Mounted::new(files);
        let mut statuses = Vec::new();
        for minted in [&good, &revoked] {
            let upstream = serving(mint.server(minted), |_| async { Ok(Response::new(Body::empty())) }).await;
            let documents = Documents::of(&[&service("upstream", "http", upstream.address), IN_MESH]);
            let (mesh, _) = mounted.serving(&documents).await;
            let answer = soon(mesh.client().get("http://upstream/")).await.expect("an answer");
            statuses.push(answer.status());
            if let Some(refused) = answer.extensions().get::<Refused>() {
                assert!(refused.details.contains("Revoked"), "{}", refused.details);
            }
        }
        assert_eq!(statuses, expected);
    }
}

/// The service `upstream` is called as the mesh calls its own.
const IN_MESH: &str = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: upstream}\n\
                       spec: {host: upstream, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, \
                       subjectAltNames: ['spiffe://cluster.local/ns/default/sa/upstream']}}}\n";
