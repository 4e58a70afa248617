//! Who answers in the shop: by weight, by the header of testers, and while all weights change at once.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tests::shop::{Connection, Load, Reply, Shop, Visit};
use tokio::time::Instant;

const PRODUCT: &str = "/product-composite/1";
const CONNECTIONS: usize = 64;
/// How many answers in a row must agree until a change counts as complete.
const AGREED: usize = 400;
/// Within what of its writing a change is live on a machine that other work may hold up. The figures, which are
/// printed, are a fifth of a second on one that has time.
const LIVE: Duration = Duration::from_secs(10);
/// The version that answers, at product-composite, product, recommendation and review.
const OLD: [&str; 4] = ["v1"; 4];
const NEW: [&str; 4] = ["v2"; 4];
const TESTERS: [&str; 4] = ["v1", "v2", "v2", "v2"];

/// A shop that runs on the landscape's production documents, and the folder they are in.
async fn production() -> (Shop, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/landscape-prod");
    for file in fs::read_dir(fixtures).expect("the landscape") {
        let file = file.expect("a document");
        fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    let shop = Shop::open(&["--documents", folder.path().to_str().expect("a path of text")]).await;
    shop.create(1).await;
    (shop, folder)
}

async fn read(connection: &mut Connection, token: &str, group: Option<&str>) -> Reply {
    let mut request =
        connection.request(Method::GET, PRODUCT).header("authorization", format!("Bearer {token}"));
    if let Some(group) = group {
        request = request.header("X-group", group);
    }
    connection.send(request, "").await
}

/// Who answered how often.
type Tally = HashMap<[String; 4], usize>;

async fn tally(mut connection: Connection, token: &str, group: Option<&str>, count: usize) -> Tally {
    let mut tally = Tally::new();
    for _ in 0..count {
        let reply = read(&mut connection, token, group).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        *tally.entry(reply.versions()).or_default() += 1;
    }
    tally
}

#[tokio::test]
async fn visitors_reach_v1_and_testers_v2_of_what_is_behind_the_product_composite() {
    let (shop, _folder) = production().await;
    let token = shop.token("reader").await;

    for (group, count, expected) in
        [(None, 100, OLD), (Some("test"), 20, TESTERS), (Some("other"), 5, OLD), (Some("Test"), 5, OLD)]
    {
        let mut connections = Vec::new();
        for _ in 0..5 {
            connections.push(shop.connect().await);
            connections.push(shop.connect_http2().await);
        }
        let tallies = connections.into_iter().map(|connection| tally(connection, &token, group, count));
        for tally in join_all(tallies).await {
            assert_eq!(tally, Tally::from([(expected.map(str::to_owned), count)]), "X-group: {group:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_traffic_moves_at_once_when_all_weights_change_in_one_write() {
    let (shop, folder) = production().await;
    let file = folder.path().join("virtual-services.yaml");
    let blue = fs::read_to_string(&file).expect("the routing");
    let green = swapped(&blue);
    let mut load = Load::start(&shop, CONNECTIONS, PRODUCT).await;

    for _ in 0..AGREED {
        assert_eq!(next(&mut load).await.1, OLD);
    }
    for round in 0..3 {
        let change = follow(&mut load, || rename_into(&file, &green), OLD, NEW).await;
        change.report(round, "blue to green, by a rename");
        let write = || fs::write(&file, &blue).expect("a write");
        let change = follow(&mut load, write, NEW, OLD).await;
        change.report(round, "green to blue, in place");
    }
}

/// The documents with the weights of old and new exchanged.
fn swapped(documents: &str) -> String {
    let swapped = documents.replace("weight: 100", "weight: all").replace("weight: 0", "weight: 100");
    let swapped = swapped.replace("weight: all", "weight: 0");
    assert_eq!((swapped.matches("weight: 100").count(), swapped.matches("weight: 0\n").count()), (5, 5));
    swapped
}

/// Puts a whole file in the place of another.
fn rename_into(file: &Path, text: &str) {
    let draft: PathBuf = file.with_extension("draft");
    fs::write(&draft, text).expect("a draft");
    fs::rename(draft, file).expect("a rename");
}

/// When a change showed, counted from its writing.
struct Change {
    first_new: Duration,
    last_old: Duration,
    last_old_sent: Duration,
}

/// The next answer, which must be a success of one version alone.
async fn next(load: &mut Load) -> (Visit, [String; 4]) {
    let visit = load.next().await;
    assert_eq!(visit.reply.status, StatusCode::OK, "{:?}", visit.reply);
    let versions = visit.reply.versions();
    let seen = versions.each_ref().map(String::as_str);
    assert!(seen == OLD || seen == NEW, "a mixture: {versions:?}");
    (visit, versions)
}

/// Sees everybody move from `old` to `new`, by what is written now.
async fn follow(load: &mut Load, write: impl FnOnce(), old: [&str; 4], new: [&str; 4]) -> Change {
    let written = Instant::now();
    write();
    let since = |then: Instant| then.saturating_duration_since(written);
    let (mut first_new, mut last_old, mut last_old_sent) = (None, Duration::ZERO, Duration::ZERO);
    let mut agreed = 0;
    while agreed < AGREED {
        let (visit, versions) = next(load).await;
        if versions == new {
            first_new.get_or_insert(since(visit.answered));
            agreed += 1;
        } else {
            assert_eq!(versions, old);
            agreed = 0;
            last_old = last_old.max(since(visit.answered));
            last_old_sent = last_old_sent.max(since(visit.sent));
        }
    }
    Change { first_new: first_new.expect("somebody moved"), last_old, last_old_sent }
}

impl Change {
    fn report(self, round: usize, what: &str) {
        let Self { first_new, last_old, last_old_sent } = self;
        println!(
            "round {round}, {what}: first new answer after {first_new:?}, last old one after {last_old:?}, \
             to a request sent after {last_old_sent:?}"
        );
        assert!(first_new < LIVE, "the first new answer came after {first_new:?}");
        assert!(last_old_sent < LIVE, "a request sent after {last_old_sent:?} got an old answer");
    }
}
