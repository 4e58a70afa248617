//! Layers that act by the decision of a real table.

mod pinned;

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mesh_core::{
    model::{
        Abort, AbortStatus, Action, Attachment, Block, Conditions, CorsPolicy, Delay, Destination,
        DirectResponse, Edit, Export, Gateway, GatewayName, GatewayServer, HeaderEdits, Host, HostPattern,
        Injection, Labels, Line, Model, PathMatch, Port, Protocol, Redirect, RedirectPort, Rewrite, Route,
        ServerHost, ServerProtocol, Service, Share, Termination, TextMatch, TlsLimits, UnknownHosts,
        UnmatchedPreflights, VirtualService,
    },
    table::{GatewayRole, Snapshot, Viewpoint},
    watch::{self, Handle, Publisher},
};
use mesh_tower::{
    Body, BoxError, Context, Error, GENERATION_HEADER, Kind, Routed,
    answer::AnswerLayer,
    carry::{CATCH_UP_WITHIN, CarriedHeaders, CarryInLayer, CatchUp, PINNED_FOR},
    cors::CorsLayer,
    fault::FaultLayer,
    respond::RespondLayer,
    rewrite::{ORIGINAL_PATH, RewriteLayer},
    route::RouteLayer,
    timeout::TimeoutLayer,
};
use std::{future::pending, sync::Arc, time::Duration};
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

const HOST: &str = "product.shop.svc.cluster.local";

fn host() -> Host {
    Host::parse(HOST).expect("a host")
}

fn rule(prefix: &str, action: Action) -> Route {
    let path = PathMatch { text: TextMatch::Prefix(prefix.into()), ignore_case: false };
    let conditions = Conditions { path: Some(path), ..Conditions::default() };
    Route {
        name: "".into(),
        line: Line::default(),
        blocks: vec![Block { conditions, ..Block::default() }],
        action,
        rewrite: Rewrite::default(),
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        timeout: None,
        retries: None,
        mirrors: Vec::new(),
        cors: None,
        injection: Injection::default(),
    }
}

fn forward() -> Action {
    Action::Forward(vec![Destination {
        host: host(),
        subset: None,
        port: None,
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: set("x-by", "mesh"),
    }])
}

fn set(name: &'static str, value: &'static str) -> HeaderEdits {
    HeaderEdits::new(vec![Edit::Set(HeaderName::from_static(name), HeaderValue::from_static(value))])
}

/// Documents with these rules for one host, told apart by their digest.
fn model(digest: u64, routes: Vec<Route>) -> Model {
    let virtual_service = VirtualService {
        namespace: "shop".into(),
        name: "product".into(),
        hosts: vec![HostPattern::Exact(host())],
        attachments: vec![Attachment::Mesh],
        export: Export::Everywhere,
        routes: routes.into_iter().map(Arc::new).collect(),
        sealed: Vec::new(),
    };
    let port = Port { number: 80, name: "http".into(), protocol: Protocol::Http, target: 8080 };
    let service = Service { ports: vec![port], ..Service::new(host(), "shop".into()) };
    Model {
        services: vec![Arc::new(service)],
        virtual_services: vec![Arc::new(virtual_service)],
        digest,
        ..Model::default()
    }
}

fn published(digest: u64, routes: Vec<Route>) -> (Publisher, Handle) {
    let (mut publisher, handle) = watch::channel(Viewpoint::default());
    publisher.publish(&model(digest, routes));
    (publisher, handle)
}

fn handle(route: Route) -> Handle {
    published(1, vec![route]).1
}

fn get(path: &str) -> Request<Body> {
    Request::get(format!("http://{HOST}{path}")).body(Body::empty()).expect("a valid request")
}

fn kind(error: &BoxError) -> Option<Kind> {
    error.downcast_ref::<Error>().map(Error::kind)
}

/// Answers with the request's head in its own.
async fn echo(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let mut response = Response::new(Body::from(request.uri().to_string()));
    *response.headers_mut() = request.headers().clone();
    response
        .extensions_mut()
        .insert(request.extensions().get::<Routed>().map(|routed| routed.snapshot().digest()));
    Ok(response)
}

fn digest<B>(response: &Response<B>) -> Option<u64> {
    response.extensions().get::<Option<u64>>().copied().flatten()
}

