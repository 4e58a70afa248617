//! The shop, and beside it a caller without a certificate and a service that ends TLS itself.

use super::{
    load::{Answered, steady},
    server::free,
};
use mesh_core::model::Labels;
use mesh_tower::{
    Client, Mesh,
    mesh::{Config, IdentitySource},
    recorder::Recorder,
};
use std::{fs, future::ready, io, net::SocketAddr, time::Duration};
use tests::{sealed, shop::Shop, soon, tls::Authority, upstream::listener, wire::text};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
};
use tower::service_fn;

const BANK: &str = "bank.example.com";

/// Who there is.
pub(super) struct World {
    shop: Shop,
    authority: Authority,
    /// Calls `product` in plain text.
    till: Mesh,
    /// Is reached by the gateway untouched.
    bank: Mesh,
    /// Where the gateway passes TLS on.
    sealed: SocketAddr,
}

/// What is asked all the time.
pub(super) struct Load {
    /// By the gateway, which is three more calls behind it.
    pub(super) by_gateway: Answered,
    /// Of `product`, in plain text.
    pub(super) by_till: Answered,
    visitors: JoinSet<()>,
}

impl World {
    pub(super) async fn open() -> Self {
        let shop = Shop::open(&[]).await;
        let (listener, address) = listener().await;
        let sealed = free().await;
        fs::write(shop.documents().join("beside.yaml"), beside(address.port(), sealed.port()))
            .expect("a file");
        let authority = Authority::default();
        let (till, bank) = (member(&shop, "till").await, member(&shop, "bank").await);
        let nobody =
            service_fn(|_| ready(Ok::<_, io::Error>(http::Response::new(mesh_tower::Body::empty()))));
        tokio::spawn(bank.serve_and_pass(listener, nobody, sealed::echo(&authority, BANK)));
        shop.create(1).await;
        Self { shop, authority, till, bank, sealed }
    }

    /// Where each process tells about itself.
    pub(super) fn admins(&self) -> Vec<SocketAddr> {
        let of_shop = self.shop.instances().into_iter().filter_map(|instance| instance.admin);
        let beside = [&self.till, &self.bank].into_iter().filter_map(Mesh::admin_address);
        of_shop.chain(beside).collect()
    }

    /// Begins to ask.
    pub(super) async fn load(&self) -> Load {
        let mut visitors = JoinSet::new();
        let (connection, token) = (self.shop.connect().await, self.shop.token("reader").await);
        let by_gateway =
            steady(&mut visitors, Duration::from_millis(25), connection, move |mut connection| {
                let token = token.clone();
                async move {
                    let reply = connection.get(&token, "/product-composite/1").await;
                    assert_eq!(reply.status, 200, "{reply:?}");
                    connection
                }
            });
        let client = self.till.client();
        // The shop reads what was written beside its documents when it likes.
        soon(async {
            while ask(&client).await != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let by_till = steady(&mut visitors, Duration::from_millis(50), client, |client| async move {
            assert_eq!(ask(&client).await, 200);
            client
        });
        let stream = soon(async {
            loop {
                // The gateway opens this port when it has read of it.
                match self.authority.shake_hands(self.sealed, Some(BANK), &[]).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        steady(&mut visitors, Duration::from_millis(100), stream.await, |mut stream| async {
            stream.write_all(&[7; 1000]).await.expect("a bank that listens");
            soon(stream.read_exact(&mut [0; 1000])).await.expect("a bank that answers");
            stream
        });
        Load { by_gateway, by_till, visitors }
    }
}

impl Load {
    /// Everybody who asks is still answered as expected.
    pub(super) fn goes_on(&mut self) {
        assert!(self.visitors.try_join_next().is_none(), "a visitor gave up");
    }
}

/// Asks for a product; the status of the answer.
async fn ask(client: &Client) -> u16 {
    let response = soon(client.get("http://product-in-plain-text/product/1")).await.expect("an answer");
    let status = response.status().as_u16();
    text(response).await;
    status
}

/// A workload of this process, which has no certificate.
async fn member(shop: &Shop, name: &str) -> Mesh {
    let labels = [("app", name), ("version", "v1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config {
        service: name.into(),
        namespace: "hands-on".into(),
        labels: Labels::from(labels),
        recording: Recorder::default().into(),
        identity: IdentitySource::None,
        documents: vec![shop.documents(), shop.live().join("platform")],
        admin: Some(([127, 0, 0, 1], 0).into()),
        ..Config::default()
    };
    Mesh::start(config).await.expect("documents that are there")
}

/// What is written beside the shop's own documents.
fn beside(bank: u16, sealed: u16) -> String {
    format!(
        "# The rule for product asks for mutual TLS, and none is for this name of the same workloads.
apiVersion: v1
kind: Service
metadata: {{name: product-in-plain-text}}
spec: {{selector: {{app: product, version: v1}}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: bank}}
spec: {{selector: {{app: bank}}, ports: [{{name: tls, port: 443}}]}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {{name: bank}}
spec: {{address: 127.0.0.1, ports: {{tls: {bank}}}, labels: {{app: bank, version: v1}}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: sealed}}
spec:
  selector: {{istio: ingressgateway}}
  servers: [{{port: {{number: {sealed}, name: tls, protocol: TLS}}, hosts: [{BANK}], tls: {{mode: PASSTHROUGH}}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: bank}}
spec:
  hosts: [{BANK}]
  gateways: [sealed]
  tls: [{{match: [{{sniHosts: [{BANK}]}}], route: [{{destination: {{host: bank, port: {{number: 443}}}}}}]}}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: bank}}
spec: {{selector: {{matchLabels: {{app: bank}}}}, mtls: {{mode: PERMISSIVE}}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: product}}
spec: {{selector: {{matchLabels: {{app: product}}}}, mtls: {{mode: PERMISSIVE}}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: product-for-anybody}}
spec:
  selector: {{matchLabels: {{app: product}}}}
  rules: [{{to: [{{operation: {{methods: [GET], paths: [/product/1]}}}}]}}]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: often}}
spec: {{metrics: [{{providers: [{{name: prometheus}}], reportingInterval: 1s}}]}}
"
    )
}
