//! Requests of one process, as they end.

use super::Link;
use crate::{BoxError, console::settings::Process};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use tokio::{sync::broadcast, time::sleep};

/// How long to wait before somebody is asked again who did not answer.
const REST: Duration = Duration::from_secs(1);
/// The most that the description of one request may be, in bytes.
const MOST: usize = 16 << 10;

/// Hands on what a process tells of its requests, for as long as this is polled.
pub(in crate::console) async fn follow(process: Process, requests: broadcast::Sender<Arc<str>>) {
    loop {
        // Whether the process is there is shown by those who ask it for all else.
        if let Err(error) = read(&process, &requests).await {
            tracing::debug!(process = process.name, %error, "no requests are told");
        }
        sleep(REST).await;
    }
}

async fn read(process: &Process, requests: &broadcast::Sender<Arc<str>>) -> Result<(), BoxError> {
    let mut body = Link::to(process.admin.to_string()).send("/requests").await?.into_body();
    let mut lines = Lines::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        for line in lines.take(&data)? {
            if let Some(told) = marked(&line, &process.name) {
                // Nobody listens for a moment when the last page closes.
                let _ = requests.send(told.into());
            }
        }
    }
    Ok(())
}

/// Lines that come in pieces.
#[derive(Debug, Default)]
struct Lines {
    open: Vec<u8>,
}

impl Lines {
    /// The lines that end in these bytes.
    ///
    /// # Errors
    /// When one is longer than it may be.
    fn take(&mut self, data: &Bytes) -> Result<Vec<Vec<u8>>, &'static str> {
        self.open.extend_from_slice(data);
        let mut whole: Vec<Vec<u8>> = self.open.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        self.open = whole.pop().unwrap_or_default();
        if self.open.len() > MOST || whole.iter().any(|line| line.len() > MOST) {
            return Err("a line is too long");
        }
        Ok(whole)
    }
}

/// The description of a request, with the name of the process that told of it.
fn marked(line: &[u8], process: &str) -> Option<String> {
    let mut told: Map<String, Value> = serde_json::from_slice(line).ok()?;
    told.insert("process".into(), process.into());
    serde_json::to_string(&told).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_marked() {
        let mut lines = Lines::default();
        let mut take = |text: &'static str| lines.take(&Bytes::from_static(text.as_bytes())).unwrap();
        assert!(take("{\"a\":").is_empty());
        assert_eq!(
            take("1}\n\n{").iter().filter_map(|line| marked(line, "p")).collect::<Vec<_>>(),
            [r#"{"a":1,"process":"p"}"#]
        );
        assert_eq!(marked(b"[1]", "p"), None);
        assert!(lines.take(&Bytes::from(vec![b'x'; MOST + 1])).is_err());
    }
}
