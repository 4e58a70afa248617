//! Servers that close their connections, in order or not: nobody notices, as long as they do their work.

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header::CONNECTION};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use mesh_tower::{Body, BoxError, Client};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tests::{
    documents::routes,
    mesh::OneService,
    soon,
    upstream::{Upstream, read_head},
    wire::text,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify, task::JoinSet};

// Boxed, since the compiler cannot see through all of hyper's types that it is `Send`.
type Connection = Pin<Box<dyn GracefulConnection<Error = BoxError, Output = Result<(), BoxError>> + Send>>;

/// How often each request was answered, by its path.
type Answered = Arc<Mutex<HashMap<String, usize>>>;

/// Ends each connection in order after so many requests: by `connection: close`, or GOAWAY.
async fn ending_after(most: usize, answered: &Answered) -> Upstream {
    let answered = Arc::clone(answered);
    Upstream::raw(move |stream: TcpStream| {
        let answered = Arc::clone(&answered);
        async move {
            let is_over = Arc::new(Notify::new());
            let (over, count) = (Arc::clone(&is_over), Arc::new(AtomicUsize::new(0)));
            let answer = service_fn(move |request: Request<Incoming>| {
                let is_last = count.fetch_add(1, SeqCst) + 1 == most;
                let is_http1 = request.version() == Version::HTTP_11;
                if is_last && !is_http1 {
                    over.notify_one();
                }
                let answer = hello(request, Arc::clone(&answered));
                async move {
                    let mut answer = answer.await?;
                    if is_last && is_http1 {
                        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, BoxError>(answer)
                }
            });
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
            let mut connection: Connection = Box::pin(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                () = is_over.notified() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        }
    })
    .await
}

async fn hello(request: Request<Incoming>, answered: Answered) -> Result<Response<Body>, BoxError> {
    let path = request.uri().path().to_owned();
    let whole = request.into_body().collect().await?.to_bytes();
    let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
    *answered.entry(path).or_default() += 1;
    Ok(Response::new(whole.into()))
}

/// Sends a thousand requests, sixteen at a time, and counts those that got no good answer.
async fn hammer(client: &Client, method: &Method) -> usize {
    let mut senders = JoinSet::new();
    for sender in 0..16 {
        let (client, method) = (client.clone(), method.clone());
        senders.spawn(async move {
            let mut failed = 0;
            for number in 0..63 {
                let body = if method == Method::POST { Body::from("posted") } else { Body::empty() };
                let request = Request::builder().method(&method);
                let request = request.uri(format!("http://upstream/{sender}/{number}")).body(body);
                let response = soon(client.request(request.expect("a request"))).await.expect("an answer");
                let is_good = response.status() == StatusCode::OK;
                let text = soon(text(response)).await;
                failed += usize::from(!is_good || (method == Method::POST && text != "posted"));
            }
            failed
        });
    }
    senders.join_all().await.into_iter().sum()
}

/// Closes each connection after so many answers, without a word. Requests have no bodies.
async fn closing_after(most: usize) -> Upstream {
    Upstream::raw(move |mut stream: TcpStream| async move {
        for _ in 0..most {
            if read_head(&mut stream).await.is_none() {
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_closes_its_connections_without_a_word_is_not_noticed_by_who_only_asks() {
    for most in [1, 7] {
        let upstream = closing_after(most).await;
        let one = OneService::at("http", upstream.address, &[&without_retries()]).await;
        assert_eq!(hammer(&one.mesh.client(), &Method::GET).await, 0, "{most}");
        assert!(upstream.accepted() > 1);
    }
}

/// The client has no retries: what is hidden is hidden by the connections.
fn without_retries() -> String {
    routes("upstream", "[{route: [{destination: {host: upstream}}], retries: {attempts: 0}}]")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_its_connections_in_order_is_not_noticed() {
    for (port_name, method) in [("http", Method::GET), ("http", Method::POST), ("http2", Method::GET)] {
        for most in [1, 7] {
            let answered = Answered::default();
            let upstream = ending_after(most, &answered).await;
            let one = OneService::at(port_name, upstream.address, &[&without_retries()]).await;
            let failed = hammer(&one.mesh.client(), &method).await;
            assert_eq!(failed, 0, "{port_name} {most} {method}");
            assert_eq!(answered.lock().unwrap().len(), 16 * 63);
            assert!(upstream.accepted() > 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_gets_no_post_twice_that_nobody_asked_to_try_again() {
    for most in [1, 7] {
        let answered = Answered::default();
        let upstream = ending_after(most, &answered).await;
        let one = OneService::at("http2", upstream.address, &[&without_retries()]).await;
        hammer(&one.mesh.client(), &Method::POST).await;
        let answered = answered.lock().unwrap();
        assert!(answered.len() > 16 && answered.values().all(|times| *times == 1));
    }
}
