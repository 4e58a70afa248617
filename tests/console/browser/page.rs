//! What somebody sees who looks.

use super::{Browser, Visitors, shop};
use serde_json::Value;
use std::{fs, time::Duration};
use tokio::time::{Instant, sleep};

const TO_PRODUCT: &str = "[data-edge='hands-on/product-composite>hands-on/product']";
const INTO_THE_SHOP: &str = "[data-edge='hands-on/istio-ingressgateway>hands-on/product-composite']";
const READS: u32 = 25;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium and chromedriver"]
async fn the_page_shows_the_shop_as_it_is() {
    let (shop, url) = shop().await;
    let browser = Browser::start().await;
    browser.look(1280, 800, "light").await;
    browser.goto(&url).await;
    edges_carry_the_numbers(&browser, &shop).await;
    a_weight_shows_within_two_seconds(&browser, &shop).await;
    a_fault_shows_on_its_line(&browser, &shop).await;
    a_request_is_explained(&browser).await;
    requests_are_listed(&browser, &shop).await;
    nothing_went_wrong(&browser, &url).await;
}

/// So many reads are so many calls on every line that they pass, whatever passed before.
async fn edges_carry_the_numbers(browser: &Browser, shop: &tests::shop::Shop) {
    browser.text(TO_PRODUCT).await;
    // What was before is counted by everybody by then.
    sleep(Duration::from_secs(3)).await;
    let before = [browser.number(TO_PRODUCT, "total").await, browser.number(INTO_THE_SHOP, "total").await];
    let token = shop.token("reader").await;
    let mut connection = shop.connect().await;
    let begun = Instant::now();
    for _ in 0..READS {
        connection.get(&token, "/product-composite/1").await;
        sleep(Duration::from_millis(100)).await;
    }
    let rate = f64::from(READS) / begun.elapsed().as_secs_f64();
    let (mut most, mut after) = (0.0_f64, before);
    while begun.elapsed() < Duration::from_secs(20) && after != before.map(|count| count + f64::from(READS)) {
        most = most.max(browser.number(TO_PRODUCT, "rate").await);
        after = [browser.number(TO_PRODUCT, "total").await, browser.number(INTO_THE_SHOP, "total").await];
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(after, before.map(|count| count + f64::from(READS)));
    // A rate is that of ten seconds; those reads were a part of them.
    let expected = f64::from(READS) / 10.0;
    assert!(
        most > expected * 0.5 && most < rate.max(expected) * 1.3,
        "{most}, {expected} to {rate} expected"
    );
    assert!(browser.text(TO_PRODUCT).await.contains("/s"));
    assert_eq!(browser.number(TO_PRODUCT, "failures").await.to_bits(), 0.0_f64.to_bits());
}

async fn a_weight_shows_within_two_seconds(browser: &Browser, shop: &tests::shop::Shop) {
    let file = shop.documents().join("routing-product.yaml");
    let text = fs::read_to_string(&file).expect("a document");
    let changed = text.replace("weight: 100", "weight: 60").replace("weight: 0", "weight: 40");
    assert_ne!(text, changed);
    fs::write(&file, changed).expect("a document that can be written");
    let saved = Instant::now();
    browser.until(TO_PRODUCT, |shown| shown.contains("v1 60 %") && shown.contains("v2 40 %")).await;
    let took = saved.elapsed();
    println!("a weight showed after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

async fn a_fault_shows_on_its_line(browser: &Browser, shop: &tests::shop::Shop) {
    let file = shop.documents().join("routing-review.yaml");
    let text = fs::read_to_string(&file).expect("a document");
    let at = text.lines().position(|line| line.contains("weight: 100")).expect("a weight") + 1;
    fs::write(&file, text.replace("weight: 100", "weight: many")).expect("a document that can be written");
    browser.until("#fault-count", |count| count == "1").await;
    browser.click(".tabs a[href='#/documents']").await;
    let line = browser.text(&format!(".source.bad[data-line='{at}']")).await;
    assert!(line.contains("weight: many"), "{line}");
    let fault = browser.text(&format!(".fault[data-fault='{at}']")).await;
    assert!(fault.contains("weight"), "{fault}");
    assert!(browser.text(".standings").await.contains("its last good version serves"));
    fs::write(&file, text).expect("a document that can be written");
    browser.until(".view header p", |note| note.contains("nothing is wrong")).await;
}

async fn a_request_is_explained(browser: &Browser) {
    browser.click(".tabs a[href='#/routes']").await;
    browser.until("#explain-process", |names| names.contains("product-composite-v1")).await;
    browser.write("#explain-process", "product-composite-v1").await;
    browser.write("#explain-to", "http://product/product/1").await;
    browser.write("#explain-headers", "X-group: test").await;
    browser.click(".explain button[type=submit]").await;
    let verdict = browser.text(".verdict").await;
    assert!(verdict.contains("product.hands-on.svc.cluster.local:80 subset new (100 %)"), "{verdict}");
    assert!(browser.text(".steps").await.contains("Rule 1 matched"));
}

async fn requests_are_listed(browser: &Browser, shop: &tests::shop::Shop) {
    browser.click(".tabs a[href='#/requests']").await;
    let _visitors = Visitors::of(shop, Duration::from_millis(100)).await;
    browser.until(".requests tbody", |rows| rows.contains("/product/1") && rows.contains("404")).await;
    browser.click(".tabs a[href='#/certificates']").await;
    browser.until("main", |shown| shown.contains("spiffe://cluster.local/ns/hands-on/sa/product")).await;
    browser.click(".tabs a[href='#/services']").await;
    browser.until("main", |shown| shown.contains("product-v2") && shown.contains("ready")).await;
}

/// No error is logged, and nobody but the console is asked.
async fn nothing_went_wrong(browser: &Browser, url: &str) {
    let wrong: Vec<Value> =
        browser.log("browser").await.into_iter().filter(|line| line["level"] != "INFO").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut asked = 0;
    for line in browser.log("performance").await {
        let event: Value = serde_json::from_str(line["message"].as_str().expect("a text")).expect("JSON");
        if event["message"]["method"] == "Network.requestWillBeSent" {
            let to = event["message"]["params"]["request"]["url"].as_str().expect("a URL").to_owned();
            assert!(to.starts_with(url), "{to}");
            asked += 1;
        }
    }
    assert!(asked > 10, "the page and its parts were asked for: {asked}");
}
