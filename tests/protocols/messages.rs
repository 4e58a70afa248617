//! Calls of gRPC that last.

use http::{Request, Response};
use http_body_util::BodyExt;
use mesh_tower::{
    Body, Mesh,
    mesh::Config,
    recorder::{Format, Recorder},
};
use std::{
    future::ready,
    sync::{Arc, Mutex},
};
use tests::{
    documents::{Documents, service},
    exposition::{Sample, samples, until},
    mesh::config,
    soon,
    upstream::Upstream,
    wire,
};

#[tokio::test]
async fn the_messages_of_a_stream_are_counted_while_it_lasts() {
    let (feed, body) = wire::fed();
    let body = Arc::new(Mutex::new(Some(body)));
    let upstream = Upstream::serving(move |_| {
        let body = body.lock().expect("no panic").take().expect("one call");
        let response = Response::builder().header("content-type", "application/grpc").body(body);
        ready(response.map_err(Into::into))
    })
    .await;
    let often = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: often}\n\
                 spec: {metrics: [{providers: [{name: prometheus}], reportingInterval: 20ms}]}\n";
    let (recorder, documents) =
        (Recorder::default(), Documents::of(&[&service("upstream", "grpc", upstream.address), often]));
    let config = Config { recording: recorder.clone().into(), ..config(&documents) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    let call = Request::post("http://upstream/a.B/C").header("content-type", "application/grpc");
    let response = soon(mesh.client().request(call.body(Body::empty()).expect("a call"))).await;
    let mut body = response.expect("an answer").into_body();
    let read = tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
    let sum = |samples: &[Sample]| samples.iter().map(|sample| sample.value).sum::<f64>();
    // Each is empty.
    let message = || wire::data("\0\0\0\0\0");
    for _ in 0..3 {
        feed.send(message()).expect("a stream that lasts");
    }
    until(&recorder, "istio_response_messages_total", |samples| sum(samples) == 3.0).await;
    let all = samples(&recorder.render(Format::Prometheus));
    let ended: Vec<_> = all.into_iter().filter(|sample| sample.name == "istio_requests_total").collect();
    assert!(sum(&ended) == 0.0, "it lasts");
    feed.send(message()).expect("a stream that lasts");
    until(&recorder, "istio_response_messages_total", |samples| sum(samples) == 4.0).await;
    for frame in [message(), wire::trailer("grpc-status", "0")] {
        feed.send(frame).expect("a stream that lasts");
    }
    drop(feed);
    soon(read).await.expect("no panic");
    until(&recorder, "istio_requests_total", |samples| sum(samples) == 1.0).await;
    until(&recorder, "istio_response_messages_total", |samples| sum(samples) == 5.0).await;
}
