//! The shop in trouble: injected faults, a service that dies, wrong documents, and its end.

use http::StatusCode;
use rustix::process::Signal;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};
use tests::shop::{Connection, Load, PATIENCE, Program, Reply, Shop, kill};
use tokio::time::Instant;

/// How many requests are under way at once.
const LOAD: usize = 16;
const PRODUCT: &str = "/product-composite/1";
/// How a caller learns that the service behind did not answer.
const LOST: &str = "upstream connect error or disconnect/reset before headers. reset reason: ";

async fn open(options: &[&str]) -> Shop {
    let shop = Shop::open(options).await;
    shop.create(1).await;
    shop
}

/// Puts a whole experiment in the place of the document that it replaces.
fn experiment(shop: &Shop, name: &str, replaces: &str) {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shop/experiments");
    let draft = shop.live().join("draft");
    fs::copy(experiments.join(name), &draft).expect("an experiment");
    fs::rename(draft, shop.documents().join(replaces)).expect("a document");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_of_five_is_aborted_when_a_document_says_so() {
    const COUNT: usize = 10_000;
    let shop = open(&[]).await;
    let mut load = Load::start(&shop, 64, PRODUCT).await;
    assert_eq!(load.next().await.reply.status, StatusCode::OK);

    experiment(&shop, "product-aborts.yaml", "routing-product.yaml");
    while load.next().await.reply.status == StatusCode::OK {}
    let mut aborted = 0;
    for _ in 0..COUNT {
        let reply = load.next().await.reply;
        if reply.status != StatusCode::OK {
            assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{reply:?}");
            assert_eq!(reply.json()["message"], "fault filter abort");
            aborted += 1;
        }
    }
    println!("{aborted} of {COUNT} calls aborted");
    assert!((COUNT * 18 / 100..=COUNT * 22 / 100).contains(&aborted), "{aborted} of {COUNT}");
}

#[tokio::test]
async fn recommendations_and_reviews_are_left_out_when_their_services_abort() {
    let shop = open(&[]).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    experiment(&shop, "recommendation-aborts.yaml", "routing-recommendation.yaml");
    experiment(&shop, "review-aborts.yaml", "routing-review.yaml");

    let (mut recommendations, mut reviews) = (0, 0);
    let start = Instant::now();
    while recommendations == 0 || reviews == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is left out");
        let reply = connection.get(&token, PRODUCT).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let found = reply.json();
        let is_missing = |part: &str| found[part].as_array().is_some_and(Vec::is_empty);
        recommendations += usize::from(is_missing("recommendations"));
        reviews += usize::from(is_missing("reviews"));
    }
}

#[tokio::test]
async fn a_product_delayed_by_three_seconds_is_given_two() {
    let shop = open(&[]).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    experiment(&shop, "product-delay.yaml", "routing-product.yaml");

    let start = Instant::now();
    let mut asked = Instant::now();
    let mut reply = connection.get(&token, PRODUCT).await;
    while reply.status == StatusCode::OK {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is delayed");
        asked = Instant::now();
        reply = connection.get(&token, PRODUCT).await;
    }
    let took = asked.elapsed();
    assert_eq!(reply.status, StatusCode::GATEWAY_TIMEOUT, "{reply:?}");
    assert_eq!(reply.json()["message"], "product did not answer within 2 s");
    assert!(took >= Duration::from_millis(1900), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_product_fails_clearly_until_it_is_back_and_nothing_hangs() {
    let shop = open(&["--instances", "2"]).await;
    let victim = shop.instances().into_iter().find(|instance| instance.name == "product-v1-1");
    let victim = victim.expect("a first product");
    let mut load = Load::start(&shop, LOAD, PRODUCT).await;
    assert_eq!(load.next().await.reply.status, StatusCode::OK);

    kill(victim.pid);
    let mut lost = 0;
    let lines = shop.lines();
    let is_back = || lines.borrow().iter().any(|line| line.contains("product-v1-1 is ready"));
    while !is_back() {
        let visit = load.next().await;
        assert!(visit.took() < Duration::from_secs(5), "{:?}", visit.took());
        if visit.reply.status == StatusCode::OK {
            continue;
        }
        assert_eq!(visit.reply.status, StatusCode::SERVICE_UNAVAILABLE, "{:?}", visit.reply);
        let message = visit.reply.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with(LOST), "{message}");
        lost += 1;
    }
    println!("{lost} requests failed");
    // What the victim had begun is lost; whatever came later was tried again elsewhere.
    assert!(lost <= 2 * LOAD, "{lost} requests failed");
    shop.says(|line| line.contains("product-v1-1 ended (signal: 9 (SIGKILL)); it starts again in 5 s")).await;

    let (back, mut answered) = (Instant::now(), 0);
    while answered < 200 {
        let visit = load.next().await;
        if visit.sent > back {
            assert_eq!(visit.reply.status, StatusCode::OK, "{:?}", visit.reply);
            answered += 1;
        }
    }
}

/// Documents that are wrong, each in its way.
fn wrong() -> Vec<(&'static str, Vec<u8>)> {
    let routing = |weight: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: more}}\n\
             spec:\n  hosts: [more]\n  http:\n  - route:\n    - destination: {{host: product}}\n\
             \x20     weight: {weight}\n"
        )
    };
    let half = routing("100");
    vec![
        ("rubbish.yaml", (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
        ("zeros.yaml", vec![0; 512]),
        ("half.yaml", half[..half.find("{host").expect("a host") + 4].into()),
        ("weight.yaml", routing("many").into()),
        ("field.yaml", routing("100").replace("hosts", "hots").into()),
        ("tab.yaml", routing("100").replace("  http:", "\thttp:").into()),
    ]
}

async fn assert_serves(connection: &mut Connection, token: &str) {
    let reply = connection.get(token, PRODUCT).await;
    assert_eq!((reply.status, reply.versions()), (StatusCode::OK, ["v1"; 4].map(str::to_owned)));
}

#[tokio::test]
async fn a_wrong_document_is_told_in_one_line_and_its_removal_in_none() {
    let shop = open(&[]).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    let documents = shop.documents();
    let refused =
        |name: &'static str| move |line: &str| line.contains("document refused") && line.contains(name);

    for (name, bytes) in wrong() {
        fs::write(documents.join(name), bytes).expect("a document");
        println!("{}", shop.says(refused(name)).await);
        assert_serves(&mut connection, &token).await;
    }
    let before = shop.lines().borrow().len();
    for (name, _) in wrong() {
        fs::remove_file(documents.join(name)).expect("a document to remove");
    }
    // A document that serves, overwritten by half of it: what it said before is what counts.
    let routing = fs::read(documents.join("routing-product.yaml")).expect("the routing of product");
    fs::write(documents.join("routing-product.yaml"), &routing[..routing.len() - 20]).expect("half a write");
    shop.says(refused("routing-product.yaml")).await;
    assert_serves(&mut connection, &token).await;

    let lines = shop.lines().borrow().clone();
    for (name, _) in wrong() {
        let told: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.contains(name)).collect();
        assert!(matches!(told[..], [(at, _)] if at < before), "{told:#?}");
    }
    let warnings: Vec<_> = lines[before..].iter().filter(|line| line.contains("WARN")).collect();
    assert!(matches!(warnings[..], [line] if line.contains("routing-product.yaml")), "{warnings:#?}");
}

