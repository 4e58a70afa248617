//! Short ways to write policies and requests, and to read verdicts.

use http::{HeaderMap, Request};
use mesh_core::{
    dialect::Setting,
    document::Fault,
    identity::{Claims, SpiffeId},
    model::{Labels, Model},
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::Ledger,
};
use std::{net::IpAddr, sync::Arc};

/// What documents mean; none of them may be refused.
pub(crate) fn model(text: &str) -> Model {
    let batch = Arc::new(Batch::of("policies.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    let refused: Vec<_> =
        status.faults.iter().filter(|fault| fault.is_refusal()).map(Fault::to_string).collect();
    assert!(refused.is_empty(), "{refused:?}: {text}");
    model
}

/// A policy of namespace `shop`.
pub(crate) fn policy(name: &str, spec: &str) -> String {
    policy_in("shop", name, spec)
}

/// A policy.
pub(crate) fn policy_in(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, \
         metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}\n"
    )
}

/// The table of the workload `product` of namespace `shop`.
pub(crate) fn table(text: &str) -> Snapshot {
    table_of(text, "shop", &[("app", "product")])
}

/// The table of a workload.
pub(crate) fn table_of(text: &str, namespace: &str, labels: &[(&str, &str)]) -> Snapshot {
    let labels: Labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let viewpoint = Viewpoint { namespace: namespace.into(), labels, ..Viewpoint::default() };
    Snapshot::compile(&model(text), &viewpoint, None)
}

/// A request to the workload, and how it came.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) request: Request<()>,
    pub(crate) is_http: bool,
    pub(crate) peer: Option<SpiffeId>,
    pub(crate) claims: Option<Claims>,
    pub(crate) source: IpAddr,
    pub(crate) remote: IpAddr,
    pub(crate) server_name: Option<String>,
    pub(crate) port: u16,
}

/// A request in plain text: its method and its URL.
pub(crate) fn sent(method: &str, url: &str) -> Sent {
    let request = Request::builder().method(method).uri(url).body(()).expect("a request");
    Sent {
        request,
        is_http: true,
        peer: None,
        claims: None,
        source: [10, 0, 0, 9].into(),
        remote: [192, 0, 2, 1].into(),
        server_name: None,
        port: 8080,
    }
}

/// `GET http://product/`.
pub(crate) fn get() -> Sent {
    sent("GET", "http://product/")
}

impl Sent {
    /// The same from this workload, by its principal.
    pub(crate) fn from(self, principal: &str) -> Self {
        Self { peer: Some(SpiffeId::parse(&format!("spiffe://{principal}")).expect("an id")), ..self }
    }

    /// The same with a verified token.
    pub(crate) fn with_token(self, claims: &str) -> Self {
        let claims = serde_json::from_str(claims).expect("claims");
        Self { claims: Some(Claims::new(claims)), ..self }
    }

    /// The same with a header more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let headers: &mut HeaderMap = self.request.headers_mut();
        let name: http::HeaderName = name.parse().expect("a name");
        headers.append(name, value.parse().expect("a value"));
        self
    }

    /// A connection that is not HTTP.
    pub(crate) fn over_tcp(self) -> Self {
        Self { is_http: false, ..self }
    }

    /// As policies look at it.
    pub(crate) fn view(&self) -> InboundView<'_> {
        InboundView {
            source: Some(self.source),
            remote: Some(self.remote),
            destination: Some([10, 0, 0, 1].into()),
            port: self.port,
            server_name: self.server_name.as_deref(),
            peer: self.peer.as_ref(),
            claims: self.claims.as_ref(),
            request: self.is_http.then(|| RequestView::outbound(&self.request)),
        }
    }

    /// Whether it passes.
    pub(crate) fn passes(&self, table: &Snapshot) -> bool {
        table.inbound().authorize(&self.view()).is_allowed()
    }

    /// Its verdict, in Envoy's words.
    pub(crate) fn verdict(&self, table: &Snapshot) -> String {
        table.inbound().authorize(&self.view()).to_string()
    }
}

/// Checks that a rule of a policy that allows is for the first of these, and not for the others.
#[track_caller]
pub(crate) fn is_for(rule: &str, is: &[Sent], is_not: &[Sent]) {
    let table = table(&policy("p", &format!("{{rules: [{rule}]}}")));
    for (sent, expected) in is.iter().map(|sent| (sent, true)).chain(is_not.iter().map(|sent| (sent, false)))
    {
        assert_eq!(sent.passes(&table), expected, "{rule}: {sent:?}");
    }
}
