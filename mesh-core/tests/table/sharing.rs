//! What a new table shares with the one before it.

use crate::build::*;
use mesh_core::{
    model::{
        Attachment, Block, Destination, Gateway, GatewayName, GatewayServer, Import, ImportListener, Model,
        ServerHost, ServerProtocol, Service, Sidecar, SubsetRule, VirtualService,
    },
    table::{Backend, GatewayRole, Generation, Snapshot, Viewpoint, VirtualHost},
};
use proptest::{collection::vec, prelude::*};
use std::sync::Arc;

fn backend<'a>(table: &'a Snapshot, host: &str) -> &'a Arc<Backend> {
    table.backends().find(|backend| backend.name.host.as_str() == host).expect("the backend")
}

fn virtual_host<'a>(table: &'a Snapshot, name: &str) -> &'a VirtualHost {
    table.virtual_hosts().find(|host| *host.name == *name).expect("the virtual host")
}

fn example() -> Model {
    let rules = virtual_service(
        "shop/rules",
        &["a.example.com"],
        vec![forward("r", vec![], vec![to("review.shop", 0)])],
    );
    model(vec![service("product.shop"), service("review.shop")], vec![rules], vec![])
}

#[test]
fn an_equal_model_shares_everything_but_the_generation() {
    let first = table(&example());
    let second = Snapshot::compile(&example(), &from("shop"), Some(&first));
    assert_eq!((first.generation(), second.generation()), (Generation(0), Generation(1)));
    assert_eq!(second.virtual_hosts().count(), 3);
    for (old, new) in first.virtual_hosts().zip(second.virtual_hosts()) {
        assert!(std::ptr::eq(old, new), "{}", new.name);
    }
    for (old, new) in first.backends().zip(second.backends()) {
        assert!(Arc::ptr_eq(old, new), "{}", new.name);
    }
}

#[test]
fn a_new_endpoint_of_one_service_leaves_the_others_alone() {
    let first = table(&example());
    let mut changed = example();
    let mut review = service("review.shop");
    review.endpoints = review.endpoints[..1].into();
    changed.services[1] = Arc::new(review);
    let second = Snapshot::compile(&changed, &from("shop"), Some(&first));
    let (product, review) = (full("product.shop"), full("review.shop"));
    assert!(Arc::ptr_eq(backend(&first, &product), backend(&second, &product)));
    assert!(std::ptr::eq(virtual_host(&first, &product), virtual_host(&second, &product)));
    assert!(!Arc::ptr_eq(backend(&first, &review), backend(&second, &review)));
    assert_eq!(backend(&second, &review).endpoints.len(), 1);
    assert!(!std::ptr::eq(virtual_host(&first, &review), virtual_host(&second, &review)));
    assert!(!std::ptr::eq(virtual_host(&first, "a.example.com"), virtual_host(&second, "a.example.com")));
}

#[test]
fn a_changed_rule_keeps_its_backends() {
    let first = table(&example());
    let mut changed = example();
    let routes = vec![forward("renamed", vec![], vec![to("review.shop", 0)])];
    changed.virtual_services[0] = Arc::new(virtual_service("shop/rules", &["a.example.com"], routes));
    let second = Snapshot::compile(&changed, &from("shop"), Some(&first));
    assert!(!std::ptr::eq(virtual_host(&first, "a.example.com"), virtual_host(&second, "a.example.com")));
    for (old, new) in first.backends().zip(second.backends()) {
        assert!(Arc::ptr_eq(old, new), "{}", new.name);
    }
}

#[test]
fn listeners_with_hosts_of_the_same_name_share_each_with_its_own() {
    let rules = |name: &str, gateway: &GatewayName| {
        let mut rules = virtual_service(name, &["a.example.com"], vec![answer(name, vec![])]);
        rules.attachments = vec![Attachment::Gateway(gateway.clone())];
        Arc::new(rules)
    };
    let gateway = |name: &GatewayName, port: u16| {
        let hosts = vec![ServerHost { namespace: None, pattern: pattern("*") }];
        let protocol = ServerProtocol::Http;
        let server = GatewayServer {
            bind: None,
            port,
            port_name: "http".into(),
            protocol,
            hosts,
            tls: None,
            redirects_to_https: false,
        };
        Arc::new(Gateway {
            name: name.clone(),
            selector: labels(&[]),
            services: Vec::new(),
            servers: vec![server],
        })
    };
    let names = ["a", "b"].map(|name| GatewayName { namespace: "shop".into(), name: name.into() });
    let model = Model {
        gateways: vec![gateway(&names[0], 80), gateway(&names[1], 81)],
        virtual_services: vec![rules("shop/one", &names[0]), rules("shop/two", &names[1])],
        ..Model::default()
    };
    let viewpoint = Viewpoint { gateway: GatewayRole::BySelector, ..from("shop") };
    let first = Snapshot::compile(&model, &viewpoint, None);
    let second = Snapshot::compile(&model, &viewpoint, Some(&first));
    assert_eq!(second.virtual_hosts().count(), 2);
    for (old, new) in first.virtual_hosts().zip(second.virtual_hosts()) {
        assert!(std::ptr::eq(old, new), "{:?}", new.origins);
    }
}

