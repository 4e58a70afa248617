//! A scripted upstream of HTTP/1.1, byte by byte.

use super::script::{Answer, Script, Step};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::{future::pending, io, pin::pin, str::FromStr, sync::Arc};
use tests::upstream::Upstream;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Starts one of the endpoints of a script.
pub(super) async fn endpoint(number: usize, script: &Arc<Script>) -> Upstream {
    let script = Arc::clone(script);
    Upstream::raw(move |stream| {
        let script = Arc::clone(&script);
        async move {
            // Clients close and reset connections as they like.
            let _ = serve(BufReader::new(stream), number, &script).await;
        }
    })
    .await
}

async fn serve(mut stream: BufReader<TcpStream>, endpoint: usize, script: &Script) -> io::Result<()> {
    stream.get_ref().set_nodelay(true)?;
    loop {
        if matches!(script.peek(), Step::CloseUnread) {
            script.next();
            return Ok(());
        }
        let Some((method, path, headers)) = head(&mut stream).await? else { return Ok(()) };
        let step = script.next();
        if let Step::AnswerEarly(answer) = step {
            script.saw(endpoint, &method, &path, &headers, None);
            return early(stream, answer).await;
        }
        let body = body(&mut stream, &headers).await?;
        script.saw(endpoint, &method, &path, &headers, Some(&body));
        let is_head = method == Method::HEAD;
        let wire = stream.get_mut();
        match step {
            Step::Answer(answer) => wire.write_all(&whole(answer, is_head)).await?,
            Step::AnswerAfter(interim, answer) => {
                wire.write_all(format!("HTTP/1.1 {interim} Interim\r\n\r\n").as_bytes()).await?;
                wire.write_all(&whole(answer, is_head)).await?;
            }
            Step::AnswerAndClose(answer) => return wire.write_all(&whole(answer, is_head)).await,
            Step::Close => return Ok(()),
            Step::Reset => return wire.set_zero_linger(),
            Step::CutHead => return wire.write_all(b"HTTP/1.1 200 OK\r\nx-ke").await,
            Step::Nonsense => return wire.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await,
            Step::Stall => pending().await,
            Step::CutBody(answer) => return part(&mut stream, answer, script).await,
            Step::ResetBody(answer) => {
                part(&mut stream, answer, script).await?;
                return stream.get_ref().set_zero_linger();
            }
            Step::StallBody(answer) => {
                part(&mut stream, answer, script).await?;
                pending().await
            }
            _ => unreachable!("{step:?} is for HTTP/2"),
        }
    }
}

/// A request's head; `None` when the client closes the connection instead.
async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(Method, String, HeaderMap)>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut words = first.split(' ');
    let method = words.next().and_then(|word| word.parse().ok()).expect("a method");
    let path = words.next().expect("a path").to_owned();
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let name = HeaderName::from_str(name).expect("a header's name");
        headers.append(name, HeaderValue::from_str(value.trim()).expect("a header's value"));
    }
    Ok(Some((method, path, headers)))
}

async fn body(stream: &mut BufReader<TcpStream>, headers: &HeaderMap) -> io::Result<Vec<u8>> {
    let length =
        headers.get("content-length").map(|length| length.to_str().expect("text").parse().expect("a number"));
    let mut body = Vec::new();
    if let Some(length) = length {
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
    } else if headers.contains_key("transfer-encoding") {
        while let length @ 1.. = chunk_length(stream).await? {
            let start = body.len();
            body.resize(start + length, 0);
            stream.read_exact(&mut body[start..]).await?;
            stream.read_line(&mut String::new()).await?;
        }
        stream.read_line(&mut String::new()).await?;
    }
    Ok(body)
}

async fn chunk_length(stream: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)
}

fn whole(answer: Answer, is_head: bool) -> Vec<u8> {
    let length = format!("content-length: {}\r\n", answer.body.len());
    let body = if is_head { "" } else { answer.body };
    format!("{}{length}\r\n{body}", start(answer)).into_bytes()
}

fn start(answer: Answer) -> String {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {} Scripted\r\n{headers}", answer.status)
}

/// Half of an answer, up to the moment when the client has its head, or has enough of it.
async fn part(stream: &mut BufReader<TcpStream>, answer: Answer, script: &Script) -> io::Result<()> {
    let mut arrival = pin!(script.arrival());
    arrival.as_mut().enable();
    let text = format!(
        "{}transfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n",
        start(answer),
        answer.body.len(),
        answer.body
    );
    stream.get_mut().write_all(text.as_bytes()).await?;
    tokio::select! {
        () = arrival => Ok(()),
        left = stream.read_u8() => left.map(drop),
    }
}

/// Answers, and reads what the client still sends: closed with something unread, a connection is reset, and the answer
/// with it.
async fn early(mut stream: BufReader<TcpStream>, answer: Answer) -> io::Result<()> {
    stream.get_mut().write_all(&whole(answer, false)).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}