#[tokio::test]
async fn what_a_rule_forwards_names_its_documents() {
    let client = RouteLayer::new(published(0xabc, vec![rule("/", forward())]).1).layer(service_fn(echo));
    let response = client.oneshot(get("/")).await.unwrap();
    assert_eq!(digest(&response), Some(0xabc));
    assert_eq!(response.headers()[GENERATION_HEADER], "0000000000000abc");
}

#[tokio::test]
async fn a_host_that_nobody_described_is_told_nothing() {
    let client = RouteLayer::new(handle(rule("/", forward()))).layer(service_fn(echo));
    let response =
        client.oneshot(Request::get("http://elsewhere/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(digest(&response), Some(1));
    assert!(!response.headers().contains_key(GENERATION_HEADER));
}

#[tokio::test]
async fn what_is_refused_never_arrives() {
    let (mut publisher, handle) = published(1, vec![rule("/here", forward())]);
    publisher
        .publish(&Model { unknown_hosts: UnknownHosts::Refuse, ..model(2, vec![rule("/here", forward())]) });
    let client = RouteLayer::new(handle).layer(service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>(BoxError::from("it arrived"))
    }));
    let error = client.clone().oneshot(get("/there")).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::NoRoute));
    let elsewhere = Request::get("http://elsewhere/").body(Body::empty()).unwrap();
    assert_eq!(kind(&client.oneshot(elsewhere).await.unwrap_err()), Some(Kind::UnknownHost));
}

#[tokio::test(start_paused = true)]
async fn a_pinned_table_decides_until_it_is_stale() {
    let (mut publisher, handle) = published(1, vec![rule("/", forward())]);
    let pinned = Context::default().pinned(handle.snapshot(), Instant::now() + PINNED_FOR);
    let client = RouteLayer::new(handle).layer(service_fn(echo));
    publisher.publish(&model(2, vec![rule("/", forward())]));

    let decided = async || digest(&client.clone().oneshot(get("/")).await.expect("it is forwarded"));
    assert_eq!(decided().await, Some(2));
    assert_eq!(pinned.clone().scope(decided()).await, Some(1));
    advance(PINNED_FOR).await;
    assert_eq!(pinned.scope(decided()).await, Some(2));
}

#[tokio::test]
async fn a_direct_response_spares_the_inner_service() {
    let action =
        Action::Respond(DirectResponse { status: StatusCode::SERVICE_UNAVAILABLE, body: "closed".into() });
    let route = Route { response_headers: set("x-by", "mesh"), ..rule("/", action) };
    let unreached = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
    let routing = RouteLayer::new(handle(route));
    let client = ServiceBuilder::new().layer(routing).layer(AnswerLayer::new()).service(unreached);

    let response = client.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["x-by"], "mesh");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "closed");

    let mut head = get("/");
    *head.method_mut() = http::Method::HEAD;
    let response = client.clone().oneshot(head).await.unwrap();
    assert_eq!(response.headers()["content-length"], "6");
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());

    let mut grpc = get("/");
    grpc.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let response = client.oneshot(grpc).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "14");
    assert_eq!(response.headers()["grpc-message"], "closed");
}

fn redirect() -> Action {
    Action::Redirect(Redirect {
        status: StatusCode::PERMANENT_REDIRECT,
        scheme: None,
        authority: None,
        port: RedirectPort::Keep,
        path: Some("/new".into()),
        prefix: None,
    })
}

#[tokio::test]
async fn a_gateway_that_ends_tls_redirects_within_https() {
    let name = GatewayName { namespace: "shop".into(), name: "door".into() };
    let server = GatewayServer {
        bind: None,
        port: 443,
        port_name: "https".into(),
        protocol: ServerProtocol::Https,
        hosts: vec![ServerHost { namespace: None, pattern: HostPattern::Any }],
        tls: Some(Termination::Mesh(TlsLimits::default())),
        redirects_to_https: false,
    };
    let mut model = model(1, vec![]);
    let mut shop = VirtualService::clone(&model.virtual_services[0]);
    shop.attachments = vec![Attachment::Gateway(name.clone())];
    shop.routes = vec![Arc::new(rule("/old", redirect()))];
    model.virtual_services = vec![Arc::new(shop)];
    model.gateways = vec![Arc::new(Gateway {
        name: name.clone(),
        selector: Labels::default(),
        services: Vec::new(),
        servers: vec![server],
    })];
    let (mut publisher, handle) =
        watch::channel(Viewpoint { gateway: GatewayRole::Named(name), ..Viewpoint::default() });
    publisher.publish(&model);

    let client = ServiceBuilder::new()
        .layer(RouteLayer::new(handle).at_gateway(443, true))
        .layer(AnswerLayer::new())
        .service(service_fn(echo));
    let request = Request::get("/old").header("host", HOST).body(Body::empty()).unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["location"], format!("https://{HOST}/new"));
}

