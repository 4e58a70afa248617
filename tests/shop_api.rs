//! What the shop answers, call by call, through its gateway.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode, jwk::JwkSet,
};
use mesh_tower::{
    Mesh,
    mesh::{Config, IdentitySource},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tests::shop::{Connection, Reply, Shop, fetch, product};
use tests::soon;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

const KEYS: &str = "/.well-known/jwks.json";

/// Checks that an answer is a problem, told as every service of the shop tells it.
#[track_caller]
fn assert_problem(reply: &Reply, status: StatusCode, path: &str, message: &str) {
    let problem = reply.json();
    assert_eq!((reply.status, &problem["message"]), (status, &json!(message)), "{problem}");
    assert_eq!(problem["path"], path);
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["error"], status.canonical_reason().expect("a known status"));
    let timestamp = problem["timestamp"].as_str().expect("a timestamp");
    assert!(timestamp.contains('T') && timestamp.ends_with('Z'), "{timestamp}");
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(now.as_secs()).expect("a time before the end of numbers")
}

#[tokio::test]
async fn the_shop_opens_within_seconds_and_introduces_everyone() {
    let shop = Shop::shared().await;

    assert!(shop.opening < Duration::from_secs(10), "{:?}", shop.opening);
    let names: BTreeSet<String> = shop.instances().into_iter().map(|instance| instance.name).collect();
    let services = ["auth-server", "product", "product-composite", "recommendation", "review"];
    let versions =
        services.iter().flat_map(|service| ["v1", "v2"].map(|version| format!("{service}-{version}")));
    assert_eq!(names, versions.chain(["gateway".to_owned()]).collect());
}

#[tokio::test]
async fn every_instance_tells_its_health_at_its_management_port_and_the_gateway_tells_nobodys() {
    let shop = Shop::shared().await;

    let health: Vec<_> = shop.instances().into_iter().filter_map(|instance| instance.health).collect();
    assert_eq!(health.len(), 10);
    for address in health {
        let reply = fetch(address, "/actuator/health").await;
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({"status": "UP"})));
    }
    let outside = shop.connect().await.get("", "/actuator/health").await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND);
}

/// What a process says of itself to who asks by its address.
async fn tell(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("an admin endpoint");
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a connection");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("an answer");
    answer
}

#[tokio::test]
async fn every_process_tells_about_itself_where_the_shop_says() {
    let shop = Shop::shared().await;
    for instance in shop.instances() {
        let address = instance.admin.expect("an admin endpoint of every process");
        assert!(tell(address, "/ready").await.starts_with("HTTP/1.1 200"), "{instance:?}");
        let metrics = tell(address, "/metrics").await;
        assert!(metrics.contains("\nmesh_table_generation "), "{instance:?}: {metrics}");
        let certificate = tell(address, "/certs").await;
        assert!(
            certificate.contains("spiffe://cluster.local/ns/hands-on/sa/"),
            "{instance:?}: {certificate}"
        );
    }
}

#[tokio::test]
async fn a_token_is_signed_by_the_key_that_auth_server_shows_inside_the_mesh_only() {
    let shop = Shop::shared().await;
    let (status, keys) = ask_as(&shop, "product-composite", &format!("http://auth-server{KEYS}")).await;
    assert_eq!(status, StatusCode::OK);
    let keys: JwkSet = serde_json::from_slice(&keys).expect("a key set");

    for (client, scope) in
        [("writer", json!(["product:read", "product:write"])), ("reader", json!(["product:read"]))]
    {
        let token = shop.token(client).await;
        let kid = decode_header(&token).expect("a token").kid.expect("the name of a key");
        let key = DecodingKey::from_jwk(keys.find(&kid).expect("a key")).expect("an RSA key");
        let mut expected = Validation::new(Algorithm::RS256);
        expected.set_issuer(&["http://auth-server.local"]);
        expected.set_required_spec_claims(&["exp", "iss"]);
        let claims = decode::<Value>(&token, &key, &expected).expect("a valid token").claims;
        assert_eq!(claims["scope"], scope);
        let lifetime = claims["exp"].as_i64().expect("a time") - now();
        assert!((3500..=3600).contains(&lifetime), "{lifetime} s");
    }
    let outside = shop.connect().await.get("", KEYS).await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND, "{outside:?}");
}

/// What somebody in the shop, with a certificate of this service, gets from another service.
async fn ask_as(shop: &Shop, service: &str, url: &str) -> (StatusCode, Bytes) {
    let folder = Some(shop.live().join("identities"));
    let identity = IdentitySource::Local { folder, lifetime: Duration::from_secs(60) };
    let documents = vec![shop.documents(), shop.live().join("platform")];
    let (service, namespace) = (service.to_owned(), "hands-on".to_owned());
    let mesh = Mesh::start(Config { service, namespace, documents, identity, ..Config::default() }).await;
    let reply = mesh.expect("a place in the mesh").client().get(url).await.expect("an answer");
    let status = reply.status();
    (status, reply.into_body().collect().await.expect("a body").to_bytes())
}

