//! Those who are asked and are no members of the mesh, or lie.

use crate::{ANY_PORT, Events, console};
use http::Response;
use mesh_tower::{
    Body,
    console::{Console, Process, Settings},
};
use serde_json::{Value, json};
use tests::upstream::Upstream;

fn fault(mesh: &Value) -> Option<String> {
    mesh["processes"][0]["fault"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn who_does_not_answer_is_shown_so() {
    let listener = tokio::net::TcpListener::bind(ANY_PORT).await.expect("a free port");
    let admin = listener.local_addr().expect("an address");
    drop(listener);
    let console = console(vec![Process { name: "gone".into(), admin }], vec![]).await;
    let why = Events::of(&console).await.find("mesh", fault).await;
    assert!(why.contains(&admin.to_string()) && why.contains("refused"), "{why}");
}

#[tokio::test]
async fn nonsense_is_told_and_harms_nobody() {
    for nonsense in ["", "no JSON", "[]", "{\"documents\":7}", "{\"virtualHosts\":{}}", "\u{0}"] {
        let stranger =
            Upstream::serving(move |_| async move { Ok(Response::new(Body::from(nonsense))) }).await;
        let process = Process { name: "stranger".into(), admin: stranger.address };
        let console = console(vec![process], vec![]).await;
        let why = Events::of(&console).await.find("mesh", fault).await;
        assert!(why.contains("cannot be read"), "{nonsense:?}: {why}");
    }
}

#[tokio::test]
async fn traffic_is_what_a_prometheus_has_where_there_is_one() {
    let prometheus = Upstream::serving(async |request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let series = |metric: Value, value: &str| json!({"metric": metric, "value": [1.0, value]});
        let labels = |le: Option<&str>| {
            let mut labels = json!({"reporter": "source", "source_canonical_service": "a",
                "destination_canonical_service": "b", "response_code": "200"});
            if let Some(le) = le {
                labels["le"] = le.into();
            }
            labels
        };
        let result = match () {
            () if query.contains("bucket") => {
                vec![series(labels(Some("10")), "2.5"), series(labels(Some("+Inf")), "2.5")]
            }
            () if query.contains("rate") => vec![series(labels(None), "2.5")],
            () => vec![series(labels(None), "700")],
        };
        let answer = json!({"status": "success", "data": {"resultType": "vector", "result": result}});
        Ok(Response::new(Body::from(answer.to_string())))
    })
    .await;
    let settings = Settings {
        listen: ANY_PORT,
        prometheus: Some(format!("http://{}", prometheus.address).parse().expect("an address")),
        ..Settings::default()
    };
    let console = Console::open(settings).await.expect("a free port");
    let mut events = Events::of(&console).await;
    let traffic = events.find("traffic", |told| told["edges"].get(0).map(|_| told.clone())).await;
    let edge = &traffic["edges"][0];
    assert_eq!(
        (&traffic["source"], &edge["rate"], &edge["total"]),
        (&json!("prometheus"), &json!(2.5), &json!(700.0))
    );
    assert_eq!((&edge["p50"], &edge["to"]["name"]), (&json!(5.0), &json!("b")));
}
