//! Endpoints that have names, with a paused clock and a DNS that answers as it is told.

mod answers;
mod endpoints;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    model::Host,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{
    Body, BoxError, Dice, Ejections, Error, Kind, Upstream,
    balance::{BalanceBody, BalanceLayer},
    dns::{Answer, Dns, Lookup},
    outlier::OutlierLayer,
    resolve::ResolveLayer,
    retry::{CountedBody, RetryLayer},
    route::RouteLayer,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{task::yield_now, time::advance};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneService};

const SECOND: Duration = Duration::from_secs(1);

/// What DNS says of a name.
#[derive(Clone)]
enum Says {
    Addresses(&'static [&'static str], u64),
    Failure,
    Never,
}

/// A DNS that is told what to say. Names that it was not told of do not exist.
#[derive(Clone, Debug, Default)]
struct Zone(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    says: BTreeMap<String, Says>,
    asked: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

impl Zone {
    fn tell(&self, name: &str, says: Says) {
        self.0.lock().expect("no panic").says.insert(name.to_owned(), says);
    }

    /// How often a name was asked for.
    fn asked(&self, name: &str) -> usize {
        self.0.lock().expect("no panic").asked.get(name).copied().unwrap_or_default()
    }
}

impl Lookup for Zone {
    fn addresses(&self, name: &Host) -> BoxFuture<'static, Result<Answer, BoxError>> {
        let mut told = self.0.lock().expect("no panic");
        *told.asked.entry(name.to_string()).or_default() += 1;
        let says = told.says.get(name.as_str()).cloned().unwrap_or(Says::Addresses(&[], 0));
        Box::pin(async move {
            match says {
                Says::Addresses(addresses, ttl) => Ok(Answer {
                    addresses: addresses.iter().map(|text| text.parse().expect("an address")).collect(),
                    ttl: Duration::from_secs(ttl),
                }),
                Says::Failure => Err("servfail".into()),
                Says::Never => std::future::pending().await,
            }
        })
    }
}

type Stack = BoxCloneService<Request<Body>, Response<CountedBody<BalanceBody<Body>>>, BoxError>;

/// A client of the service `db.example`, whose endpoints refuse connections if they are told to.
struct World {
    zone: Zone,
    publisher: Publisher,
    dead: Arc<Mutex<BTreeSet<String>>>,
    stack: Stack,
}

impl World {
    /// With these endpoints, and this policy for the traffic to them.
    fn new(endpoints: &str, policy: &str) -> Self {
        let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
        publish(&mut publisher, &documents("DNS", endpoints, policy));
        let (zone, dead) = (Zone::default(), Arc::default());
        let stack = stack(handle, &zone, &dead);
        Self { zone, publisher, dead, stack }
    }

    fn publish(&mut self, endpoints: &str, policy: &str) {
        publish(&mut self.publisher, &documents("DNS", endpoints, policy));
    }

    /// From now on nobody listens there, or somebody does again.
    fn set_dead(&self, address: &str, is_dead: bool) {
        let mut dead = self.dead.lock().expect("no panic");
        if is_dead {
            dead.insert(address.to_owned())
        } else {
            dead.remove(address)
        };
    }

    async fn send(&self) -> Result<Upstream, Error> {
        let request = Request::get("http://db.example/").body(Body::empty()).expect("a request");
        let response = self.stack.clone().oneshot(request).await;
        let response = response.map_err(|error| *error.downcast::<Error>().expect("an error of the mesh"))?;
        Ok(response.extensions().get::<Upstream>().cloned().expect("an endpoint"))
    }

    /// Who was asked, by address and port, or how the mesh refused.
    async fn ask(&self) -> Result<String, Kind> {
        self.send().await.map(|endpoint| endpoint.to_string()).map_err(|error| error.kind())
    }

    /// How often each endpoint was asked.
    async fn count(&self, requests: usize) -> Vec<(String, usize)> {
        let mut seen = BTreeMap::new();
        for _ in 0..requests {
            let asked = self.ask().await.unwrap_or_else(|kind| format!("{kind:?}"));
            *seen.entry(asked).or_default() += 1;
        }
        seen.into_iter().collect()
    }

    /// Who is asked, of so many requests as reach everybody.
    async fn seen(&self) -> Vec<String> {
        self.count(24).await.into_iter().map(|(endpoint, _)| endpoint).collect()
    }
}

fn documents(resolution: &str, endpoints: &str, policy: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: db}}\n\
         spec: {{hosts: [db.example], resolution: {resolution}, \
         ports: [{{number: 80, name: http, protocol: HTTP}}], endpoints: {endpoints}}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: db}}\n\
         spec: {{host: db.example, trafficPolicy: {policy}}}\n"
    )
}

fn publish(publisher: &mut Publisher, text: &str) {
    let batch = Arc::new(Batch::of("db.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
    publisher.publish(&model);
}

fn stack(handle: Handle, zone: &Zone, dead: &Arc<Mutex<BTreeSet<String>>>) -> Stack {
    let dead = Arc::clone(dead);
    let upstream = service_fn(move |request: Request<Body>| {
        let endpoint = Upstream::of_request(request.extensions()).cloned().expect("one was chosen");
        let is_dead = dead.lock().expect("no panic").contains(&endpoint.to_string());
        async move {
            if is_dead {
                return Err(BoxError::from(Error::new(Kind::ConnectFailure)));
            }
            let mut response = Response::new(Body::from("answer"));
            response.extensions_mut().insert(endpoint);
            Ok(response)
        }
    });
    let ejections = Ejections::default();
    let outlier = OutlierLayer::new(ejections.clone()).layer(upstream);
    let balance = BalanceLayer::new().with_ejections(ejections).with_dice(Dice::seeded(7)).layer(outlier);
    let resolve = ResolveLayer::new(Dns::asking(zone.clone())).layer(balance);
    BoxCloneService::new(RouteLayer::new(handle).layer(RetryLayer::routed().layer(resolve)))
}

const LEAST_REQUEST: &str = "{loadBalancer: {simple: LEAST_REQUEST}}";

const ROUND_ROBIN: &str = "{loadBalancer: {simple: ROUND_ROBIN}}";

/// Lets time go by, and those who waited for it have their say.
async fn pass(time: Duration) {
    advance(time).await;
    for _ in 0..20 {
        yield_now().await;
    }
}
