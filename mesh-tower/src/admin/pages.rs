//! The pages there are.

use http::Method;
use std::fmt::Write;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Index,
    Ready,
    Live,
    Metrics,
    ConfigDump,
    Clusters,
    Certificates,
    Explain,
    Requests,
    Logging,
    Drain,
}

/// Where a page is, and what it is for.
pub(super) struct Entry {
    path: &'static str,
    pub(super) page: Page,
    /// The methods that it takes, as `Allow` lists them.
    pub(super) allow: &'static str,
    about: &'static str,
    /// How to ask for more, with curl.
    more: &'static str,
}

const fn entry(path: &'static str, page: Page, about: &'static str, more: &'static str) -> Entry {
    Entry { path, page, allow: "GET, HEAD", about, more }
}

const PAGES: [Entry; 13] = [
    entry("/", Page::Index, "this list", ""),
    entry("/ready", Page::Ready, "200 when this process may get requests; else 503, and why", ""),
    entry("/healthz/ready", Page::Ready, "the same", ""),
    entry("/healthz/live", Page::Live, "200 as long as this process answers at all", ""),
    entry(
        "/metrics",
        Page::Metrics,
        "what was measured, for Prometheus",
        "-H 'Accept: application/openmetrics-text' adds exemplars",
    ),
    entry("/stats/prometheus", Page::Metrics, "the same, where Istio has it", ""),
    entry("/config_dump", Page::ConfigDump, "what documents say, and what is wrong in them, as JSON", ""),
    entry(
        "/clusters",
        Page::Clusters,
        "backends, endpoints, requests under way, ejections",
        "?format=json for tools",
    ),
    entry("/certs", Page::Certificates, "who this process is, and until when that is proven", ""),
    entry(
        "/explain",
        Page::Explain,
        "what becomes of a request that this process sends, and why",
        "-G --data-urlencode to=http://product/1 --data-urlencode 'header=x-group: test' -d method=GET",
    ),
    entry(
        "/requests",
        Page::Requests,
        "requests as they end, a line of JSON each, for as long as somebody reads",
        "-N",
    ),
    Entry {
        path: "/logging",
        page: Page::Logging,
        allow: "GET, HEAD, POST",
        about: "how much is logged",
        more: "-X POST '…/logging?level=debug' changes it",
    },
    Entry {
        path: "/drain",
        page: Page::Drain,
        allow: "POST",
        about: "stops accepting; requests under way are answered",
        more: "-X POST",
    },
];

/// The page at a path.
pub(super) fn find(path: &str) -> Option<&'static Entry> {
    PAGES.iter().find(|entry| entry.path == path)
}

impl Entry {
    /// Whether it takes requests of a method.
    pub(super) fn takes(&self, method: &Method) -> bool {
        self.allow.split(", ").any(|allowed| allowed == method.as_str())
    }
}

/// The list of pages, for people with curl.
pub(super) fn index() -> String {
    let mut text = String::from("The admin endpoint of a member of the mesh.\n\n");
    for Entry { path, about, more, allow, .. } in &PAGES {
        let method = if allow.contains("GET") { "GET" } else { "POST" };
        // Writing to a text does not fail.
        let _ = writeln!(text, "  {method:<4} {path:<18} {about}");
        if !more.is_empty() {
            let _ = writeln!(text, "{:25} {more}", "");
        }
    }
    text
}

/// The list of pages, for a browser.
pub(super) fn index_page() -> String {
    let mut rows = String::new();
    for Entry { path, about, more, allow, .. } in &PAGES {
        let link = match allow.contains("GET") {
            true => format!("<a href=\"{path}\">{path}</a>"),
            false => format!("POST {path}"),
        };
        let more = if more.is_empty() { String::new() } else { format!("<br><code>{more}</code>") };
        let _ = writeln!(rows, "<tr><td>{link}</td><td>{about}{more}</td></tr>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>mesh admin</title>\n\
         <style>body{{font:16px sans-serif;margin:2em}}td{{padding:.3em 1em .3em 0;vertical-align:top}}</style></head>\n\
         <body><h1>A member of the mesh</h1>\n<table>\n{rows}</table></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_names_every_page_once() {
        let index = index();
        for entry in &PAGES[1..] {
            assert_eq!(index.matches(&format!(" {} ", entry.path)).count(), 1, "{}\n{index}", entry.path);
            assert!(index_page().contains(entry.path));
            assert_eq!(find(entry.path).map(|found| found.page), Some(entry.page));
        }
        assert!(find("/metrics/").is_none());
    }

    #[test]
    fn a_page_takes_whole_methods() {
        let takes = |path, method| find(path).unwrap().takes(&method);
        assert!(takes("/logging", Method::POST) && takes("/drain", Method::POST));
        assert!(!takes("/drain", Method::GET) && !takes("/", Method::POST) && !takes("/", Method::OPTIONS));
        assert!(!takes("/", Method::from_bytes(b"GE").unwrap()));
    }
}
