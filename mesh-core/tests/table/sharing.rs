//! What a new table shares with the one before it.

use crate::build::*;
use mesh_core::{
    model::{Attachment, Gateway, GatewayName, GatewayServer, Model, ServerHost, ServerProtocol},
    table::{Backend, GatewayRole, Generation, Snapshot, Viewpoint, VirtualHost},
};
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
