//! The mesh and a real Envoy take the same tokens by the same RequestAuthentications, and refuse the same in the same
//! words.
//!
//! Generated rules are given to both: as documents to a workload of the mesh, and to Envoy as the filter that [`config`]
//! makes of them, as istiod would. Compared are status, headers and body of the answer, and what the application saw.
//!
//! Where the mesh differs on purpose, [`asks`] says so and does not ask.

mod asks;
mod config;
mod rules;

use crate::{
    envoy::Envoy, guards::app, issuer::Issuer, outcome::Outcome, sides::assert_accepted, upstreams::answer,
};
use asks::Ask;
use fastrand::Rng;
use http::{Request, header::HOST};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use mesh_tower::{Body, Mesh, mesh::Config};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    net::SocketAddr,
};
use tests::{
    documents::Documents,
    mesh::{config as mesh_config, serve},
    soon,
    upstream::listener,
    wire,
};
use tokio::net::TcpStream;
use tower::service_fn;

const WORLDS: usize = 60;
const REQUESTS: usize = 30;
/// More differences than these are only counted.
const TOLD: usize = 5;

const TOO_SHORT: &str = "Jwt ED25519 signature is wrong length";

/// The rules for the tokens of one workload.
struct World {
    number: usize,
    /// As documents.
    documents: Vec<Value>,
}

/// Everybody who signs tokens.
struct Issuers {
    all: Vec<Issuer>,
    /// Nobody's key.
    stranger: Issuer,
}

impl Issuers {
    fn new() -> Self {
        let all = vec![
            Issuer::new("https://one.test", "one", Algorithm::ES256),
            Issuer::new("https://one.test", "one-rsa", Algorithm::RS256),
            Issuer::new("two", "two", Algorithm::EdDSA),
            Issuer::new("three.test", "three", Algorithm::ES384),
        ];
        Self { all, stranger: Issuer::new("stranger", "stranger", Algorithm::ES256) }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().map(|issuer| issuer.name).collect::<BTreeSet<_>>().into_iter()
    }

    fn keys_of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.all.iter().filter(move |issuer| issuer.name == name).map(|issuer| &issuer.jwk)
    }

    fn one(&self, rng: &mut Rng) -> &Issuer {
        &self.all[rng.usize(..self.all.len())]
    }

    /// A token that is authenticated by the public key of the issuer that it names, as if that were a secret.
    fn confused(&self, signed: &str, claims: &Value) -> String {
        let public = self.keys_of(claims["iss"].as_str().expect("a name")).next().expect("a key");
        let secret = EncodingKey::from_secret(public.to_string().as_bytes());
        let signature = sign(signed.as_bytes(), &secret, Algorithm::HS256).expect("a signature");
        format!("{signed}.{signature}")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_takes_the_tokens_that_envoy_takes() {
    let seed = env::var("SEED").map_or(1, |seed| seed.parse().expect("SEED is a number"));
    let mut rng = Rng::with_seed(seed);
    let issuers = Issuers::new();
    let world = |number| World { number, documents: rules::documents(&mut rng, &issuers) };
    let worlds: Vec<World> = (0..WORLDS).map(world).collect();
    let app = app().await;
    let envoy = Envoy::start(&config::bootstrap(&worlds, app.address)).await;
    let (mut statuses, mut differences) = (BTreeMap::<u16, usize>::new(), Vec::new());
    let mut kinds = BTreeSet::new();
    for world in &worlds {
        let (address, _held) = workload(world).await;
        for _ in 0..REQUESTS {
            let ask = asks::ask(&mut rng, &issuers);
            let envoys = outcome(envoy.address(&config::name(world)), &ask).await;
            let ours = outcome(address, &ask).await;
            *statuses.entry(envoys.status).or_default() += 1;
            kinds.insert((ask.what, envoys.body.clone()));
            if ours != envoys {
                let documents: Vec<_> = world.documents.iter().map(ToString::to_string).collect();
                let documents = documents.join("\n");
                differences.push(format!("{documents}\n{ask:#?}\nEnvoy: {envoys:#?}\nthe mesh: {ours:#?}"));
            }
        }
    }
    println!("SEED={seed}: of {} requests, by status: {statuses:?}", WORLDS * REQUESTS);
    differences.iter().take(TOLD).for_each(|difference| println!("\n=== {difference}"));
    assert_eq!(differences.len(), 0, "differences; SEED={seed} shows them again");
    assert!(statuses[&200] > 200 && statuses[&401] > 200 && statuses[&403] > 0, "they are too much alike");
    assert!(kinds.len() > 50, "{kinds:?}");
}

async fn workload(world: &World) -> (SocketAddr, (Mesh, Documents)) {
    let texts: Vec<String> = world.documents.iter().map(|document| format!("{document}\n")).collect();
    let documents = Documents::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let config = Config { namespace: rules::NAMESPACE.to_owned(), ..mesh_config(&documents) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    assert_accepted(&mesh.status().borrow());
    let (listener, address) = listener().await;
    serve(&mesh, listener, service_fn(|request| answer("app".into(), request)));
    (address, (mesh, documents))
}

async fn outcome(address: SocketAddr, ask: &Ask) -> Outcome {
    let mut request = Request::builder().method(ask.method).uri(&ask.path).header(HOST, "shop.test");
    for (name, value) in &ask.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let stream = TcpStream::connect(address).await.expect("an open port");
    stream.set_nodelay(true).expect("an open connection");
    let mut sender = wire::http1(stream).await;
    in_one_word(Outcome::of(soon(sender.send_request(request)).await.expect("an answer")).await)
}

/// Envoy has a word of its own for signatures of one algorithm that are too short; for all others they are wrong, no more.
fn in_one_word(mut outcome: Outcome) -> Outcome {
    let renamed = |text: &mut String| *text = text.replace(TOO_SHORT, "Jwt verification fails");
    renamed(&mut outcome.body);
    outcome.headers.get_mut("grpc-message").into_iter().flatten().for_each(renamed);
    outcome
}
