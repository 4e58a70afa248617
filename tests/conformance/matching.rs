//! Which rule a request meets, and which of its destinations.

use super::{Caller, Product, to};
use http::{Request, header::HOST};
use mesh_core::table::RequestView;
use tests::{
    documents::{Documents, routes, subsets},
    gate::{door, plain},
    mesh::{gateway_config, run_gateway},
    soon,
    wire::text,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A rule for a condition in YAML's flow style.
fn when(condition: &str, version: &str) -> String {
    format!("{{match: [{condition}], {}}}", to(version))
}

#[tokio::test]
async fn line_2_the_first_rule_that_matches_wins_and_a_prefix_ends_within_a_word() {
    let prefix = when("{uri: {prefix: /foo}}", "v1");
    let exact = when("{uri: {exact: /foobar}}", "v2");
    let rest = format!("{{{}}}", to("v2"));
    let prefix_first = Caller::with_rules(&format!("[{prefix}, {exact}, {rest}]")).await;
    for (path, version) in [("/foobar", "v1"), ("/foo", "v1"), ("/foo/bar", "v1"), ("/fo", "v2"), ("/", "v2")]
    {
        assert_eq!(prefix_first.version(path).await, version, "{path}");
    }
    let exact_first = Caller::with_rules(&format!("[{exact}, {prefix}, {rest}]")).await;
    for (path, version) in [("/foobar", "v2"), ("/foobars", "v1"), ("/foo", "v1")] {
        assert_eq!(exact_first.version(path).await, version, "{path}");
    }
}

#[tokio::test]
async fn line_3_an_empty_match_asks_for_a_header_of_any_name_spelling_and_an_absent_one_is_without_it() {
    let rules = |condition: &str| format!("[{}, {{{}}}]", when(condition, "v1"), to("v2"));
    for (condition, header, version) in [
        ("{headers: {X-Group: {}}}", None, "v2"),
        ("{headers: {X-Group: {}}}", Some(""), "v1"),
        ("{headers: {X-Group: {}}}", Some("test"), "v1"),
        ("{headers: {X-Group: {exact: test}}}", Some("test"), "v1"),
        ("{headers: {X-Group: {exact: test}}}", Some("Test"), "v2"),
        ("{withoutHeaders: {X-Group: {exact: test}}}", None, "v1"),
        ("{withoutHeaders: {X-Group: {exact: test}}}", Some("other"), "v1"),
        ("{withoutHeaders: {X-Group: {exact: test}}}", Some("test"), "v2"),
        ("{withoutHeaders: {X-Group: {}}}", None, "v1"),
        ("{withoutHeaders: {X-Group: {}}}", Some("test"), "v2"),
    ] {
        let caller = Caller::with_rules(&rules(condition)).await;
        let request = Request::get("http://product/");
        let request = header.into_iter().fold(request, |request, value| request.header("x-group", value));
        let answer = soon(text(caller.send(request).await)).await;
        assert_eq!(answer, version, "{condition} {header:?}");
    }
    spellings_on_the_wire(&rules("{headers: {X-Group: {exact: test}}}")).await;
}

/// Sends bytes of its own: clients write all names in lower case.
async fn spellings_on_the_wire(rules: &str) {
    let product = Product::open().await;
    let rules = routes("shop.example.com", rules).replace("{hosts:", "{gateways: [door], hosts:");
    let subsets = subsets("product", &["v1", "v2"]);
    let documents = Documents::of(&[&product.documents(), &subsets, &rules, &door(&[&plain(80)])]);
    let mesh = mesh_tower::Mesh::start(gateway_config(&documents, &[80])).await.expect("documents");
    let (addresses, _) = run_gateway(&mesh).await;
    for (name, version) in [("X-Group", "v1"), ("x-group", "v1"), ("X-GROUP", "v1"), ("X-Grou", "v2")] {
        let mut stream = TcpStream::connect(addresses[0]).await.expect("an open port");
        let head = format!(
            "GET / HTTP/1.1\r\n{HOST}: shop.example.com\r\n{name}: test\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("a server");
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(version), "{name}: {answer}");
    }
}

/// A rule for all that splits requests between the versions.
fn split(v1: u32, v2: u32) -> String {
    let share = |version: &str, weight: u32| {
        format!("{{destination: {{host: product, subset: {version}}}, weight: {weight}}}")
    };
    format!("[{{route: [{}, {}]}}]", share("v1", v1), share("v2", v2))
}

#[tokio::test]
async fn line_4_weight_0_is_never_chosen_and_weights_are_shares_of_their_sum() {
    let all_or_nothing = Caller::with_rules(&split(100, 0)).await;
    for _ in 0..200 {
        assert_eq!(all_or_nothing.version("/").await, "v1");
    }
    let three_to_one = Caller::with_rules(&split(3, 1)).await;
    let request = Request::get("http://product/").body(()).unwrap();
    let explanation = three_to_one.mesh.handle().snapshot().explain(&RequestView::outbound(&request));
    let shares: Vec<f64> = explanation.targets.iter().map(|target| target.percent).collect();
    assert_eq!(shares, [75.0, 25.0]);
    let mut v1 = 0;
    for _ in 0..800 {
        v1 += u32::from(three_to_one.version("/").await == "v1");
    }
    // Six standard deviations around 600: two in a thousand million runs are outside.
    assert!((527..=673).contains(&v1), "{v1} of 800");
}
