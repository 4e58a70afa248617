//! Requests that name several hosts, or one in a way that a rule might not see.

use super::*;
use http::StatusCode;
use tests::wire;

#[tokio::test]
async fn several_hosts_are_none() {
    for door in Door::both().await {
        for hosts in
            ["host: a\r\nhost: a", "host: a\r\nhost: b", "host: a\r\nx: y\r\nHost: b", "host:\r\nhost: a"]
        {
            let text = format!("GET / HTTP/1.1\r\n{hosts}\r\nconnection: close\r\n\r\n");
            let answer = exchange(door.address, text.as_bytes()).await;
            assert_eq!(status(&answer), Some(400), "{hosts:?}: {answer}");
            assert_eq!(door.take(), [""; 0], "{hosts:?}");
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn the_host_of_the_request_line_is_the_one_that_everybody_sees() {
    for door in Door::both().await {
        for (line, expected) in [
            ("GET http://a/x HTTP/1.1\r\nhost: b", "GET /x a"),
            ("GET http://me:secret@a/x HTTP/1.1\r\nhost: b", "GET /x a"),
            ("GET http://a:8080/x HTTP/1.1\r\nhost: a", "GET /x a:8080"),
        ] {
            let text = format!("{line}\r\nconnection: close\r\n\r\n");
            let answer = exchange(door.address, text.as_bytes()).await;
            assert_eq!(status(&answer), Some(200), "{line:?}: {answer}");
            assert_eq!(door.take(), [expected], "{line:?}");
        }
        let stream = TcpStream::connect(door.address).await.expect("an open port");
        let request = Request::get("http://a/x").header(HOST, "b").body(Body::empty()).expect("a request");
        let answer = soon(wire::http2(stream).await.send_request(request)).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(door.take(), ["GET /x a"]);
    }
}

/// A workload where one host is forbidden to everybody.
const FORBIDDEN: &str = "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admin}
spec: {action: DENY, rules: [{to: [{operation: {hosts: [admin.example.com, 'admin.example.com:*']}}]}]}
";

#[tokio::test]
async fn a_forbidden_host_is_forbidden_however_it_is_written() {
    let door = Door::workload(&[FORBIDDEN]).await;
    for host in [
        "admin.example.com",
        "ADMIN.Example.COM",
        "admin.example.com:80",
        "admin.example.com:1",
        "Admin.example.com:65535",
    ] {
        let text = format!("GET /x HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&exchange(door.address, text.as_bytes()).await), Some(403), "{host}");
        let text = format!("GET http://{host}/x HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&exchange(door.address, text.as_bytes()).await), Some(403), "{host}");
        let text = format!("GET http://me@{host}/x HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&exchange(door.address, text.as_bytes()).await), Some(403), "{host}");
        assert_eq!(door.take(), [""; 0], "{host}");
    }
    door.serves().await;
}
