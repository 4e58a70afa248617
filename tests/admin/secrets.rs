//! No page tells a secret.

use crate::{get, member, with_admin};
use mesh_core::model::Labels;
use mesh_tower::mesh::Config;
use tests::{
    documents::{Documents, routes, service},
    workloads::Mint,
};

const SECRET: &str = "hunter2";

#[tokio::test]
async fn what_lets_somebody_in_is_on_no_page() {
    let rules = format!(
        "[{{match: [{{headers: {{authorization: {{exact: Bearer {SECRET}}}, cookie: {{prefix: {SECRET}}}}}, queryParams: {{access_token: {{exact: {SECRET}}}}}}}], \
         route: [{{destination: {{host: product}}, headers: {{request: {{set: {{x-api-key: {SECRET}, x-shown: visible}}}}, response: {{add: {{set-cookie: {SECRET}}}}}}}}}]}}, \
         {{route: [{{destination: {{host: product}}}}], headers: {{request: {{set: {{proxy-authorization: {SECRET}}}}}}}}}]"
    );
    let tokens = format!(
        "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: tokens}}\n\
         spec: {{jwtRules: [{{issuer: me, jwksUri: 'https://me:{SECRET}@127.0.0.1:1/keys?key={SECRET}'}}]}}\n"
    );
    let documents = Documents::of(&[
        &service("product", "http", "127.0.0.1:8080".parse().expect("an address")),
        &routes("product", &rules),
        &tokens,
    ]);
    let labels = Labels::from([("app".to_owned(), "product".to_owned())]);
    let (mesh, address) = member(Config { labels, ..with_admin(&documents) }).await;
    let mint = Mint::default();
    mesh.identity().replace(mint.credentials(&Mint::id("product")));
    let mut all = String::new();
    for page in [
        "/",
        "/ready",
        "/metrics",
        "/config_dump",
        "/clusters",
        "/clusters?format=json",
        "/certs",
        "/explain?to=http://product/",
    ] {
        let (_, text) = get(address, page).await;
        assert!(!text.contains(SECRET), "{page}: {text}");
        assert!(!text.contains("PRIVATE"), "{page}: {text}");
        all.push_str(&text);
    }
    // They are told of, and what is no secret is shown.
    for told in [
        "x-api-key: (hidden)",
        "authorization is (hidden)",
        "set x-shown: visible",
        "https://127.0.0.1:1/keys",
    ] {
        assert!(all.contains(told), "{told}\n{all}");
    }
}
