//! Paths that are written so that a rule does not see what an application does.

use super::*;

const FORBIDDEN: &str = "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admin}
spec: {action: DENY, rules: [{to: [{operation: {paths: [/admin, '/admin/*']}}]}]}
";

fn mesh(normalization: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data: {{mesh: 'pathNormalization: {{normalization: {normalization}}}'}}\n"
    )
}

/// Ways to write the forbidden path, and some that others might take for it.
const WAYS: &[&str] = &[
    "/admin",
    "/admin/",
    "/admin/x",
    "/admin?x=/public",
    "/admin/x?y",
    "/./admin",
    "/public/../admin",
    "/public/.././admin/x",
    "/admin/..",
    "/admin/../admin",
    "/%61dmin",
    "/%61%64%6D%69%6e",
    "/admi%6E/x",
    "/public/%2e%2e/admin",
    "/public/%2E%2e/admin",
    "/public/.%2e/admin",
    "/%2e/admin",
    "//admin",
    "///admin",
    "/public//../admin",
    "/public/..//admin",
    "/.//admin",
    "/%2fadmin",
    "/%2Fadmin",
    "/public%2f..%2fadmin",
    "/public/..%2Fadmin",
    "/admin%2fx",
    "/admin%2F",
    "/\\admin",
    "/public\\..\\admin",
    "/%5cadmin",
    "/%5Cadmin",
    "/public%5c..%5Cadmin",
    "/admin%5cx",
    "/admin\\x",
    "/\\/admin",
    "/%2f%5c%2fadmin",
    "/public/%2e%2e%2fadmin",
    "/%2561dmin",
    "/%252fadmin",
    "/%25%36%31dmin",
    "/%c0%afadmin",
    "/%c0%ae%c0%ae/admin",
    "/%e0%80%afadmin",
    "/%ef%bc%8fadmin",
    "/%u002fadmin",
    "/admin%20",
    "/admin%09",
    "/ADMIN",
    "/admin%",
    "/admin%2",
    "/%zzadmin",
];

/// A path as an application reads it that takes it apart as the mesh does, and as much: escapes, backslashes, dots and,
/// where the mesh does that, slashes.
fn read(path: &str, merges: bool, decodes_slashes: bool) -> String {
    let mut text = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped =
            after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match escaped.filter(|_| byte == b'%') {
            Some(b'/' | b'\\') if !decodes_slashes => text.push(byte),
            Some(decoded) => {
                text.push(decoded);
                rest = &after[2..];
            }
            None => text.push(byte),
        }
    }
    let text = String::from_utf8_lossy(&text).replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            "" if merges => {}
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[tokio::test]
async fn however_a_forbidden_path_is_written_an_application_that_reads_as_the_mesh_does_never_sees_it() {
    for (normalization, merges, decodes_slashes) in
        [("BASE", false, false), ("MERGE_SLASHES", true, false), ("DECODE_AND_MERGE_SLASHES", true, true)]
    {
        let door = Door::workload(&[FORBIDDEN, &mesh(normalization)]).await;
        let mut forbidden = 0;
        for way in WAYS {
            let text = format!("GET {way} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            let answer = exchange(door.address, text.as_bytes()).await;
            match (status(&answer), &*door.take()) {
                (Some(403), []) => forbidden += 1,
                (Some(400), []) => {}
                (Some(200), [seen]) => {
                    let path = seen.split(' ').nth(1).expect("a path");
                    let read = read(path, merges, decodes_slashes);
                    let is_forbidden = read == "/admin" || read.starts_with("/admin/");
                    assert!(!is_forbidden, "{normalization}: {way} reached the application as {path}");
                }
                other => panic!("{normalization}: {way}: {other:?}"),
            }
        }
        // The more is made of paths, the more of them are that one.
        assert!(forbidden >= if decodes_slashes { 34 } else { 16 }, "{normalization}: {forbidden}");
        door.serves().await;
    }
}

#[tokio::test]
async fn what_only_some_applications_understand_reaches_them_as_it_was_judged() {
    let door = Door::workload(&[FORBIDDEN, &mesh("DECODE_AND_MERGE_SLASHES")]).await;
    for (way, expected) in [
        // Parameters of a segment: whoever forbids paths before such an application has to forbid these, too.
        ("/public/..;/admin", Some("/public/..;/admin")),
        ("/;x/admin", Some("/;x/admin")),
        ("/admin;x=y", Some("/admin;x=y")),
        ("/admin;/x", Some("/admin;/x")),
        ("/admin/;/x", None),
        // What was escaped twice is unescaped once at most.
        ("/%252561dmin", Some("/%252561dmin")),
        ("/admin%00", None),
        ("/%00/../admin", None),
    ] {
        let text = format!("GET {way} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(door.address, text.as_bytes()).await;
        let expected: Vec<_> = expected.iter().map(|path| format!("GET {path} a")).collect();
        assert_eq!(door.take(), expected, "{way}: {answer}");
    }
}
