//! The command line, run as its users run it: the real binary, on files.

mod analyze;
mod authorized;
mod ca;
mod check;
mod gateway;
mod route;

use std::process::{Command, Output, Stdio};

/// How a command ended, and what it wrote.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("JSON on the standard output")
    }
}

/// A command that is run among the fixtures, so that files have the names that tests write.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshctl"));
    command.args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/meshctl/fixtures"));
    for variable in [
        "MESH_IDENTITY",
        "MESH_SERVICE_ACCOUNT",
        "MESH_LISTEN",
        "RUST_LOG",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "NO_COLOR",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

fn meshctl(arguments: &[&str]) -> Run {
    ended(command(arguments).output().expect("meshctl runs"))
}

fn ended(Output { status, stdout, stderr }: Output) -> Run {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { code: status.code().expect("an exit code"), out: text(stdout), err: text(stderr) }
}
