//! Processes that a run starts, and talks to by lines of JSON.

use mesh_tower::BoxError;
use serde::{Serialize, de::DeserializeOwned};
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// How long a process may take for one answer, besides the time that it was told to take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is this program in another role. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) id: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Process {
    /// Starts it in a role.
    ///
    /// # Errors
    /// When the operating system does not let it start.
    pub(crate) fn start(arguments: &[String]) -> Result<Self, BoxError> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let id = child.id().ok_or("a process ended at once")?;
        let input = child.stdin.take().ok_or("a process has no input")?;
        let output = child.stdout.take().ok_or("a process has no output")?;
        Ok(Self { id, input, output: BufReader::new(output).lines(), _child: child })
    }

    /// Tells it something.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) async fn tell(&mut self, message: &impl Serialize) -> Result<(), BoxError> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        Ok(self.input.write_all(&line).await?)
    }

    /// What it says next.
    ///
    /// # Errors
    /// When it is gone, says something else, or says nothing for half a minute.
    pub(crate) async fn hear<T: DeserializeOwned>(&mut self) -> Result<T, BoxError> {
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.map_err(|_| "a process says nothing for half a minute")??;
        let line = line.ok_or("a process ended; what it said of that is above")?;
        Ok(serde_json::from_str(&line)?)
    }
}
