//! How commands write what they found, and how they end.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// The style of what is wrong.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The style of what is odd.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The style of what is only worth knowing.
pub(crate) const NOTE: Style = AnsiColor::Cyan.on_default();

/// The style of a decision that lets a request come to its answer.
pub(crate) const DECIDED: Style = AnsiColor::Green.on_default().bold();

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something that does not exist or cannot be understood: exit code 2.
    Usage(String),
    /// It was asked rightly, and failed: exit code 1.
    Work(String),
    /// What it found could not be written: exit code 1.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Says why on the standard error, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (code, reason) = match self {
            Self::Usage(reason) => (2, reason),
            Self::Work(reason) => (1, reason),
            // Who reads the first lines only, as head does, has what they want.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::from(1),
            Self::Output(error) => (1, format!("the output cannot be written: {error}")),
        };
        // Nobody is left to tell if this fails.
        let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {reason}");
        ExitCode::from(code)
    }
}

/// Writes a value as JSON, indented, on the standard output.
pub(crate) fn write_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
