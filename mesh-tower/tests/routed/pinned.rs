//! Calls of one request are decided by the table that decided for its caller.

use super::*;

/// Answers with the digest of the table that is pinned for it.
async fn pinned(_: Request<Body>) -> Result<Response<Body>, BoxError> {
    let mut response = Response::new(Body::empty());
    let context = Context::current();
    let snapshot = context.as_ref().and_then(Context::snapshot);
    response.extensions_mut().insert(snapshot.map(|snapshot| snapshot.digest()));
    Ok(response)
}

fn from_generation(digest: &'static str) -> Request<Body> {
    Request::builder().header(GENERATION_HEADER, digest).body(Body::empty()).expect("a valid request")
}

#[tokio::test]
async fn the_callers_documents_are_pinned_or_else_the_newest() {
    let (mut publisher, handle) = published(1, vec![]);
    publisher.publish(&model(2, vec![]));
    let server = CarryInLayer::new(CarriedHeaders::default()).pinning(handle).layer(service_fn(pinned));
    for (request, expected) in [
        (from_generation("0000000000000001"), 1),
        (from_generation("0000000000000002"), 2),
        (from_generation("0000000000000003"), 2),
        (from_generation("nonsense"), 2),
        (Request::default(), 2),
    ] {
        let response = server.clone().oneshot(request).await.unwrap();
        assert_eq!(digest(&response), Some(expected));
    }
}

/// A server that asks `catch_up` for documents that it does not know, with a table of digest 1.
fn catching_up(
    catch_up: impl Fn(u64) -> Option<Arc<Snapshot>> + Clone + Send + Sync + 'static,
    after: Duration,
) -> CarryInLayer {
    let asked: CatchUp = Arc::new(move |digest| {
        let catch_up = catch_up.clone();
        tokio::time::sleep(after).map(move |()| catch_up(digest)).boxed()
    });
    CarryInLayer::new(CarriedHeaders::default()).pinning(published(1, vec![]).1).with_catch_up(asked)
}

#[tokio::test(start_paused = true)]
async fn unknown_documents_are_waited_for_within_bounds() {
    let table = published(3, vec![]).1.snapshot();
    let (soon, late) = (CATCH_UP_WITHIN / 2, CATCH_UP_WITHIN * 2);
    for (after, found, expected, waited) in [
        (soon, Some(Arc::clone(&table)), 3, soon),
        (soon, None, 1, soon),
        (late, Some(table), 1, CATCH_UP_WITHIN),
    ] {
        let layer = catching_up(move |digest| found.clone().filter(|_| digest == 3), after);
        let start = Instant::now();
        let response =
            layer.layer(service_fn(pinned)).oneshot(from_generation("0000000000000003")).await.unwrap();
        assert_eq!(digest(&response), Some(expected));
        assert_eq!(start.elapsed(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn known_documents_and_unnamed_ones_are_not_asked_for() {
    let layer = catching_up(|digest| panic!("asked for {digest}"), Duration::ZERO);
    let server = layer.layer(service_fn(pinned));
    for request in [from_generation("0000000000000001"), from_generation("nonsense"), Request::default()] {
        let mut response = task::spawn(server.clone().oneshot(request));
        assert_ready_ok!(response.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_table_with_the_service_that_was_made_ready() {
    let layer = catching_up(|_| None, CATCH_UP_WITHIN);
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer);
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(from_generation("0000000000000003")));
    upstream.allow(0);
    assert_pending!(service.poll_ready());

    assert_pending!(response.poll());
    assert!(upstream.poll_request().is_pending());
    advance(CATCH_UP_WITHIN).await;
    assert_pending!(response.poll());
    let (_, answer) = assert_ready!(upstream.poll_request()).expect("a request");
    answer.send_response(Response::default());
    assert_ready_ok!(response.poll());
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_while_it_waits_for_its_table_is_released() {
    let layer = catching_up(|_| None, CATCH_UP_WITHIN);
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(layer);
    let (witness, mut request) = (Arc::new(()), from_generation("0000000000000003"));
    request.extensions_mut().insert(Arc::clone(&witness));
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    drop((response, service));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(assert_ready!(upstream.poll_request()).is_none());
}
