//! A connection to somebody who is asked again and again.

use crate::BoxError;
use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{fmt, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// The time that an answer may take to begin, and then to be complete.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no answer, in words for people.
#[derive(Clone, Debug)]
pub(in crate::console) struct AskFault(String);

impl AskFault {
    pub(super) fn new(words: String) -> Self {
        Self(words)
    }

    /// What is at a path is not what was asked for.
    pub(super) fn unreadable(path: &str, why: &dyn fmt::Display) -> Self {
        Self(format!("{path} cannot be read: {why} (is it the admin endpoint of a member of the mesh?)"))
    }
}

impl fmt::Display for AskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connection that is made when it is needed, and again when it broke.
#[derive(Debug)]
pub(in crate::console) struct Link {
    /// `host:port`.
    authority: String,
    sender: Option<http1::SendRequest<Empty<Bytes>>>,
}

impl Link {
    pub(in crate::console) fn to(authority: impl Into<String>) -> Self {
        Self { authority: authority.into(), sender: None }
    }

    /// What is at a path, in so many bytes at most.
    ///
    /// # Errors
    /// When nobody answers in time, or not with 200, or with more.
    pub(in crate::console) async fn get(&mut self, path: &str, most: usize) -> Result<Bytes, AskFault> {
        let (is_good, body) = self.look(path, most).await?;
        match is_good {
            true => Ok(body),
            false => Err(AskFault(format!("{path}: {}", first_line(&body)))),
        }
    }

    /// The same whatever the status; whether that is a success.
    ///
    /// # Errors
    /// When nobody answers in time, or with more.
    pub(in crate::console) async fn look(
        &mut self,
        path: &str,
        most: usize,
    ) -> Result<(bool, Bytes), AskFault> {
        let whole = async {
            let response = self.send(path).await?;
            let is_good = response.status().is_success();
            let body = Limited::new(response.into_body(), most).collect().await?.to_bytes();
            Ok::<_, BoxError>((is_good, body))
        };
        let answered = timeout(PATIENCE, whole).await;
        // A connection on which something is left to read, or nobody answers, is of no further use.
        let fault = match answered {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        self.sender = None;
        Err(AskFault(format!("{}{path}: {fault}", self.authority)))
    }

    /// The answer's head, and a body that is still to come.
    ///
    /// # Errors
    /// When there is no connection, or it breaks.
    pub(in crate::console) async fn send(&mut self, path: &str) -> Result<Response<Incoming>, BoxError> {
        let request = Request::get(path).header(HOST, &self.authority).body(Empty::new())?;
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        self.sender = Some(sender);
        Ok(response)
    }

    async fn connect(&self) -> Result<http1::SendRequest<Empty<Bytes>>, BoxError> {
        let stream =
            timeout(PATIENCE, TcpStream::connect(&self.authority)).await.map_err(|_| "no connection")??;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}
