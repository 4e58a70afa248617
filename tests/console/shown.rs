//! What the console shows.

use crate::{Events, console, encoded, get, member};
use http::{Response, StatusCode};
use mesh_tower::Body;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{
    documents::{Documents, service},
    soon,
    upstream::Upstream,
    wire::text,
};

#[tokio::test]
async fn what_passes_is_counted_and_told_as_it_ends() {
    let upstream = Upstream::serving(async |request| {
        let mut response = Response::new(Body::empty());
        if request.uri().path() == "/broken" {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        Ok(response)
    })
    .await;
    let documents = Documents::of(&[&service("product", "http", upstream.address)]);
    let (mesh, process) = member("shop", &documents).await;
    let console = console(vec![process], vec![]).await;
    let mut events = Events::of(&console).await;
    // The console looks.
    events.find("mesh", |mesh| (mesh["processes"][0]["isKnown"] == true).then_some(())).await;
    for path in ["1", "2", "3", "broken?token=secret"] {
        let reply = soon(mesh.client().get(&format!("http://product/{path}"))).await.expect("an answer");
        drop(soon(text(reply)).await);
    }
    let told = events
        .find("requests", |told| {
            let broken = |one: &&Value| one["path"] == "/broken";
            told.as_array()?.iter().find(broken).cloned()
        })
        .await;
    assert_eq!(told["status"], 500, "{told:#}");
    assert_eq!(
        (&told["process"], &told["reporter"], &told["tries"]),
        (&json!("shop"), &json!("source"), &json!(1))
    );
    assert_eq!(told["service"], "product.default.svc.cluster.local");
    assert!(!told.to_string().contains("secret"));

    let edge = events
        .find("traffic", |traffic| {
            let edge = traffic["edges"].get(0)?;
            (edge["total"] == 4.0 && edge["rate"].as_f64()? > 0.0).then(|| edge.clone())
        })
        .await;
    assert_eq!((&edge["from"]["name"], &edge["to"]["name"]), (&json!("shop"), &json!("product")), "{edge:#}");
    let share = edge["failures"].as_f64().expect("a number") / edge["rate"].as_f64().expect("a number");
    assert!((share - 0.25).abs() < 1e-6, "{edge:#}");
    assert!(edge["p99"].as_f64().expect("a time") >= edge["p50"].as_f64().expect("a time"));
    assert_eq!(edge["secured"], 0.0);
}

#[tokio::test]
async fn faults_are_told_with_their_lines_and_the_text_around_them() {
    let documents = Documents::of(&[&service("product", "http", "127.0.0.1:9".parse().expect("an address"))]);
    let wrong = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n  mistake: 1\n";
    documents.write("wrong.yaml", &format!("kind: Secret\ndata: {{key: aGlkZGVu}}\n---\n{wrong}"));
    let (_mesh, process) = member("shop", &documents).await;
    let console = console(vec![process], vec![documents.folder().to_owned()]).await;
    let mut events = Events::of(&console).await;
    let (file, told) = events
        .find("mesh", |mesh| {
            let files = mesh["files"].as_object()?;
            let found = files.iter().find(|(file, _)| file.ends_with("wrong.yaml"));
            found.map(|(file, told)| (file.clone(), told.clone()))
        })
        .await;
    let faults = told["faults"].as_array().expect("faults");
    let fault = faults.iter().find(|fault| fault["path"] == "spec.mistake").expect("the mistake");
    assert_eq!(
        (&fault["line"], &fault["processes"], &fault["severity"]),
        (&json!(9), &json!(1), &json!("error"))
    );

    let (status, text) = get(console.address(), &format!("/api/document?file={}", encoded(&file))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text["lines"][8], "  mistake: 1");
    assert!(!text.to_string().contains("aGlkZGVu"), "{text}");
    let elsewhere = format!("/api/document?file={}", encoded("/etc/hostname"));
    assert_eq!(get(console.address(), &elsewhere).await.0, StatusCode::NOT_FOUND);

    documents.write("wrong.yaml", "");
    events.find("mesh", |mesh| mesh["files"].get(&file).is_none().then_some(())).await;
    assert_eq!(
        get(console.address(), &format!("/api/document?file={}", encoded(&file))).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_process_explains_its_requests() {
    let documents = Documents::of(&[&service("product", "http", "127.0.0.1:9".parse().expect("an address"))]);
    let (_mesh, process) = member("shop", &documents).await;
    let console = console(vec![process], vec![]).await;
    let ask = async |query: &str| get(console.address(), &format!("/api/explain?{query}")).await;
    let to = format!("to={}", encoded("http://product/1?a=b&c"));
    let (status, told) = ask(&format!("process=shop&{to}&header={}", encoded("x-group: test"))).await;
    assert_eq!((status, &told["outcome"]), (StatusCode::OK, &json!("forward")), "{told:#}");
    for (query, expected) in [
        (format!("process=nobody&{to}"), "there is no process"),
        ("process=shop".to_owned(), "where the request goes is missing"),
        (format!("process=shop&{to}&header=nonsense"), "is no header"),
        (format!("process=shop&{to}&other=1"), "is no parameter"),
    ] {
        let (status, told) = ask(&query).await;
        let fault = told["fault"].as_str().unwrap_or_default();
        assert!(status == StatusCode::BAD_REQUEST && fault.contains(expected), "{query}: {status} {told}");
    }
}

#[tokio::test]
async fn processes_come_and_go() {
    let documents = Documents::of(&[&service("product", "http", "127.0.0.1:9".parse().expect("an address"))]);
    let (_one, first) = member("one", &documents).await;
    let (_two, second) = member("two", &documents).await;
    let (known, processes) = tokio::sync::watch::channel(vec![first]);
    let settings = mesh_tower::console::Settings { listen: crate::ANY_PORT, processes, ..Default::default() };
    let console = mesh_tower::console::Console::open(settings).await.expect("a free port");
    let mut events = Events::of(&console).await;
    let shown = |expected: &'static [&'static str]| {
        move |mesh: &Value| {
            let all = mesh["processes"].as_array()?;
            let names = all.iter().map(|process| process["name"].as_str().unwrap_or_default());
            (names.eq(expected.iter().copied()) && all.iter().all(|one| one["isKnown"] == true)).then_some(())
        }
    };
    events.find("mesh", shown(&["one"])).await;
    known.send_modify(|known| known.push(second.clone()));
    events.find("mesh", shown(&["one", "two"])).await;
    known.send_replace(vec![second]);
    events.find("mesh", shown(&["two"])).await;
}

#[tokio::test]
async fn nobody_is_asked_while_nobody_looks() {
    let listener = tokio::net::TcpListener::bind(crate::ANY_PORT).await.expect("a free port");
    let admin = listener.local_addr().expect("an address");
    let process = mesh_tower::console::Process { name: "one".into(), admin };
    let console = console(vec![process], vec![]).await;
    let quiet = Duration::from_millis(300);
    assert!(tokio::time::timeout(quiet, listener.accept()).await.is_err(), "nobody looks yet");
    let events = Events::of(&console).await;
    soon(listener.accept()).await.expect("somebody who asks");
    drop(events);
    // Whoever loads the page again finds it as it was; after that, nobody asks any more.
    let mut last = tokio::time::Instant::now();
    while tokio::time::timeout(Duration::from_secs(7), listener.accept()).await.is_ok() {
        last = tokio::time::Instant::now();
    }
    assert!(last.elapsed() >= Duration::from_secs(7));
    let _again = Events::of(&console).await;
    soon(listener.accept()).await.expect("somebody who asks again");
}
