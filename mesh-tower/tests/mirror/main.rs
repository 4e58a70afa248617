//! Copies of requests, with a paused clock.

mod bodies;
mod limits;
mod routed;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use mesh_core::model::Share;
use mesh_tower::{Body, BoxError, Dice, mirror::MirrorLayer};
use std::{
    future::{Ready, pending, ready},
    task::{Context, Poll},
};
use tokio::sync::{mpsc, oneshot};
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneSyncService};

/// A copy that has arrived.
struct Copy {
    request: Request<Body>,
    answer: oneshot::Sender<Result<Response<Body>, BoxError>>,
}

impl Copy {
    /// Whether the sender has given it up.
    fn is_over(&self) -> bool {
        self.answer.is_closed()
    }

    /// Waits until it does.
    async fn over(&mut self) {
        self.answer.closed().await;
    }

    fn path(&self) -> &str {
        self.request.uri().path()
    }
}

/// Where copies arrive.
type Arrivals = mpsc::UnboundedReceiver<Copy>;
type Shadow = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// A service that hands requests to the test, which answers them or does not.
fn shadow() -> (Shadow, Arrivals) {
    let (sender, arrivals) = mpsc::unbounded_channel();
    let service = service_fn(move |request| {
        let (answer, answered) = oneshot::channel();
        let sent = sender.send(Copy { request, answer });
        async move {
            sent.map_err(|_| "nobody waits for copies any more")?;
            answered.await?
        }
    });
    (BoxCloneSyncService::new(service), arrivals)
}

fn fine(_: Request<Body>) -> Ready<Result<Response<Body>, BoxError>> {
    ready(Ok(Response::new("fine".into())))
}

fn get(path: &str) -> Request<Body> {
    Request::get(format!("http://product{path}")).body(Body::empty()).expect("a request")
}

/// Lets every task that can go on do so.
async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_with_its_head_and_is_answered_by_its_own_service() {
    let (shadow, mut arrivals) = shadow();
    let service = MirrorLayer::new(shadow, Share::ALL).layer(service_fn(fine));
    let request =
        Request::put("http://product:81/1?a=b").header("x-user", "me").header("x-envoy-max-retries", "9");
    let response = service.oneshot(request.body("text".into()).unwrap()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "fine");

    let copy = arrivals.recv().await.unwrap().request;
    assert_eq!((copy.method(), copy.uri().to_string()), (&Method::PUT, "http://product:81/1?a=b".to_owned()));
    assert_eq!(
        (&copy.headers()["x-user"], &copy.headers()["x-envoy-internal"]),
        (&"me".parse().unwrap(), &"true".parse().unwrap())
    );
    assert!(!copy.headers().contains_key("x-envoy-max-retries"));
    assert_eq!(copy.into_body().collect().await.unwrap().to_bytes(), "text");
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_not_taken_not_answered_or_refused_is_not_noticed() {
    #[derive(Clone)]
    struct NeverReady;
    impl Service<Request<Body>> for NeverReady {
        type Response = Response<Body>;
        type Error = BoxError;
        type Future = Ready<Result<Response<Body>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request<Body>) -> Self::Future {
            panic!("it is not ready")
        }
    }
    let stuck = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
    let refuses = service_fn(|_: Request<Body>| ready(Err::<Response<Body>, _>(BoxError::from("no"))));
    for layer in [
        MirrorLayer::new(NeverReady, Share::ALL),
        MirrorLayer::new(stuck, Share::ALL),
        MirrorLayer::new(refuses, Share::ALL),
    ] {
        let started = tokio::time::Instant::now();
        assert_eq!(layer.layer(service_fn(fine)).oneshot(get("/")).await.unwrap().status(), 200);
        assert_eq!(started.elapsed(), std::time::Duration::ZERO);
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn chance_chooses_the_share_that_is_copied() {
    let (shadow, mut arrivals) = shadow();
    let layer = MirrorLayer::new(shadow, Share::from_percent(25.0).unwrap()).with_dice(Dice::seeded(1));
    let service = layer.layer(service_fn(fine));
    for _ in 0..400 {
        service.clone().oneshot(get("/")).await.unwrap();
    }
    settle().await;
    let copies = std::iter::from_fn(|| arrivals.try_recv().ok()).count();
    assert!((80..120).contains(&copies), "{copies} of 400");
}

#[tokio::test(start_paused = true)]
async fn what_is_to_become_a_tunnel_is_not_copied() {
    let (shadow, mut arrivals) = shadow();
    let service = MirrorLayer::new(shadow, Share::ALL).layer(service_fn(fine));
    let connect = Request::connect("product:80").body(Body::empty()).unwrap();
    let upgrade =
        Request::get("http://product/").header("connection", "upgrade").header("upgrade", "websocket");
    for request in [connect, upgrade.body(Body::empty()).unwrap()] {
        service.clone().oneshot(request).await.unwrap();
    }
    settle().await;
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_copy_asks_for_a_shadow_only_where_it_is_told_to() {
    let (shadow, mut arrivals) = shadow();
    let layer = MirrorLayer::new(shadow, Share::ALL);
    for (layer, expected) in [(layer.clone(), "product"), (layer.with_shadow_suffix(), "product-shadow")] {
        layer.layer(service_fn(fine)).oneshot(get("/")).await.unwrap();
        assert_eq!(arrivals.recv().await.unwrap().request.uri().host(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_takes_nothing_of_the_applications_along() {
    let (shadow, mut arrivals) = shadow();
    let service = MirrorLayer::new(shadow, Share::ALL).layer(service_fn(|request: Request<Body>| {
        assert!(request.extensions().get::<&str>().is_some());
        fine(request)
    }));
    let mut request = get("/");
    request.extensions_mut().insert("anything");
    service.oneshot(request).await.unwrap();
    assert!(arrivals.recv().await.unwrap().request.extensions().get::<&str>().is_none());
}
