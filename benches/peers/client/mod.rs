//! A caller in a process of its own: one contender, one case.

mod drive;
mod latencies;
mod mesh;
mod pooled;
mod raw;

use crate::{
    case::{Case, Protocol},
    contender::Contender,
    message::{Taken, Turn},
};
use drive::Load;
use mesh_tower::BoxError;
use raw::Raw;
use std::{net::SocketAddr, path::PathBuf};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Which caller to be.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The folder of the world: its certificates, and a folder for documents.
    #[arg(long)]
    world: PathBuf,
    /// As whom to call.
    #[arg(long)]
    contender: Contender,
    /// What to ask for, as JSON.
    #[arg(long, value_parser = case)]
    case: Case,
    /// Whom to call: an origin's addresses, or a proxy's.
    #[arg(long, value_delimiter = ',')]
    to: Vec<SocketAddr>,
}

fn case(text: &str) -> Result<Case, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// How a contender calls.
trait Caller: Clone + Send + 'static {
    /// The body that comes back.
    type Body: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + Unpin;

    /// Calls once.
    fn call(
        &mut self,
        request: http::Request<bytes::Bytes>,
    ) -> impl Future<Output = Result<http::Response<Self::Body>, BoxError>> + Send;
}

/// Says that it is ready, and calls whenever a line says so.
///
/// # Errors
/// When whom it calls is not there.
pub(crate) async fn serve(arguments: Arguments) -> Result<(), BoxError> {
    let Arguments { world, contender, case, to } = &arguments;
    let first = *to.first().ok_or("nobody to call is named")?;
    match contender {
        Contender::Hyper | Contender::HyperMtls | Contender::Tower => {
            let is_mtls = contender.is_mtls();
            let load = Load::new(case, &format!("{}://{first}", if is_mtls { "https" } else { "http" }))?;
            match contender {
                Contender::Tower => take_turns(vec![pooled::layered(case); case.connections], &load).await,
                Contender::HyperMtls => {
                    let caller = pooled::mtls(world, case)?;
                    take_turns(vec![caller; case.connections], &load).await
                }
                _ => take_turns(vec![pooled::plain(case); case.connections], &load).await,
            }
        }
        contender if contender.is_mesh() => {
            let port = crate::documents::PORTS[usize::from(case.protocol == Protocol::H2)];
            let load = Load::new(case, &format!("http://product:{port}"))?;
            let caller = mesh::Meshed::join(world, *contender, to).await?;
            take_turns(vec![caller; case.connections], &load).await
        }
        _ => {
            let load = Load::new(case, "http://product")?;
            take_turns(Raw::connect(first, case).await?, &load).await
        }
    }
}

async fn take_turns<C: Caller>(callers: Vec<C>, load: &Load) -> Result<(), BoxError> {
    println!("{}", serde_json::to_string("ready")?);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let turn: Turn = serde_json::from_str(&line)?;
        let taken: Taken = drive::drive(&callers, load, turn.lasting).await?;
        println!("{}", serde_json::to_string(&taken)?);
    }
    Ok(())
}
