//! `meshctl route`: the decision for one request, and why.

use crate::{
    authorized::{self, Identity, Judged, Principal, Token},
    documents::Documents,
    output::{DECIDED, ERROR, Failure, WARNING, write_json},
    request::{Asker, GatewayReference, Workload},
};
use clap::ValueEnum;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mesh_core::{
    model::Model,
    table::{Explanation, GatewayRole, Question, RequestUrl, Snapshot, Viewpoint},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
};

const EXAMPLES: &str = "\
Examples:
  meshctl route -f mesh/ --to http://product/product/1 --from shop/cart
      a call from a workload in namespace shop
  meshctl route -f mesh/ --to http://product/ --from shop/cart --label version=v2 -H 'X-group: test'
      the same call by a workload with this label, with this header
  meshctl route -f mesh/ --to https://shop.example.com/cart --gateway shop/door -X POST
      a request that comes in at port 443 of a gateway
  meshctl route -f mesh/ --to http://product/ --as spiffe://cluster.local/ns/shop/sa/cart --token $TOKEN
      whether the services behind let this workload in, with this end user, and by which rule
  meshctl route -f mesh/ --to http://product/ --output json | jq .targets
      the decision as JSON, for tools

Where no port is written, it is 443 for https and 80 for http. A Host header takes the place of the URL's host.

Exit codes:
  0  the request is decided, also when it is refused
  1  the output cannot be written
  2  the command line is wrong, or a path cannot be read";

/// Tells what becomes of one request, and why.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files and folders with documents.
    #[arg(long = "file", short, required = true, value_name = "PATH", num_args = 1..)]
    files: Vec<PathBuf>,
    /// Where the request goes.
    #[arg(long, value_name = "URL")]
    to: RequestUrl,
    /// Who sends it; the workload may be left out. Default: the namespace of --namespace.
    #[arg(long, value_name = "NS/WORKLOAD")]
    from: Option<Workload>,
    /// A label of who sends it.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// The gateway that it comes in at.
    #[arg(long, value_name = "NS/NAME")]
    gateway: Option<GatewayReference>,
    /// Who sends it, as its certificate says.
    #[arg(long = "as", value_name = "SPIFFE ID")]
    principal: Option<Principal>,
    /// The token that it carries; its claims are believed, as no key is asked for.
    #[arg(long, value_name = "JWT", hide_env_values = true)]
    token: Option<Token>,
    /// Its method.
    #[arg(long, short = 'X', default_value = "GET")]
    method: Method,
    /// One of its headers.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    /// The namespace of documents, gateways and callers that name none.
    #[arg(long, short, value_name = "NS", default_value = "default")]
    namespace: String,
    /// How to write the decision.
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// For whom a decision is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// JSON for tools; its fields keep their names and meaning.
    Json,
}

/// `key=value`.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// `name: value`.
#[derive(Clone, Debug)]
struct Header {
    name: HeaderName,
    value: HeaderValue,
}

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let documents = Documents::load_good(&arguments.files, &arguments.namespace)?;
    let output = arguments.output;
    let identity = Identity { workload: arguments.principal.clone(), user: arguments.token.clone() };
    let question = arguments.into_question();
    warn_of_gateway(&documents.model, &question.viewpoint)?;
    let snapshot = Snapshot::compile(&documents.model, &question.viewpoint, None);
    let question = question.read_by(&snapshot);
    let route = question.explain(&snapshot);
    let authorization = authorized::judge(&documents.model, &question, &snapshot, &route, &identity);
    match output {
        Format::Text => {
            write_text(&route)?;
            authorized::write(&mut anstream::stdout().lock(), &authorization, &identity)?;
        }
        Format::Json => write_json(&Answer { route, authorization })?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What is written for tools.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    route: Explanation,
    /// What those who are asked make of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization: Vec<Judged>,
}

impl Arguments {
    fn into_question(self) -> Question {
        let labels = self.labels.into_iter().map(|label| (label.key, label.value)).collect();
        // Who says by whose name they ask says from which namespace, too.
        let own = self.principal.as_ref().and_then(Principal::namespace).map(Workload::of_namespace);
        let asker = Asker { from: self.from.or(own), labels, gateway: self.gateway };
        let mut headers = HeaderMap::new();
        for Header { name, value } in self.headers {
            headers.append(name, value);
        }
        Question::new(self.to, self.method, headers, asker.viewpoint(&self.namespace))
    }
}

/// Writes the decision for people; one that keeps the request from an answer is seen at once.
fn write_text(explanation: &Explanation) -> io::Result<()> {
    let text = explanation.to_string();
    let (summary, reasons) = text.split_once('\n').unwrap_or((&text, ""));
    let style = match explanation.outcome {
        "refuse" => ERROR,
        "passthrough" => WARNING,
        _ => DECIDED,
    };
    let mut out = anstream::stdout().lock();
    writeln!(out, "{style}{summary}{style:#}")?;
    write!(out, "{reasons}")
}

/// A name that no document has decides everything with a refusal, which looks like a fault of the rules.
fn warn_of_gateway(model: &Model, viewpoint: &Viewpoint) -> io::Result<()> {
    let GatewayRole::Named(name) = &viewpoint.gateway else { return Ok(()) };
    if model.gateways.iter().any(|gateway| gateway.name == *name) {
        return Ok(());
    }
    let known: Vec<_> = model.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
    let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
    writeln!(
        anstream::stderr(),
        "{WARNING}warning:{WARNING:#} no document is Gateway {name} (known: {known})"
    )
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self { key: key.into(), value: value.into() }),
            _ => Err(format!("{text:?} is no label (write key=value, such as version=v2)")),
        }
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is no header (write 'name: value', such as 'X-group: test')");
        let (name, value) = text.split_once(':').ok_or_else(refuse)?;
        Ok(Self {
            name: name.trim().parse().map_err(|_| refuse())?,
            value: value.trim().parse().map_err(|_| refuse())?,
        })
    }
}
