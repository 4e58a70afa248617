//! Pictures of the page, for people.

use super::{Browser, Visitors, shop};
use std::{env, fs, path::PathBuf, time::Duration};
use tokio::time::sleep;

/// Width and height of a phone, a laptop and a large screen.
const SIZES: [(u32, u32); 3] = [(390, 844), (1280, 800), (1920, 1080)];
const VIEWS: [&str; 6] = ["graph", "services", "requests", "routes", "documents", "certificates"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium and chromedriver"]
async fn pictures() {
    let (shop, url) = shop().await;
    let _visitors = Visitors::of(&shop, Duration::from_millis(80)).await;
    let file = shop.documents().join("routing-product.yaml");
    let text = fs::read_to_string(&file).expect("a document");
    let split = text.replace("weight: 100", "weight: 70").replace("weight: 0", "weight: 30");
    fs::write(&file, split).expect("a document that can be written");
    let wrong = shop.documents().join("routing-review.yaml");
    let text = fs::read_to_string(&wrong).expect("a document");
    fs::write(&wrong, text.replace("weight: 100", "weight: many")).expect("a document that can be written");
    let browser = Browser::start().await;
    browser.goto(&url).await;
    // Until rates are those of a whole window.
    sleep(Duration::from_secs(10)).await;
    let folder = folder();
    for scheme in ["light", "dark"] {
        for (width, height) in SIZES {
            browser.look(width, height, scheme).await;
            for view in VIEWS {
                browser.click(&format!(".tabs a[href='#/{view}']")).await;
                sleep(Duration::from_millis(1500)).await;
                let picture = browser.page.screenshot().await.expect("a picture");
                assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{view} is empty");
                fs::write(folder.join(format!("{view}-{width}-{scheme}.png")), picture).expect("a file");
            }
        }
    }
    println!("pictures are in {}", folder.display());
}

/// Beside what is built.
fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let folder = target.join("screenshots");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
