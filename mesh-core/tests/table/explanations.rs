//! Decisions with their reasons.

use crate::build::*;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use mesh_core::{
    model::*,
    table::{Explanation, GatewayRole, RequestView, RuleReference, Snapshot, Viewpoint},
};
use std::time::Duration;

const HOST: &str = "product.shop.svc.cluster.local";

fn explain(table: &Snapshot, request: &Request<()>) -> Explanation {
    table.explain(&RequestView::outbound(request))
}

/// A canary: testers see `v2`, everybody else is split 9 to 1 between `v1` and `v2`.
fn canary() -> Snapshot {
    let testers =
        when(Conditions { headers: vec![header("x-group", exact("test"))], ..Conditions::default() });
    let mut routes = vec![
        forward("testers", vec![testers], vec![to(&format!("{HOST}|v2"), 0)]),
        forward("split", vec![], vec![to(&format!("{HOST}|v1"), 90), to(&format!("{HOST}|v2"), 10)]),
    ];
    routes[0].line = 12.into();
    routes[1].line = 20.into();
    routes[1].rewrite.path = Some("/v/".into());
    routes[1].rewrite.authority = Some("inner".into());
    routes[1].timeout = Some(Duration::from_millis(1500));
    routes[1].injection = Injection {
        delay: Some(Delay { lasting: Duration::from_secs(3), share: Share::ALL }),
        abort: Share::from_percent(20.0)
            .map(|share| Abort { status: AbortStatus::Http(StatusCode::BAD_GATEWAY), share }),
    };
    routes[1].request_headers = HeaderEdits::new(vec![
        Edit::Set(HeaderName::from_static("x-a"), HeaderValue::from_static("1")),
        Edit::Add(HeaderName::from_static("x-b"), HeaderValue::from_static("2")),
        Edit::Remove(HeaderName::from_static("x-c")),
    ]);
    let rules = virtual_service("shop/rules", &[HOST], routes);
    table(&model(
        vec![service("product.shop")],
        vec![rules],
        vec![subset_rule("shop/rule", HOST, &["v1", "v2"])],
    ))
}

