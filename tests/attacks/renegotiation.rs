//! Clients of TLS 1.2 that want to begin anew within a session that is good already.

use super::*;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::{
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 as CIPHER, ConnectionTrafficSecrets,
    ExtractedSecrets,
};
use tests::{
    gate::secure,
    mesh::join,
    peers::{Client, OLD, Root},
};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
/// A warning that there is nothing to begin anew.
const NO_RENEGOTIATION: [u8; 2] = [1, 100];
/// A failure, whatever the reason.
const FATAL: u8 = 2;

/// A session of TLS 1.2 whose records are written by hand: no library would ask for what is asked here.
struct Session {
    stream: TcpStream,
    sent: Direction,
    received: Direction,
}

/// One direction of it.
struct Direction {
    key: LessSafeKey,
    salt: [u8; 4],
    /// The number of the next record.
    number: u64,
}

impl Direction {
    fn of((number, secrets): (u64, ConnectionTrafficSecrets)) -> Self {
        let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { panic!("another cipher") };
        let salt = iv.as_ref().first_chunk().copied().expect("four bytes of salt");
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("a key");
        Self { key: LessSafeKey::new(key), salt, number }
    }

    fn nonce(&self, explicit: &[u8]) -> Nonce {
        Nonce::try_assume_unique_for_key(&[&self.salt, explicit].concat()).expect("twelve bytes")
    }

    /// What is authenticated beside a text of this kind and length (RFC 5246, 6.2.3.3).
    fn beside(&self, kind: u8, length: usize) -> Aad<Vec<u8>> {
        let length = u16::try_from(length).expect("a short text").to_be_bytes();
        Aad::from([&self.number.to_be_bytes()[..], &[kind, 3, 3], &length].concat())
    }
}

impl Session {
    async fn begin(client: &Client, address: SocketAddr, host: &str) -> Self {
        let stream = soon(client.connect(address, host)).await.expect("a handshake");
        let (stream, connection) = stream.into_inner();
        let ExtractedSecrets { tx, rx } = connection.dangerous_extract_secrets().expect("secrets");
        Self { stream, sent: Direction::of(tx), received: Direction::of(rx) }
    }

    /// Sends one record; whether the other end still takes any.
    async fn send(&mut self, kind: u8, text: &[u8]) -> bool {
        let explicit = self.sent.number.to_be_bytes();
        let beside = self.sent.beside(kind, text.len());
        let mut sealed = text.to_vec();
        self.sent
            .key
            .seal_in_place_append_tag(self.sent.nonce(&explicit), beside, &mut sealed)
            .expect("a record");
        self.sent.number += 1;
        let length = u16::try_from(8 + sealed.len()).expect("a short record").to_be_bytes();
        let record = [&[kind, 3, 3][..], &length, &explicit, &sealed].concat();
        self.stream.write_all(&record).await.is_ok()
    }

    /// The next record; `None` when the connection is over.
    async fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head).await.ok()?;
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        self.stream.read_exact(&mut record).await.ok()?;
        let (explicit, sealed) = record.split_at_mut(8);
        let beside = self.received.beside(head[0], sealed.len() - 16);
        let nonce = self.received.nonce(explicit);
        let text = self.received.key.open_in_place(nonce, beside, sealed).expect("a good record");
        self.received.number += 1;
        Some((head[0], text.to_vec()))
    }

    /// Asks to begin anew: the first message of a handshake.
    async fn ask(&mut self) -> bool {
        let ciphers = u16::from(CIPHER).to_be_bytes();
        let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2], &ciphers, &[1, 0]].concat();
        let length = u8::try_from(body.len()).expect("a short message");
        self.send(HANDSHAKE, &[&[1, 0, 0, length][..], &body].concat()).await
    }

    /// What a request is answered, and the alerts before that.
    async fn get(&mut self) -> (Vec<Vec<u8>>, String) {
        self.send(DATA, b"GET /kept HTTP/1.1\r\nhost: shop.example.com\r\n\r\n").await;
        let mut alerts = Vec::new();
        loop {
            match soon(self.receive()).await {
                Some((ALERT, text)) => alerts.push(text),
                Some((DATA, text)) => return (alerts, String::from_utf8(text).expect("a head of text")),
                other => panic!("no answer: {other:?}"),
            }
        }
    }
}

/// A workload and a gateway that speak TLS, and a client of each.
async fn doors() -> [(Door, Client); 2] {
    let root = Root::default();
    let strict = "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, \
                  metadata: {name: mesh, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}\n";
    let (documents, seen) = (Documents::of(&[strict]), Seen::default());
    let mesh = join(&documents).await;
    mesh.identity().replace(root.credentials("product"));
    let (listener, address) = listener().await;
    let noted = Arc::clone(&seen);
    serve(&mesh, listener, service_fn(move |request| note(request, Arc::clone(&noted))));
    let member = root.member("review").client(&["istio-http/1.1", "istio", "http/1.1"], OLD);
    let workload = Door { address, seen, _documents: documents, _held: (mesh, None, None) };

    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let upstream = Upstream::serving(move |request| note(request, Arc::clone(&noted))).await;
    let server = secure("https", "shop.example.com", "credentialName: shop");
    let gate = Gate::open(upstream.address, &[443], &door(&[&server]), |authority, secrets| {
        authority.certify("shop", &["shop.example.com"]).write(secrets, "shop");
    })
    .await;
    let (address, mesh) = (gate.addresses[0], gate.mesh.clone());
    let held = (mesh, Some(gate), Some(upstream));
    let gateway = Door { address, seen, _documents: Documents::new(), _held: held };
    [(workload, member.with_secrets()), (gateway, Client::of_ciphers(&[CIPHER]).with_secrets())]
}

#[tokio::test]
async fn renegotiation_is_refused_and_the_session_goes_on_without() {
    for (door, client) in doors().await {
        let mut session = Session::begin(&client, door.address, "shop.example.com").await;
        assert!(session.ask().await);
        // It is told with the next answer.
        let (alerts, answer) = session.get().await;
        assert_eq!((alerts, status(&answer)), (vec![NO_RENEGOTIATION.to_vec()], Some(200)), "{answer}");
        assert_eq!(door.take(), ["GET /kept shop.example.com"]);
    }
}

#[tokio::test]
async fn renegotiation_again_and_again_ends_the_connection() {
    for (door, client) in doors().await {
        let mut session = Session::begin(&client, door.address, "shop.example.com").await;
        let mut asked = 0;
        while asked < 1000 && session.ask().await {
            asked += 1;
        }
        let mut alerts = Vec::new();
        while let Some((kind, text)) = soon(session.receive()).await {
            assert_eq!(kind, ALERT);
            alerts.push(text);
        }
        // It may be reset before the last of them is read.
        assert!(alerts.len() < 5, "{alerts:?}");
        assert!(alerts.iter().rev().skip(1).all(|alert| *alert == NO_RENEGOTIATION), "{alerts:?}");
        assert!(
            alerts.last().is_none_or(|alert| *alert == NO_RENEGOTIATION || alert[0] == FATAL),
            "{alerts:?}"
        );
        // Others are served.
        let mut other = Session::begin(&client, door.address, "shop.example.com").await;
        assert_eq!(status(&other.get().await.1), Some(200));
    }
}