#[tokio::test]
async fn a_redirect_names_the_place_as_the_client_sees_it() {
    let client = ServiceBuilder::new()
        .layer(RouteLayer::new(handle(rule("/old", redirect()))))
        .layer(AnswerLayer::new())
        .service(service_fn(echo));
    let response = client.oneshot(get("/old")).await.unwrap();
    assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(response.headers()["location"], format!("http://{HOST}/new"));
}

#[tokio::test(start_paused = true)]
async fn the_faults_and_the_timeout_are_those_of_the_rule() {
    let (lasting, status) = (Duration::from_secs(3), AbortStatus::Grpc(14));
    let injection = Injection {
        delay: Some(Delay { lasting, share: Share::ALL }),
        abort: Some(Abort { status, share: Share::ALL }),
    };
    let routes = vec![
        Route { injection, ..rule("/broken", forward()) },
        Route { timeout: Some(lasting), ..rule("/slow", forward()) },
        rule("/", forward()),
    ];
    let inner = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
    let client = ServiceBuilder::new()
        .layer(RouteLayer::new(published(1, routes).1))
        .layer(FaultLayer::routed())
        .layer(TimeoutLayer::routed())
        .service(inner);

    for (path, expected) in [("/broken", Kind::Aborted(status)), ("/slow", Kind::RouteTimeout)] {
        let start = Instant::now();
        let error = client.clone().oneshot(get(path)).await.unwrap_err();
        assert_eq!(kind(&error), Some(expected));
        assert_eq!(start.elapsed(), lasting, "{path}");
    }
    let mut unlimited = task::spawn(client.oneshot(get("/")));
    assert_pending!(unlimited.poll());
    advance(Duration::from_secs(86_400)).await;
    assert!(!unlimited.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_marked_for_pages_of_other_origins_whatever_the_rule_changes() {
    const ALLOWED: &str = "access-control-allow-origin";
    let cors = CorsPolicy {
        origins: vec![TextMatch::Exact("https://shop".into())],
        methods: None,
        headers: None,
        exposed: None,
        max_age: None,
        allows_credentials: false,
        unmatched_preflights: UnmatchedPreflights::Forward,
    };
    for edit in [Edit::Add, Edit::Set] {
        let edit = edit(HeaderName::from_static(ALLOWED), HeaderValue::from_static("https://other"));
        let mut route = rule("/", forward());
        route.response_headers = HeaderEdits::new(vec![edit]);
        route.timeout = Some(Duration::from_secs(3));
        route.cors = Some(Arc::new(cors.clone()));
        let client = ServiceBuilder::new()
            .layer(RespondLayer::new())
            .layer(RouteLayer::new(handle(route)))
            .layer(CorsLayer::routed())
            .layer(TimeoutLayer::routed())
            .service(service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>()));
        let mut request = get("/");
        request.headers_mut().insert("origin", HeaderValue::from_static("https://shop"));
        let response = client.oneshot(request).await.unwrap();
        let allowed: Vec<_> = response.headers().get_all(ALLOWED).iter().collect();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(allowed, ["https://shop"]);
        assert_eq!(response.headers()["x-by"], "mesh");
    }
}

#[tokio::test]
async fn the_request_and_the_response_are_changed_by_the_rule() {
    let rewrite = Rewrite { path: Some("/v2".into()), authority: Some("catalogue".into()), path_regex: None };
    let route = Route { rewrite, request_headers: set("x-from", "shop"), ..rule("/v1", forward()) };
    let client = ServiceBuilder::new()
        .layer(RouteLayer::new(handle(route)))
        .layer(RewriteLayer::routed())
        .service(service_fn(echo));
    let response = client.oneshot(get("/v1/a?page=2")).await.unwrap();
    assert_eq!(response.headers()["x-from"], "shop");
    assert_eq!(response.headers()[ORIGINAL_PATH], "/v1/a?page=2");
    assert_eq!(response.headers()["x-by"], "mesh");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "http://catalogue/v2/a?page=2");
}