#[tokio::test]
async fn whoever_is_in_the_shop_is_answered_where_the_documents_allow_it() {
    let shop = Shop::shared().await;
    for (caller, url, expected) in [
        ("product-composite", "http://product/product/13", StatusCode::NOT_FOUND),
        ("review", "http://product/product/13", StatusCode::FORBIDDEN),
        ("product", "http://review/review?productId=13", StatusCode::FORBIDDEN),
        ("product-composite", "http://review/review?productId=13", StatusCode::OK),
        ("product", "http://auth-server/.well-known/jwks.json", StatusCode::FORBIDDEN),
        ("review", "http://product-composite/product-composite/13", StatusCode::UNAUTHORIZED),
    ] {
        let (status, body) = ask_as(&shop, caller, url).await;
        assert_eq!(status, expected, "{caller} asks {url}: {body:?}");
        if status == StatusCode::FORBIDDEN {
            assert_eq!(body, "RBAC: access denied");
        }
    }
}

#[tokio::test]
async fn whoever_is_not_in_the_shop_gets_no_byte_from_the_services_behind() {
    let shop = Shop::shared().await;
    let behind = ["product-v1", "recommendation-v2", "review-v1", "auth-server-v1"];
    for instance in shop.instances().iter().filter(|instance| behind.contains(&&*instance.name)) {
        let mut stream = TcpStream::connect(instance.address).await.expect("an open port");
        stream.write_all(b"GET /product/1 HTTP/1.1\r\nhost: product\r\n\r\n").await.expect("sent");
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{}: {answer:?}", instance.name);
        assert!(ended.is_err(), "{}: it is reset", instance.name);
    }
}

#[tokio::test]
async fn who_does_not_know_the_secret_or_the_password_gets_no_token() {
    let shop = Shop::shared().await;

    for (client, user, password, error) in [
        ("writer:guess", "magnus", "password", "invalid_client"),
        ("nobody:secret", "magnus", "password", "invalid_client"),
        ("writer:secret", "magnus", "guess", "invalid_grant"),
        ("writer:secret", "nobody", "password", "invalid_grant"),
    ] {
        let reply = shop.ask_token(client, user, password).await;
        assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::UNAUTHORIZED, &json!(error)));
    }
}

#[tokio::test]
async fn a_product_is_created_once_read_and_deleted() {
    let shop = Shop::shared().await;
    let (writer, reader) = (shop.token("writer").await, shop.token("reader").await);
    let (mut connection, path) = (shop.connect().await, "/product-composite/101");

    assert_eq!(connection.post(&writer, product(101)).await.status, StatusCode::OK);
    let again = connection.post(&writer, product(101)).await;
    let message = "Duplicate key, Product Id: 101";
    assert_problem(&again, StatusCode::UNPROCESSABLE_ENTITY, "/product-composite", message);

    let mut read = connection.get(&reader, path).await;
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(read.versions(), ["v1"; 4]);
    let mut found = read.json();
    let addresses =
        found.as_object_mut().and_then(|found| found.remove("serviceAddresses")).expect("addresses");
    assert_eq!(found, serde_json::from_str::<Value>(&product(101)).expect("a product"));
    for instance in shop.instances().iter().filter(|instance| instance.name.ends_with("-v1")) {
        let told = addresses.as_object().expect("addresses").values();
        let expected = format!("{}/{} (v1)", instance.name, instance.address);
        let is_told = told.filter_map(Value::as_str).any(|address| address == expected);
        assert_eq!(is_told, instance.name != "auth-server-v1", "{expected} in {addresses}");
    }

    for _ in 0..2 {
        assert_eq!(connection.ask(Method::DELETE, &writer, path).await.status, StatusCode::OK);
    }
    read = connection.get(&reader, path).await;
    assert_problem(&read, StatusCode::NOT_FOUND, path, "No product found for productId: 101");
}

#[tokio::test]
async fn what_is_no_product_is_refused_with_its_reason() {
    let shop = Shop::shared().await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;

    for (id, status, message) in [
        ("13", StatusCode::NOT_FOUND, "No product found for productId: 13"),
        ("-1", StatusCode::UNPROCESSABLE_ENTITY, "Invalid productId: -1"),
        ("chair", StatusCode::BAD_REQUEST, "Type mismatch."),
        ("13?delay=soon", StatusCode::BAD_REQUEST, "Type mismatch."),
    ] {
        let path = format!("/product-composite/{id}");
        let reply = connection.get(&token, &path).await;
        assert_problem(&reply, status, path.split('?').next().expect("a path"), message);
    }
}