#[test]
fn an_explanation_names_the_rule_that_matched_and_why_others_did_not() {
    let explanation = explain(&canary(), &get("http://product/1?q"));
    assert_eq!(explanation.virtual_host.as_deref(), Some(HOST));
    assert_eq!(explanation.matched_domain.as_deref(), Some("product"));
    assert_eq!(explanation.virtual_services, ["shop/rules"]);
    assert_eq!(explanation.rule, Some(RuleReference { number: 2, name: "split".into(), line: 20 }));
    let [passed] = &*explanation.passed_over else { panic!("one rule passed over") };
    assert_eq!((passed.rule.number, &*passed.rule.name), (1, "testers"));
    assert_eq!(passed.reason, r#"header x-group is absent, exact "test" is asked for"#);
    assert_eq!((explanation.outcome, explanation.status, explanation.flag), ("forward", None, None));
    assert_eq!(explanation.rewritten_path.as_deref(), Some("/v/1?q"));
    assert_eq!(explanation.rewritten_authority.as_deref(), Some("inner"));
    assert_eq!(explanation.timeout_ms, Some(1500));
    assert_eq!(explanation.delay.as_deref(), Some("3s for 100 %"));
    assert_eq!(explanation.abort.as_deref(), Some("502 for 20 %"));
    let [old, new] = &*explanation.targets else { panic!("two targets") };
    assert_eq!((old.subset.as_deref(), old.port, old.weight, old.percent), (Some("v1"), 80, 90, 90.0));
    assert_eq!(new.endpoints, ["10.0.0.2:8080"]);
    assert_eq!(new.request_headers, ["remove x-c", "set x-a: 1", "add x-b: 2"]);
}

#[test]
fn its_text_is_aligned_and_complete() {
    let expected = r#"Forwarded to product.shop.svc.cluster.local:80 subset v1 (90 %), product.shop.svc.cluster.local:80 subset v2 (10 %).
outcome            forward
virtual host       product.shop.svc.cluster.local (by product)
virtual services   shop/rules
passed over        rule 1 testers (line 12): header x-group is "a" and "b", exact "test" is asked for
matched            rule 2 split (line 20)
target             product.shop.svc.cluster.local:80 subset v1 (90 %)
  endpoints        10.0.0.1:8080
  request header   remove x-c
  request header   set x-a: 1
  request header   add x-b: 2
target             product.shop.svc.cluster.local:80 subset v2 (10 %)
  endpoints        10.0.0.2:8080
  request header   remove x-c
  request header   set x-a: 1
  request header   add x-b: 2
rewritten path     /v/1
authority          inner
timeout            1500 ms
delay              3s for 100 %
abort              502 for 20 %
"#;
    let request =
        Request::get("http://product/1").header("x-group", "a").header("x-group", "b").body(()).unwrap();
    assert_eq!(explain(&canary(), &request).to_string(), expected);
}

#[test]
fn every_condition_has_its_words() {
    let query = vec![QueryMatch { name: "a".into(), value: TextMatch::Present }];
    let insensitive = PathMatch { text: prefix("/a"), ignore_case: true };
    let blocks = vec![
        Block { port: Some(8080), ..Block::default() },
        path(regex("/x+")),
        when(Conditions { path: Some(insensitive), ..Conditions::default() }),
        when(Conditions { method: Some(exact("POST")), ..Conditions::default() }),
        when(Conditions { scheme: Some(exact("https")), ..Conditions::default() }),
        when(Conditions { authority: Some(exact("x")), ..Conditions::default() }),
        when(Conditions {
            without_headers: vec![header("x-a", TextMatch::Present)],
            ..Conditions::default()
        }),
        when(Conditions { query, ..Conditions::default() }),
    ];
    let rules = virtual_service("shop/rules", &["a.example.com"], vec![answer("r", blocks)]);
    let table = table(&model(vec![], vec![rules], vec![]));
    let request = Request::get("http://a.example.com/").header("x-a", "1").body(()).unwrap();
    let explanation = explain(&table, &request);
    let reasons: Vec<_> = explanation.passed_over.iter().map(|passed| &*passed.reason).collect();
    let expected = [
        "port is 80, 8080 is asked for",
        r#"path is "/", regex "/x+" is asked for"#,
        r#"path is "/", prefix "/a" in any letter case is asked for"#,
        r#"method is "GET", exact "POST" is asked for"#,
        r#"scheme is "http", exact "https" is asked for"#,
        r#"authority is "a.example.com", exact "x" is asked for"#,
        r#"header x-a is "1", present is asked not to be"#,
        "query parameter a is absent, present is asked for",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(
        (explanation.outcome, explanation.status, explanation.flag),
        ("refuse", Some(404), Some("NR"))
    );
    assert_eq!(explanation.summary, "No route: none of the 8 rules of a.example.com matches.");
}

fn ended(explanation: &Explanation) -> (&str, Option<u16>, Option<&str>) {
    (explanation.outcome, explanation.status, explanation.flag)
}

#[test]
fn unknown_hosts_pass_or_end_with_502_and_no_host_with_404() {
    let strict = Model { unknown_hosts: UnknownHosts::Refuse, ..Model::default() };
    let request = get("http://nowhere/");
    assert_eq!(ended(&explain(&table(&Model::default()), &request)), ("passthrough", None, None));
    assert_eq!(ended(&explain(&table(&strict), &request)), ("refuse", Some(502), None));
    let hostless = Request::get("/").body(()).unwrap();
    assert_eq!(ended(&explain(&table(&strict), &hostless)), ("refuse", Some(404), Some("NR")));
    let gateway = Viewpoint { gateway: GatewayRole::BySelector, ..from("shop") };
    let gateway = Snapshot::compile(&strict, &gateway, None);
    assert_eq!(ended(&explain(&gateway, &request)), ("refuse", Some(404), Some("NR")));
    let at_port = gateway.explain(&RequestView::at_gateway(&request, 80, false));
    assert_eq!(ended(&at_port), ("refuse", Some(404), Some("NR")));
    assert!(at_port.to_string().contains(r#"host "nowhere" on port 80"#), "{at_port}");
}

#[test]
fn what_is_missing_ends_with_nc_and_what_has_no_endpoint_with_uh() {
    let mut empty = service("empty.shop");
    empty.endpoints = [].into();
    let empty_host = full("empty.shop");
    let cases = [
        (
            vec![to(&full("nowhere.shop"), 0)],
            Some("NC"),
            "no service has the host nowhere.shop.svc.cluster.local",
        ),
        (
            vec![to(&format!("{HOST}|v9"), 0)],
            Some("NC"),
            "names a subset v9 of product.shop.svc.cluster.local",
        ),
        (vec![to(&format!("{HOST}||81"), 0)], Some("NC"), "product.shop.svc.cluster.local has no port 81."),
        (vec![to(&empty_host, 0)], Some("UH"), "No destination has an endpoint."),
        (
            vec![to(&empty_host, 1), to(&format!("{HOST}|v9"), 1)],
            Some("UH"),
            "No destination has an endpoint.",
        ),
        (vec![to(&empty_host, 1), to(HOST, 1), to(HOST, 0)], None, "(50 %)"),
    ];
    for (destinations, flag, summary) in cases {
        let rules =
            virtual_service("shop/rules", &["a.example.com"], vec![forward("r", vec![], destinations)]);
        let table = table(&model(vec![service("product.shop"), empty.clone()], vec![rules], vec![]));
        let explanation = explain(&table, &get("http://a.example.com/"));
        let (outcome, status) = if flag.is_some() { ("refuse", Some(503)) } else { ("forward", None) };
        assert_eq!(ended(&explanation), (outcome, status, flag), "{explanation}");
        assert!(explanation.summary.contains(summary), "{explanation}");
    }
}

#[test]
fn a_port_that_a_service_does_not_list_is_nobodys() {
    let table = table(&model(vec![service("product.shop")], vec![], vec![]));
    let explanation = explain(&table, &get("http://product:81/"));
    let expected =
        "Nobody described port 81 of product, only 80, so the request goes where its address says.";
    assert_eq!((explanation.outcome, &*explanation.summary), ("passthrough", expected));
    assert_eq!(explanation.rule, None);
}

#[test]
fn answers_have_their_status_and_location() {
    let redirect = Redirect {
        status: StatusCode::FOUND,
        scheme: None,
        authority: Some("b.com".into()),
        port: RedirectPort::Keep,
        path: None,
        prefix: None,
    };
    let routes =
        vec![route("away", vec![path(exact("/away"))], Action::Redirect(redirect)), answer("here", vec![])];
    let table =
        table(&model(vec![], vec![virtual_service("shop/rules", &["a.example.com"], routes)], vec![]));
    let away = explain(&table, &get("http://a.example.com/away"));
    assert_eq!(
        (ended(&away), away.location.as_deref()),
        (("redirect", Some(302), None), Some("http://b.com/away"))
    );
    assert_eq!(ended(&explain(&table, &get("http://a.example.com/"))), ("respond", Some(200), None));
}

#[test]
fn as_json_it_has_stable_names_and_leaves_out_what_is_not_there() {
    let table = table(&model(vec![service("product.shop")], vec![], vec![]));
    let json = serde_json::to_value(explain(&table, &get("http://product/"))).unwrap();
    let expected = serde_json::json!({
        "virtualHost": HOST,
        "matchedDomain": "product",
        "virtualServices": [],
        "rule": {"number": 1, "name": "default", "line": 0},
        "passedOver": [],
        "outcome": "forward",
        "summary": format!("Forwarded to {HOST}:80 (100 %)."),
        "targets": [{
            "host": HOST, "port": 80, "weight": 100, "percent": 100.0, "endpoints": ["10.0.0.1:8080", "10.0.0.2:8080"],
        }],
    });
    assert_eq!(json, expected);
}