#[tokio::test]
async fn an_object_written_twice_and_what_comes_of_it_are_told() {
    let landscape = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/landscape-prod");
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base.yaml");
    let rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: auth-server-dr}\n\
                spec: {host: auth-server}\n";
    fs::write(&base, rule).expect("a document");
    let folders = [&base, &landscape].map(|path: &PathBuf| path.to_str().expect("a path of text"));

    let shop = Shop::open(&["--documents", folders[0], "--documents", folders[1]]).await;
    let told = shop.says(|line| line.contains("DestinationRule/auth-server-dr: is also written at")).await;
    assert!(told.contains("destination-rules.yaml") && told.contains("base.yaml"), "{told}");
    for _ in 0..3 {
        let reply = shop.ask_token("writer:secret", "magnus", "password").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
    }
    let is_told = |line: &str| line.contains("the subset does not exist (does a DestinationRule name it?)");
    println!("{}", shop.says(is_told).await);
    assert_eq!(shop.lines().borrow().iter().filter(|line| is_told(line)).count(), 1);
}

#[tokio::test]
async fn ctrl_c_closes_the_shop_within_seconds_once_what_has_begun_is_finished() {
    let shop = open(&[]).await;
    let token = shop.token("reader").await;
    let (mut idle, mut slow) = (shop.connect().await, shop.connect().await);
    let asking = token.clone();
    let slow = tokio::spawn(async move { slow.get(&asking, &format!("{PRODUCT}?delay=1")).await });
    // By the time that others have been answered, the slow request is where it waits.
    for _ in 0..5 {
        assert_serves(&mut idle, &token).await;
    }

    let ended = shop.end(Signal::INT).await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.took < Duration::from_secs(6), "{:?}", ended.took);
    assert_eq!(shop.left(), [0; 0]);
    assert_eq!(slow.await.expect("an answer").status, StatusCode::OK);
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_folder_in_use_are_told_clearly() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    let live = tempfile::tempdir().expect("a folder");
    let live = live.path().to_str().expect("a path of text");

    let program = Program::start(&["--port", &port, "--live", live]);
    let told = format!(
        "shop: Port {port} is taken by another program. Stop that one, or choose another port: --port 9443"
    );
    program.says(|line| line == told).await;
    assert_eq!(program.ended().await.status.code(), Some(1));

    let shop = Shop::open(&[]).await;
    let live = shop.live();
    let program = Program::start(&["--port", "0", "--live", live.to_str().expect("a path of text")]);
    program.says(|line| line.starts_with("shop: Another shop runs on ")).await;
    assert_eq!(program.ended().await.status.code(), Some(1));
}

#[tokio::test]
async fn who_may_call_whom_is_for_the_documents_to_say() {
    let shop = open(&[]).await;
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    assert_serves(&mut connection, &token).await;

    let file = shop.documents().join("authorization.yaml");
    let written = fs::read_to_string(&file).expect("a document");
    let nobody = written.replace("sa/product-composite", "sa/somebody-else");
    fs::write(&file, nobody).expect("a document");
    let refused = until(&mut connection, &token, StatusCode::FORBIDDEN).await;
    assert_eq!(refused.json()["message"], "RBAC: access denied");
    fs::write(&file, written).expect("a document");
    until(&mut connection, &token, StatusCode::OK).await;
}

/// Reads the product until the answer has this status.
async fn until(connection: &mut Connection, token: &str, status: StatusCode) -> Reply {
    let start = Instant::now();
    loop {
        let reply = connection.get(token, PRODUCT).await;
        if reply.status == status {
            return reply;
        }
        assert!(start.elapsed() < PATIENCE, "{reply:?}");
    }
}