#[tokio::test]
async fn a_product_that_takes_three_seconds_is_given_two() {
    let shop = Shop::shared().await;
    shop.create(102).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    let path = "/product-composite/102";

    let start = Instant::now();
    let reply = connection.get(&token, &format!("{path}?delay=3")).await;
    let took = start.elapsed();
    assert_problem(&reply, StatusCode::GATEWAY_TIMEOUT, path, "product did not answer within 2 s");
    assert!(took >= Duration::from_millis(1900), "{took:?}");

    let reply = connection.get(&token, &format!("{path}?delay=1")).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
}

#[tokio::test]
async fn a_product_fails_as_often_as_a_tester_asks_for() {
    let shop = Shop::shared().await;
    shop.create(103).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    let path = "/product-composite/103";

    for _ in 0..100 {
        let reply = connection.get(&token, &format!("{path}?faultPercent=100")).await;
        assert_problem(&reply, StatusCode::INTERNAL_SERVER_ERROR, path, "Something went wrong...");
        let reply = connection.get(&token, &format!("{path}?faultPercent=0")).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
}

#[tokio::test]
async fn nobody_enters_without_a_token_of_auth_server() {
    let shop = Shop::shared().await;
    let mut connection = shop.connect().await;
    let valid = shop.token("reader").await;
    let (body, signature) = valid.rsplit_once('.').expect("a token");

    let none = connection.request(Method::GET, "/product-composite/13");
    assert_eq!(connection.send(none, "").await.status, StatusCode::UNAUTHORIZED);
    let basic =
        connection.request(Method::GET, "/product-composite/13").header("authorization", "Basic dDp0");
    assert_eq!(connection.send(basic, "").await.status, StatusCode::UNAUTHORIZED);

    let claims = json!({"iss": "http://auth-server.local", "scope": ["product:read"], "exp": now() + 600});
    let expired = json!({"iss": "http://auth-server.local", "scope": ["product:read"], "exp": now() - 120});
    let stranger = json!({"iss": "http://elsewhere", "scope": ["product:read"], "exp": now() + 600});
    let stolen = EncodingKey::from_rsa_pem(&fs::read(shop.live().join("signing.pem")).expect("a key"));
    let (stolen, forged) = (stolen.expect("the key of auth-server"), another_key());
    let header = decode_header(&valid).expect("a token");
    let sign = |header: &Header, claims: &Value, key| encode(header, claims, key).expect("a token");
    for (token, why) in [
        ("rubbish".to_owned(), "no token"),
        (format!("{body}."), "without a signature"),
        (format!("{body}.{}", signature.chars().rev().collect::<String>()), "with a wrong signature"),
        (unsigned(&header, &claims), "of alg none"),
        (sign(&header, &claims, &forged), "signed by another key"),
        (sign(&header, &expired, &stolen), "that has expired"),
        (sign(&header, &stranger, &stolen), "of another issuer"),
    ] {
        let reply = connection.get(&token, "/product-composite/13").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "a token {why}: {reply:?}");
        assert_eq!(reply.body, "Origin authentication failed.");
    }
    // Those were refused for what is wrong with them.
    let reply = connection.get(&sign(&header, &claims, &stolen), "/product-composite/13").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{reply:?}");
}

#[tokio::test]
async fn a_reader_may_not_write() {
    let shop = Shop::shared().await;
    let reader = shop.token("reader").await;
    let mut connection = shop.connect().await;
    let message = "The token lacks the scope product:write";

    let delete = connection.ask(Method::DELETE, &reader, "/product-composite/104").await;
    assert_problem(&delete, StatusCode::FORBIDDEN, "/product-composite/104", message);
    let create = connection.post(&reader, product(104)).await;
    assert_problem(&create, StatusCode::FORBIDDEN, "/product-composite", message);
    let read = connection.get(&reader, "/product-composite/104").await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_gateway_opens_for_its_own_host_and_its_own_paths_only() {
    let shop = Shop::shared().await;
    let token = shop.token("writer").await;
    let mut connection = shop.connect().await;

    for path in ["/", "/product/1", "/review?productId=1", "/recommendation?productId=1"] {
        let reply = connection.get(&token, path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}: {reply:?}");
    }
    assert_eq!(elsewhere(&mut connection).await.status, StatusCode::NOT_FOUND);
}

async fn elsewhere(connection: &mut Connection) -> Reply {
    let mut request = connection.request(Method::GET, "/product-composite/1");
    request.headers_mut().expect("headers").insert("host", "elsewhere.me".parse().expect("a host"));
    connection.send(request, "").await
}

fn another_key() -> EncodingKey {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    EncodingKey::from_rsa_pem(key.serialize_pem().as_bytes()).expect("an RSA key")
}

fn unsigned(header: &Header, claims: &Value) -> String {
    let header = json!({"alg": "none", "typ": "JWT", "kid": header.kid});
    let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.")
}
