//! Chromium and its driver.

use fantoccini::{
    Client, ClientBuilder, Locator,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, getuid, kill_process_group};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};
use url::{ParseError, Url};

/// How long a page may take to show something, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one page. It ends, with all its processes, when this is dropped.
pub(super) struct Browser {
    pub(super) page: Client,
    driver: Child,
}

/// Something that the driver of Chromium can do, and no standard knows.
#[derive(Debug)]
struct Asked {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Asked {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    pub(super) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver (Debian has it in chromium-driver)");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("the port of the driver");
        // What else it says is of no interest, but has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let mut arguments =
            vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
        if getuid().is_root() {
            arguments.push("--no-sandbox");
        }
        let mut wanted = Capabilities::new();
        wanted.insert("goog:loggingPrefs".into(), json!({"browser": "ALL", "performance": "ALL"}));
        wanted.insert("goog:chromeOptions".into(), json!({"args": arguments}));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let connecting = builder.capabilities(wanted).connect(&address);
        let page = connecting.await.expect("Chromium (Debian has it in chromium)");
        Self { page, driver }
    }

    /// How large the page is, and which colours its reader likes.
    pub(super) async fn look(&self, width: u32, height: u32, scheme: &str) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}),
        )
        .await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.ask("goog/cdp/execute", body).await;
    }

    /// What was logged since the last time: of `browser`, or of `performance`.
    pub(super) async fn log(&self, kind: &str) -> Vec<Value> {
        let told = self.ask("se/log", json!({ "type": kind })).await;
        told.as_array().expect("a list").clone()
    }

    async fn ask(&self, path: &'static str, body: Value) -> Value {
        self.page.issue_cmd(Asked { path, body }).await.expect("something the driver can do")
    }

    pub(super) async fn goto(&self, url: &str) {
        self.page.goto(url).await.expect("a page");
    }

    /// Waits until something is shown, and gives its text.
    pub(super) async fn text(&self, selector: &str) -> String {
        self.until(selector, |_| true).await
    }

    /// Waits until the text of something is as expected.
    pub(super) async fn until(&self, selector: &str, expected: impl Fn(&str) -> bool) -> String {
        let mut last = None;
        let waiting = async {
            loop {
                if let Some(text) = self.read(selector).await {
                    if expected(&text) {
                        return text;
                    }
                    last = Some(text);
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("{selector} was last {last:?}"))
    }

    /// Clicks on something that is shown.
    pub(super) async fn click(&self, selector: &str) {
        self.text(selector).await;
        let found = self.page.find(Locator::Css(selector)).await.expect("something to click on");
        found.click().await.expect("a click");
    }

    /// Types a text.
    pub(super) async fn write(&self, selector: &str, text: &str) {
        self.text(selector).await;
        let found = self.page.find(Locator::Css(selector)).await.expect("something to write in");
        found.send_keys(text).await.expect("keys");
    }

    /// The text of something, as it is now; read in one step, since the page changes all the time.
    async fn read(&self, selector: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let found = self.page.execute(script, vec![selector.into()]).await.expect("a script");
        found.as_str().map(str::to_owned)
    }

    /// A number that the page keeps with something.
    pub(super) async fn number(&self, selector: &str, name: &str) -> f64 {
        self.text(selector).await;
        let script = "return document.querySelector(arguments[0]).dataset[arguments[1]]";
        let found = self.page.execute(script, vec![selector.into(), name.into()]).await.expect("a script");
        found.as_str().and_then(|text| text.parse().ok()).expect("a number")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}
