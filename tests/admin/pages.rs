//! What each page says.

use crate::{ask, get, get_json, member, request, send, with_admin};
use http::{Method, StatusCode, header};
use mesh_core::model::Labels;
use mesh_tower::{Body, admin::Logging, mesh::Config};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{
    documents::{Documents, routes, service, subsets, workload},
    mesh::until,
    soon,
    upstream::{Upstream, listener},
    wire::text,
    workloads::Mint,
};

fn canary() -> Documents {
    let address = "127.0.0.1:8081".parse().expect("an address");
    let rules = "[{name: canary, match: [{headers: {x-group: {exact: test}}}], route: [{destination: {host: product, subset: v2}}]}, \
                 {route: [{destination: {host: product, subset: v1}, weight: 90}, {destination: {host: product, subset: v2}, weight: 10}]}]";
    Documents::of(&[
        &service("product", "http", "127.0.0.1:8080".parse().expect("an address")),
        &workload("product", "v2", "http", address),
        &subsets("product", &["v1", "v2"]),
        &routes("product", rules),
    ])
}

#[tokio::test]
async fn the_index_teaches_and_the_rest_is_not_found() {
    let (_mesh, address) = member(with_admin(&Documents::new())).await;
    let (status, index) = get(address, "/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(index.contains("/config_dump") && index.contains("what documents say"), "{index}");
    let (status, missing) = get(address, "/nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(missing.contains(&index), "{missing}");

    let page = request(address, Method::GET, "/").header(header::ACCEPT, "text/html,*/*;q=0.8");
    let response = send(address, page.body(Body::empty()).expect("a request")).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
    assert!(soon(text(response)).await.contains("<a href=\"/clusters\">"));
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let (mesh, address) = member(with_admin(&Documents::new())).await;
    for (method, path, allow) in [
        (Method::POST, "/config_dump", "GET, HEAD"),
        (Method::DELETE, "/logging", "GET, HEAD, POST"),
        (Method::GET, "/drain", "POST"),
        (Method::HEAD, "/drain", "POST"),
        (Method::OPTIONS, "/ready", "GET, HEAD"),
    ] {
        let response =
            send(address, request(address, method, path).body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()[header::ALLOW], allow, "{path}");
    }
    assert!(!mesh.drain().has_started());
    let (status, body) = ask(address, Method::HEAD, "/certs").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn the_configuration_has_rules_weights_documents_and_faults() {
    let documents = canary();
    documents.write(
        "wrong.yaml",
        &routes("cart", "[{route: [{destination: {host: product}, weight: 100, mistake: 1}]}]"),
    );
    let labels = Labels::from([("app".to_owned(), "cart".to_owned())]);
    let (mesh, address) = member(Config { service: "cart".into(), labels, ..with_admin(&documents) }).await;
    let dump = get_json(address, "/config_dump").await;
    assert_eq!(dump["generation"], 1);
    assert_eq!(dump["digest"], format!("{:016x}", mesh.handle().snapshot().digest()));
    assert_eq!((&dump["workload"], &dump["labels"]["app"]), (&json!("cart"), &json!("cart")));
    let hosts = dump["virtualHosts"].as_array().expect("a list");
    let host =
        hosts.iter().find(|host| host["name"] == "product.default.svc.cluster.local").expect("the service");
    assert_eq!(host["virtualServices"], json!(["default/product"]));
    let [canary, rest] = host["rules"].as_array().expect("rules").as_slice() else { panic!("{host}") };
    assert_eq!(canary["conditions"], json!(["header x-group is exact \"test\""]));
    let weights: Vec<_> =
        rest["targets"].as_array().expect("targets").iter().map(|target| &target["percent"]).collect();
    assert_eq!(weights, [&json!(90.0), &json!(10.0)]);
    assert_eq!(rest["targets"][1]["backends"], json!(["outbound|80|v2|product.default.svc.cluster.local"]));

    let wrong = dump["faults"].as_array().expect("faults").iter().find(|fault| fault["isRefusal"] == true);
    let wrong = wrong.expect("a refusal");
    assert!(wrong["file"].as_str().expect("a file").ends_with("wrong.yaml"), "{wrong}");
    assert_eq!(wrong["line"], 4);
    assert!(
        wrong["message"].as_str().expect("a line").contains("wrong.yaml:4: VirtualService/cart"),
        "{wrong}"
    );
    let names: Vec<_> =
        dump["documents"].as_array().expect("documents").iter().map(|one| &one["name"]).collect();
    assert_eq!(names.iter().filter(|name| **name == "product").count(), 3);
    assert!(dump["documents"][0]["place"].as_str().expect("a place").ends_with("mesh.yaml:1"));

    documents.remove("wrong.yaml");
    until(&mesh, |status| status.faults.is_empty()).await;
    let dump = get_json(address, "/config_dump").await;
    assert_eq!((&dump["generation"], &dump["faults"]), (&json!(2), &json!([])));
}

#[tokio::test]
async fn the_inbound_side_is_told_too() {
    let policies = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: strict}\nspec: {mtls: {mode: STRICT}}\n---\n\
                    apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: readers}\nspec: {action: ALLOW, rules: [{to: [{operation: {methods: [GET]}}]}]}\n";
    let (_mesh, address) = member(with_admin(&Documents::of(&[policies]))).await;
    let inbound = &get_json(address, "/config_dump").await["inbound"];
    assert_eq!(inbound["mutualTls"], "STRICT");
    let expected = json!([{"policy": "default/readers", "action": "ALLOW", "isDryRun": false, "rules": 1}]);
    assert_eq!(inbound["authorization"], expected);
}

#[tokio::test]
async fn backends_are_told_with_requests_under_way_and_who_is_ejected() {
    let (held, upstream) = listener().await;
    let outliers = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: failing}\n\
                    spec: {host: failing, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, baseEjectionTime: 300s, maxEjectionPercent: 100}}}\n";
    let failing = Upstream::serving(async |_| {
        let mut response = http::Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok(response)
    })
    .await;
    let documents = Documents::of(&[
        &service("slow", "http", upstream),
        &service("failing", "http", failing.address),
        outliers,
    ]);
    let (mesh, address) = member(with_admin(&documents)).await;
    assert_eq!(soon(mesh.client().get("http://failing/")).await.expect("an answer").status(), 500);
    let waiting = tokio::spawn({
        let client = mesh.client();
        async move { client.get("http://slow/").await.map(drop) }
    });
    let (_stream, _) = soon(held.accept()).await.expect("a connection");

    let clusters = soon(async {
        loop {
            let clusters = get_json(address, "/clusters?format=json").await;
            let is_seen = clusters.as_array().expect("a list").iter().any(|one| one["activeRequests"] == 1);
            if is_seen {
                return clusters;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let of = |name: &str| {
        let all = clusters.as_array().expect("a list");
        all.iter()
            .find(|one| one["name"] == format!("outbound|80||{name}.default.svc.cluster.local"))
            .expect("it")
    };
    let slow = &of("slow")["endpoints"][0];
    assert_eq!((&slow["address"], &slow["activeRequests"]), (&json!(upstream.to_string()), &json!(1)));
    assert_eq!((&slow["isEjected"], slow.get("ejectedUntil")), (&json!(false), None));
    assert_eq!(of("slow")["connections"], 1);
    let failed = &of("failing")["endpoints"][0];
    assert_eq!((&failed["isEjected"], &failed["activeRequests"]), (&json!(true), &json!(0)));
    let until = failed["ejectedUntil"].as_str().expect("a moment");
    assert!(until.starts_with("20") && until.ends_with('Z'), "{until}");

    let (_, envoy) = get(address, "/clusters").await;
    let slow = format!("outbound|80||slow.default.svc.cluster.local::{upstream}::rq_active::1");
    let failed = format!(
        "outbound|80||failing.default.svc.cluster.local::{}::health_flags::/failed_outlier_check",
        failing.address
    );
    for line in [slow, failed] {
        assert!(envoy.lines().any(|known| known == line), "{line}\n{envoy}");
    }
    assert_eq!(get(address, "/clusters?format=xml").await.0, StatusCode::BAD_REQUEST);
    waiting.abort();
}

#[tokio::test]
async fn certificates_are_told_and_keys_are_not() {
    let (mesh, address) = member(with_admin(&Documents::new())).await;
    let none = get_json(address, "/certs").await;
    assert_eq!((none.get("identity"), &none["chain"]), (None, &json!([])));
    let mint = Mint::default();
    mesh.identity().replace(mint.credentials(&Mint::id("cart")));
    let certs = get_json(address, "/certs").await;
    assert_eq!(certs["identity"], Mint::id("cart"));
    let leaf = &certs["chain"][0];
    assert_eq!(
        (&leaf["issuer"], &leaf["uris"]),
        (&json!("CN=The mesh's authority"), &json!([Mint::id("cart")]))
    );
    assert!(
        leaf["serial"].as_str().expect("digits").len() >= 2 && leaf["secondsLeft"].as_u64() > Some(0),
        "{leaf}"
    );
    assert_eq!(certs["trustDomains"][0]["name"], "cluster.local");
    assert_eq!(certs["trustDomains"][0]["authorities"][0]["subject"], "CN=The mesh's authority");
    assert!(!certs.to_string().to_lowercase().contains("key"), "{certs}");
}

#[tokio::test]
async fn a_request_is_explained_as_meshctl_does() {
    let (_mesh, address) = member(with_admin(&canary())).await;
    let explained =
        get_json(address, "/explain?to=http://product/1&header=x-group:%20test&header=x-b:+c&method=POST")
            .await;
    assert_eq!(explained["outcome"], "forward");
    assert_eq!((&explained["rule"]["number"], &explained["targets"][0]["subset"]), (&json!(1), &json!("v2")));
    let split = get_json(address, "/explain?to=http%3A%2F%2Fproduct%2F").await;
    assert_eq!(split["targets"].as_array().map(Vec::len), Some(2));
    assert_eq!(split["passedOver"][0]["rule"]["name"], "canary");
    for (query, why) in [
        ("", "?to=http://product/path"),
        ("?to=product", "no URL"),
        ("?to=http://a/&method=%20", "no method"),
        ("?to=http://a/&header=x", "no header"),
        ("?to=http://a/&from=b", "no parameter"),
    ] {
        let (status, text) = get(address, &format!("/explain{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert!(text.contains(why), "{query}: {text}");
    }
}

#[tokio::test]
async fn the_level_of_the_log_is_told_and_changed_by_who_said_how() {
    let (_mesh, address) = member(with_admin(&Documents::new())).await;
    let (status, why) = ask(address, Method::POST, "/logging?level=debug").await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(why.contains("Config::logging"), "{why}");

    let level = Arc::new(Mutex::new("info".to_owned()));
    let (read, written) = (Arc::clone(&level), level);
    let logging = Logging::new(
        move || read.lock().expect("no panic").clone(),
        move |text| {
            if text == "loud" {
                return Err("nobody knows it".into());
            }
            text.clone_into(&mut written.lock().expect("no panic"));
            Ok(())
        },
    );
    let (_mesh, address) = member(Config { logging: Some(logging), ..with_admin(&Documents::new()) }).await;
    assert_eq!(get(address, "/logging").await, (StatusCode::OK, "info\n".into()));
    assert_eq!(ask(address, Method::POST, "/logging?level=debug").await, (StatusCode::OK, "debug\n".into()));
    assert_eq!(get(address, "/logging?level=trace").await.1, "debug\n");
    for query in ["", "?level=loud", "?lvl=info"] {
        let (status, _) = ask(address, Method::POST, &format!("/logging{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(get(address, "/logging").await.1, "debug\n");
}
