//! The page in a real Chromium, driven by its own driver, in front of a real shop. Needs both programs, so these tests run
//! only when they are asked for:
//!
//! ```text
//! cargo test -p tests --test console -- --ignored
//! ```
//!
//! `pictures` writes what the page looks like to target/screenshots, in light and dark, on a phone and wide screens.

mod driver;
mod page;
mod pictures;

use driver::Browser;
use std::time::Duration;
use tests::shop::Shop;

/// A shop in which there is a product, and where its console is.
async fn shop() -> (Shop, String) {
    let shop = Shop::open(&["--console", "0"]).await;
    let line = shop.says(|line| line.trim_start().starts_with("console ")).await;
    let url =
        line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    shop.create(1).await;
    (shop, url)
}

/// Reads a product for as long as this is not dropped, so often a second; some reads fail.
struct Visitors(tokio::task::JoinHandle<()>);

impl Visitors {
    async fn of(shop: &Shop, pause: Duration) -> Self {
        let token = shop.token("reader").await;
        let mut connection = shop.connect().await;
        Self(tokio::spawn(async move {
            for number in 0_u64.. {
                let path = match number % 20 {
                    7 => "/product-composite/13",
                    13 => "/product-composite/1?faultPercent=60",
                    _ => "/product-composite/1",
                };
                let request = connection
                    .request(http::Method::GET, path)
                    .header("authorization", format!("Bearer {token}"));
                let tester =
                    request.header("x-group", if number.is_multiple_of(5) { "test" } else { "none" });
                connection.send(tester, "").await;
                tokio::time::sleep(pause).await;
            }
        }))
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        self.0.abort();
    }
}
