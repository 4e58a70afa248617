//! `meshctl ca`.

use super::{command, meshctl};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};
use tempfile::TempDir;

#[test]
fn a_root_is_made_announced_and_promoted() {
    let place = TempDir::new().expect("a folder");
    let folder = place.path().join("ca");
    let folder = folder.to_str().expect("text");
    let first = meshctl(&["ca", folder, "--promote"]);
    assert_eq!(first.code, 1, "there is none to promote: {}", first.err);
    let announced = meshctl(&["ca", folder, "--announce"]);
    assert_eq!(announced.code, 0, "{}", announced.err);
    let again = meshctl(&["ca", folder, "--announce"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("a root to come is there already"), "{}", again.err);
    let promoted = meshctl(&["ca", folder, "--promote"]);
    assert_eq!(promoted.code, 0, "{}", promoted.err);
    assert_eq!(fs::read_dir(format!("{folder}/roots")).expect("a folder").count(), 1);
}

#[test]
fn it_answers_until_it_is_told_to_stop() {
    let place = TempDir::new().expect("a folder");
    let folder = place.path().join("ca");
    let mut child = command(&["ca", folder.to_str().expect("text")])
        .stderr(Stdio::piped())
        .spawn()
        .expect("meshctl runs");
    let log = BufReader::new(child.stderr.take().expect("a standard error"));
    let answers = log.lines().map_while(Result::ok).any(|line| line.contains("the authority answers"));
    assert!(answers, "it says when it does");
    std::os::unix::net::UnixStream::connect(folder.join("ca.sock")).expect("it answers");
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert!(!folder.join("ca.sock").exists(), "it leaves no socket behind");
}

#[test]
fn a_root_that_others_can_read_is_refused() {
    let place = TempDir::new().expect("a folder");
    let folder = place.path().join("ca");
    assert_eq!(meshctl(&["ca", folder.to_str().expect("text"), "--announce"]).code, 0);
    let root = folder.join("root.pem");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o604)).expect("changed");
    let refused = meshctl(&["ca", folder.to_str().expect("text")]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("others can read the root's key"), "{}", refused.err);
    assert!(!refused.err.contains("PRIVATE"), "{}", refused.err);
}

#[test]
fn nonsense_is_a_wrong_command_line() {
    for arguments in
        [&["ca"][..], &["ca", "x", "--allow", "product"], &["ca", "x", "--announce", "--promote"]]
    {
        assert_eq!(meshctl(arguments).code, 2, "{arguments:?}");
    }
}
