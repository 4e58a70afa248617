//! Services and documents.

use super::{actions, one, percent};
use crate::{
    upstreams::Upstreams,
    world::{NAMESPACE, PORTS, Service, Version, World, document},
};
use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A world whose instances are some of these upstreams.
pub(crate) fn world(rng: &mut Rng, number: usize, upstreams: &Upstreams) -> World {
    let mut addresses = upstreams.instances();
    let mut services = vec![
        Service::kubernetes("product", NAMESPACE),
        Service::kubernetes("review", NAMESPACE),
        Service::kubernetes("price", "shop"),
        Service::entry("partner", "api.partner.test"),
    ];
    for service in &mut services {
        service.ports =
            if percent(rng, 40) { PORTS.to_vec() } else { vec![one(rng, &[&80, &80, &8080]).to_owned()] };
        for name in ["v1", "v2"] {
            let mut address = || addresses.next().expect("more upstreams than instances");
            let addresses = service.ports.iter().map(|port| (*port, address())).collect::<BTreeMap<_, _>>();
            service.versions.push(Version { name: name.into(), addresses, place: None });
        }
    }
    // One instance of one service is not there.
    let absent = &mut services[rng.usize(..4)].versions[1];
    absent.addresses.values_mut().for_each(|address| *address = upstreams.nobody());
    let virtual_services = virtual_services(rng, &services);
    let refuses_unknown = percent(rng, 30);
    World { number, services, gateways: gateways(rng), virtual_services, refuses_unknown }
}

fn gateways(rng: &mut Rng) -> Vec<Value> {
    let gateway = |name: &str, server: Value| {
        let spec = json!({"selector": {"istio": "ingressgateway"}, "servers": [server]});
        document("Gateway", json!({"name": name, "namespace": NAMESPACE}), spec)
    };
    let server = |number: u16, hosts: &[&str]| json!({"port": {"number": number, "name": format!("http-{number}"), "protocol": "HTTP"}, "hosts": hosts});
    let mut side =
        server(8080, one(rng, &[&["*.example.com"][..], &["www.example.com", "shop.test"], &["*"]]));
    if percent(rng, 15) {
        side["tls"] = json!({"httpsRedirect": true});
    }
    let door = server(80, one(rng, &[&["*"][..], &["*.example.com", "shop.test"]]));
    vec![gateway("door", door), gateway("side", side)]
}

fn virtual_services(rng: &mut Rng, services: &[Service]) -> Vec<Value> {
    let hosts: [&[&str]; 13] = [
        &["product"],
        &["product.default.svc.cluster.local"],
        &["review", "www.example.com"],
        &["price.shop.svc.cluster.local"],
        &["api.partner.test"],
        &["*.example.com"],
        &["www.example.com"],
        &["shop.test", "www.example.com"],
        &["*.shop.example.com"],
        &["a.shop.example.com", "shop.test"],
        &["*.default.svc.cluster.local"],
        &["*.test"],
        &["*"],
    ];
    let count = 4 + rng.usize(..4);
    (0..count)
        .map(|number| {
            let hosts = hosts[rng.usize(..hosts.len())];
            let places: &[&[&str]] = &[
                &["mesh"],
                &["mesh", "door"],
                &["door"],
                &["door", "side"],
                &["mesh", "door", "default/side"],
            ];
            let may_be_mesh = hosts != ["*"];
            let places = one(rng, if may_be_mesh { places } else { &places[2..4] });
            let rules: Vec<Value> = (0..2 + rng.usize(..5)).map(|_| actions::rule(rng, services)).collect();
            let rules = if percent(rng, 50) { with_last(rng, rules, services) } else { rules };
            let mut spec = json!({"hosts": hosts, "http": rules});
            if places != ["mesh"] || percent(rng, 50) {
                spec["gateways"] = json!(places);
            }
            document(
                "VirtualService",
                json!({"name": format!("rules-{number}"), "namespace": NAMESPACE}),
                spec,
            )
        })
        .collect()
}

/// The same rules, and one for what they are not for.
fn with_last(rng: &mut Rng, mut rules: Vec<Value>, services: &[Service]) -> Vec<Value> {
    let mut last = actions::rule(rng, services);
    if last["redirect"]["prefixRewrite"].is_null() {
        last.as_object_mut().expect("a rule").remove("match");
    }
    rules.push(last);
    rules
}
