//! `meshctl gateway`.

use super::{Run, command, ended, meshctl};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
};

/// A gateway that runs; killed when dropped, should a test fail before it stops.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(&[&["gateway", "-f", "gateway.yaml"], arguments].concat())
            .stderr(Stdio::piped())
            .spawn()
            .expect("meshctl runs");
        let log = BufReader::new(child.stderr.take().expect("a standard error"));
        Self { child, log }
    }

    /// The first line of the log that holds `text`.
    fn line_with(&mut self, text: &str) -> String {
        let mut seen = String::new();
        for line in self.log.by_ref().lines() {
            let line = line.expect("text");
            if line.contains(text) {
                return line;
            }
            seen = format!("{seen}{line}\n");
        }
        panic!("no line of the log holds {text}:\n{seen}");
    }

    /// Waits until port 8080 of the documents is open, and gives its address.
    fn address(&mut self) -> SocketAddr {
        let line = self.line_with("gateway port open");
        assert!(line.contains("port=8080"), "{line}");
        let address = line.split("address=").nth(1).expect("an address");
        address.trim().parse().expect("an address")
    }

    /// Tells it to stop, and gives the exit code.
    fn stop(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: SocketAddr, host: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

/// What an admin endpoint answers.
fn get_path(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

fn gateway(arguments: &[&str]) -> Run {
    ended(command(&[&["gateway"], arguments].concat()).output().expect("meshctl runs"))
}

#[test]
fn a_gateway_serves_what_its_documents_say_until_it_is_told_to_stop() {
    for (selection, signal) in
        [(["--name", "default/door"], "-TERM"), (["--label", "istio=ingressgateway"], "-INT")]
    {
        let mut running = Running::start(&[&selection[..], &["--listen", "8080=127.0.0.1:0"]].concat());
        let address = running.address();
        let answer = get(address, "shop.example.com");
        assert!(answer.starts_with("HTTP/1.1 218"), "{answer}");
        assert!(answer.ends_with("tea"), "{answer}");
        assert!(get(address, "elsewhere.example.com").starts_with("HTTP/1.1 404"));
        assert_eq!(running.stop(signal), Some(0));
    }
}

#[test]
fn a_name_without_a_namespace_is_of_the_one_asked_for() {
    let selection = ["--name", "door", "--namespace", "shop", "--listen", "8080=127.0.0.1:0"];
    let mut running = Running::start(&selection);
    running.address();
    assert_eq!(running.stop("-TERM"), Some(0));
}

#[test]
fn a_gateway_that_opens_nothing_says_so_and_waits_for_documents() {
    let mut running = Running::start(&[]);
    let line = running.line_with("no port is open");
    assert!(line.contains("--name") && line.contains("--label"), "{line}");
    assert_eq!(running.stop("-TERM"), Some(0));
}

#[test]
fn a_port_that_is_taken_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listen = format!("8080={address}");
    let run = gateway(&["-f", "gateway.yaml", "--name", "default/door", "--listen", &listen]);
    assert_eq!(run.code, 1);
    let expected = format!("error: the gateway's port 8080 cannot be opened at {address}: ");
    assert!(run.err.contains(&expected), "{}", run.err);
    assert!(run.err.contains("another process listens there"), "{}", run.err);
}

#[test]
fn a_gateway_tells_about_itself_and_is_told_how_much_to_log() {
    let mut running =
        Running::start(&["--name", "default/door", "--listen", "8080=127.0.0.1:0", "--admin", "0"]);
    let line = running.line_with("admin endpoint open");
    let admin: SocketAddr =
        line.split("address=").nth(1).and_then(|address| address.trim().parse().ok()).expect("an address");
    running.address();
    let dump = get_path(admin, "GET", "/config_dump");
    assert!(dump.contains("\"gateway\": \"default/door\""), "{dump}");
    assert!(get_path(admin, "GET", "/logging").ends_with("info\n"));
    assert!(get_path(admin, "POST", "/logging?level=mesh_tower%3Ddebug").ends_with("mesh_tower=debug\n"));
    let wrong = get_path(admin, "POST", "/logging?level=%3D%3D");
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    assert_eq!(running.stop("-TERM"), Some(0));
}

#[test]
fn an_admin_endpoint_that_cannot_be_opened_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = taken.local_addr().unwrap().to_string();
    let run = gateway(&["-f", "gateway.yaml", "--name", "default/door", "--admin", &admin]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains(&format!("the admin endpoint cannot be opened at {admin}")), "{}", run.err);
    let run = gateway(&["-f", "gateway.yaml", "--admin", "here"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("\"here\" is no address"), "{}", run.err);
}

#[test]
fn documents_that_do_not_exist_are_a_clear_error() {
    let run = gateway(&["-f", "gateway.yaml", "-f", "nowhere", "--name", "default/door"]);
    assert_eq!(run.code, 1);
    assert!(run.err.starts_with("error: nowhere: no such file or folder"), "{}", run.err);
}

#[test]
fn what_cannot_be_opened_at_all_is_a_mistake_of_the_command_line() {
    for wrong in ["8080", "8080=here", "door=127.0.0.1:80"] {
        let run = gateway(&["-f", "gateway.yaml", "--listen", wrong]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains(&format!("{wrong:?} is no port and address")), "{}", run.err);
    }
    assert_eq!(gateway(&[]).code, 2);
}

#[test]
fn every_command_teaches_by_example_and_documents_its_exit_codes() {
    for name in ["analyze", "route", "check", "gateway"] {
        let run = meshctl(&[name, "--help"]);
        assert_eq!(run.code, 0);
        let example = format!("meshctl {name} ");
        assert!(run.out.contains(&example) && run.out.contains("Exit codes:"), "{}", run.out);
    }
}