/// Variants of everything that a table is made of, each made once, so that equal choices are the same `Arc`.
struct Pool {
    services: Vec<Vec<Arc<Service>>>,
    virtual_services: Vec<Vec<Arc<VirtualService>>>,
    subset_rules: Vec<Vec<Arc<SubsetRule>>>,
    sidecars: Vec<Vec<Arc<Sidecar>>>,
}

impl Pool {
    fn new() -> Self {
        let services = ["product.shop", "review.shop"].map(|name| {
            let fewer = |service: Service| Service { endpoints: service.endpoints[..1].into(), ..service };
            let more = |service: Service| Service {
                ports: vec![port(80, "http", 8080), port(81, "http-more", 8081)],
                ..service
            };
            vec![Arc::new(service(name)), Arc::new(fewer(service(name))), Arc::new(more(service(name)))]
        });
        let rules = |name: &str, hosts: &[&str]| {
            let variant = |blocks: Vec<Block>, to: Destination| {
                Arc::new(virtual_service(name, hosts, vec![forward("r", blocks, vec![to])]))
            };
            let on_81 = vec![Block { port: Some(81), ..Block::default() }];
            vec![
                variant(vec![], to("review.shop", 0)),
                variant(on_81, to("product.shop", 0)),
                variant(vec![], to("review.shop|v1", 0)),
            ]
        };
        let subsets = ["v1", "v2"].map(|name| Arc::new(subset_rule("shop/review", "review.shop", &[name])));
        let sidecar = |port: Option<u16>, host: &str| {
            let hosts = vec![Import { namespace: None, hosts: pattern(host) }];
            Arc::new(Sidecar {
                namespace: "shop".into(),
                name: "own".into(),
                workloads: None,
                imports: vec![ImportListener { port, hosts, hidden: Vec::new() }],
                unknown_hosts: None,
                proxy: port.map(|_| to("product.shop", 0)),
            })
        };
        Self {
            sidecars: vec![vec![sidecar(None, "review.shop.svc.cluster.local"), sidecar(Some(81), "*")]],
            services: services.to_vec(),
            virtual_services: vec![
                rules("shop/a", &["a.example.com", "product.shop.svc.cluster.local"]),
                rules("shop/b", &["*.example.com", "a.example.com", "*.shop.svc.cluster.local"]),
            ],
            subset_rules: vec![subsets.to_vec()],
        }
    }

    /// The model of some choices: the first variant of each thing, the second, …, or none of it.
    fn model(&self, choices: &[usize; 6]) -> Model {
        Model {
            services: pick(&self.services, &choices[..2]),
            virtual_services: pick(&self.virtual_services, &choices[2..4]),
            subset_rules: pick(&self.subset_rules, &choices[4..5]),
            sidecars: pick(&self.sidecars, &choices[5..]),
            ..Model::default()
        }
    }
}

fn requests() -> impl Iterator<Item = (&'static str, u16)> {
    let hosts =
        ["product.shop", "review.shop.svc.cluster.local", "a.example.com", "b.example.com", "elsewhere"];
    hosts.into_iter().flat_map(|host| [(host, 80), (host, 81)])
}

fn decided(table: &Snapshot, host: &str, port: u16) -> String {
    outcome(table, &get(&format!("http://{host}:{port}/")))
}

fn pick<T>(variants: &[Vec<Arc<T>>], choices: &[usize]) -> Vec<Arc<T>> {
    variants.iter().zip(choices).filter_map(|(variants, choice)| variants.get(*choice).cloned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_after_others_is_the_table_that_its_model_alone_gives(
        first in prop::array::uniform6(0..4_usize),
        history in vec((0..7_usize, 0..4_usize), 1..12),
    ) {
        let pool = Pool::new();
        let mut last: Option<Snapshot> = None;
        let (mut choices, mut is_elsewhere) = (first, false);
        // One thing at a time, as documents change: what is shared depends on what stays.
        for (changed, choice) in history {
            match choices.get_mut(changed) {
                Some(chosen) => *chosen = choice,
                None => is_elsewhere = !is_elsewhere,
            }
            let viewpoint = from(if is_elsewhere { "other" } else { "shop" });
            let model = pool.model(&choices);
            let next = Snapshot::compile(&model, &viewpoint, last.as_ref());
            let alone = Snapshot::compile(&model, &viewpoint, None);
            prop_assert!(next.virtual_hosts().eq(alone.virtual_hosts()), "{choices:?}");
            prop_assert!(next.backends().eq(alone.backends()), "{choices:?}");
            for (host, port) in requests() {
                let decided = [&next, &alone].map(|table| decided(table, host, port));
                prop_assert_eq!(&decided[0], &decided[1], "{:?} for {}:{}", choices, host, port);
            }
            last = Some(next);
        }
    }
}
