//! What travels with a request from service to service, with no code in them.

use super::relay::{get, pass_on, places};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh_tower::{Body, BoxError, Client, Context, Mesh};
use std::{future::Future, net::SocketAddr};
use tests::{documents::Documents, soon};
use tokio::task::JoinSet;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// `a` calls `b`, which does what a function says, `c` answers with the headers it got.
struct Chain {
    door: SocketAddr,
    _members: Vec<Mesh>,
    _documents: Documents,
}

async fn chain<F, A>(b: F) -> Chain
where
    F: Fn(Client, Request<Body>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    let documents = Documents::new();
    let mut places = places(&documents, &[("a", "v1"), ("b", "v1"), ("c", "v1")]).await.into_iter();
    let mut next = move || places.next().expect("a place for each");
    let (first, second, third) = (next(), next(), next());
    let door = first.address;
    let members = vec![
        first.serve(&documents, |client, _| async { pass_on(client, "b").await }).await,
        second.serve(&documents, b).await,
        third.serve(&documents, |_, request| async { tests::gate::mirror(request).await }).await,
    ];
    Chain { door, _members: members, _documents: documents }
}

/// A chain whose `b` calls `c` as `a` calls `b`.
async fn plain() -> Chain {
    chain(|client, _| async { pass_on(client, "c").await }).await
}

/// The values that `c` saw of a header.
fn values<'a>(seen: &'a str, name: &str) -> Vec<&'a str> {
    seen.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(own, _)| *own == name)
        .map(|(_, v)| v)
        .collect()
}

impl Chain {
    /// The headers that reach `c`.
    async fn seen(&self, headers: &[(&str, &str)]) -> String {
        let (status, seen) = get(self.door, headers).await;
        assert_eq!(status, 200, "{seen}");
        seen
    }
}

#[tokio::test]
async fn the_usual_headers_travel_and_no_others() {
    let travelling =
        [("x-group", "test"), ("x-request-id", "r-1"), ("traceparent", TRACE), ("b3", "80f1-05e3-1")];
    let chain = plain().await;
    let seen =
        chain.seen(&[&travelling[..], &[("x-colour", "red"), ("authorization", "Bearer x")]].concat()).await;
    for (name, value) in travelling {
        assert_eq!(values(&seen, name), [value], "{name}");
    }
    for name in ["x-colour", "authorization", "x-mesh-generation"] {
        assert!(values(&seen, name).is_empty(), "{name}: {seen}");
    }
}

#[tokio::test]
async fn a_request_without_a_name_gets_one_for_the_whole_way() {
    let chain = chain(|client, request: Request<Body>| async move {
        let own = request.headers()["x-request-id"].clone();
        let mut response = pass_on(client, "c").await?;
        response.headers_mut().insert("x-seen-by-b", own.clone());
        let text = response.into_body().collect().await?.to_bytes();
        Ok(Response::new(Body::from(format!("{}b: {}\n", String::from_utf8_lossy(&text), own.to_str()?))))
    })
    .await;
    let first = chain.seen(&[]).await;
    let id = values(&first, "x-request-id");
    assert_eq!((id.len(), &id), (1, &values(&first, "b")));
    assert_eq!(id[0].len(), 36);
    assert_ne!(values(&chain.seen(&[]).await, "x-request-id"), id);
}

#[tokio::test]
async fn what_a_service_sets_itself_wins() {
    let chain = chain(|client, _| async move {
        let request = Request::get("http://c/").header("x-group", "own").body(Body::empty())?;
        client.request(request).await
    })
    .await;
    let seen = chain.seen(&[("x-group", "test"), ("b3", "0")]).await;
    assert_eq!((values(&seen, "x-group"), values(&seen, "b3")), (vec!["own"], vec!["0"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_do_not_see_one_anothers_headers() {
    let chain = plain().await;
    let mut under_way = JoinSet::new();
    for number in 0..60 {
        let door = chain.door;
        under_way.spawn(async move {
            let group = number.to_string();
            let headers = [("x-group", &*group)];
            // Every third has none, and gets none.
            let headers = if number % 3 == 0 { &[][..] } else { &headers };
            let (_, seen) = get(door, headers).await;
            let expected: Vec<_> = headers.iter().map(|(_, value)| *value).collect();
            assert_eq!(values(&seen, "x-group"), expected, "{seen}");
        });
    }
    soon(under_way.join_all()).await;
}

#[tokio::test]
async fn a_call_from_a_streaming_body_is_a_call_of_its_request() {
    let chain = chain(|client, _| async move {
        // Called when the headers are long gone.
        let call = stream::once(async move { pass_on(client, "c").await });
        let frames = call.then(|answer| async {
            let seen: Bytes = answer?.into_body().collect().await?.to_bytes();
            Ok::<_, BoxError>(Frame::data(seen))
        });
        Ok(Response::new(Body::new(StreamBody::new(frames))))
    })
    .await;
    assert_eq!(values(&chain.seen(&[("x-group", "test")]).await, "x-group"), ["test"]);
}

#[tokio::test]
async fn a_spawned_task_is_of_the_request_when_it_is_told_so() {
    let scoped = chain(|client, _| async move {
        let context = Context::current().expect("a context in a handler");
        tokio::spawn(context.scope(async move { pass_on(client, "c").await })).await?
    })
    .await;
    assert_eq!(values(&scoped.seen(&[("x-group", "test")]).await, "x-group"), ["test"]);

    let alone =
        chain(|client, _| async move { tokio::spawn(async move { pass_on(client, "c").await }).await? });
    let seen = alone.await.seen(&[("x-group", "test")]).await;
    assert!(values(&seen, "x-group").is_empty());
    assert!(Context::current().is_none());
}
