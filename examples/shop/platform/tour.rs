//! The welcome: what runs, where its documents are, and five things to try.

use super::{Shop, process::Started, roles::GATEWAY};

/// Says that the shop is open, and what one can do in it.
pub(super) fn welcome(shop: &Shop, ready: &[Started]) {
    let url = format!("https://minikube.me:{}", shop.port);
    let screen = &shop.screen;
    if ready.iter().any(|started| started.name == GATEWAY) {
        screen.say(&screen.strong(&format!("The shop is open: {url} (127.0.0.1)")));
    } else {
        screen.warn("The services run, but nobody can enter: the gateway is closed.");
    }
    screen.say("");
    ready.iter().for_each(|started| screen.say(&line(started)));
    screen.say("");
    for folder in &shop.folders {
        screen.say(&format!("  documents  {}  (edit them: every process follows)", folder.display()));
    }
    screen.say(&format!("  platform   {}  (who runs where)", shop.live.platform().display()));
    screen.say(&format!("  authority  {}  (what clients trust)", shop.live.authority().display()));
    screen
        .say("  admin      what each process knows: /config_dump, /clusters, /metrics … (GET / lists them)");
    screen.say(&format!("  console    {}  (the shop at work, on a page)", shop.console.url()));
    screen.say("");
    screen.say(&screen.strong("Five things to try, in another terminal:"));
    screen.say(&things(shop, &url));
    screen.say("");
    screen.say("Ctrl-C closes the shop.");
}

fn line(Started { name, pid, ports }: &Started) -> String {
    let admin = format!("admin http://127.0.0.1:{}", ports.admin);
    if ports.https != 0 {
        return format!("  {name:<24} pid {pid:<8} 127.0.0.1:{:<6} {admin}", ports.https);
    }
    format!(
        "  {name:<24} pid {pid:<8} 127.0.0.1:{:<6} {admin:<28} health http://127.0.0.1:{}/actuator/health",
        ports.http, ports.http_mgm
    )
}

fn things(shop: &Shop, url: &str) -> String {
    let (authority, port) = (quoted(&shop.live.authority().display().to_string()), shop.port);
    let folder = shop.folders.first().map(|folder| folder.join("routing-product.yaml"));
    let weights = folder.filter(|file| file.exists()).map_or_else(
        || "the VirtualService of product among your documents".to_owned(),
        |file| file.display().to_string(),
    );
    format!(
        r#"
  1. Get a token. It is valid for an hour, or until the shop closes.
     shop() {{ curl -sS --cacert {authority} --resolve minikube.me:{port}:127.0.0.1 -H "Authorization: Bearer $TOKEN" "$@"; echo; }}
     TOKEN=$(curl -sS --cacert {authority} --resolve minikube.me:{port}:127.0.0.1 -u writer:secret -d grant_type=password -d username=magnus -d password=password {url}/oauth/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

  2. Create a product.
     shop {url}/product-composite -H 'Content-Type: application/json' -d '{{"productId":1,"name":"chair","weight":7,"recommendations":[{{"recommendationId":1,"author":"Ann","rate":5,"content":"sit"}}],"reviews":[{{"reviewId":1,"author":"Bob","subject":"comfort","content":"soft"}}]}}'

  3. Read it. serviceAddresses tells which instances answered: all of them v1.
     shop {url}/product-composite/1

  4. Be a tester: the mesh carries the header to the services behind, and v2 of them answers.
     shop {url}/product-composite/1 -H 'X-group: test'

  5. Shift visitors to v2: change the weights 100 and 0 to 50 and 50 in
     {weights}
     and watch pro in the answers. No process is restarted, no request is lost.
     while true; do shop {url}/product-composite/1; sleep 0.2; done"#
    )
}

/// A path as one word of a shell.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}
