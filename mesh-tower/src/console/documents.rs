//! The text of documents, for whoever wants to see what is wrong in it.

use serde::Serialize;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// The most of a file that is shown, in bytes.
const MOST: u64 = 1 << 20;

/// What is shown of a file.
#[derive(Debug, Serialize)]
pub(super) struct Text {
    /// Its lines; `None` where a line is not for showing.
    lines: Vec<Option<String>>,
}

/// The text of a file, if it is one of those in these files and folders.
///
/// Of a file, only what cannot hold a secret is shown: no document of a kind that holds secrets, and no value of a field
/// whose name says that it is one.
///
/// # Errors
/// Why it is not shown.
pub(super) fn text(file: &Path, roots: &[PathBuf]) -> Result<Text, String> {
    let refuse = || format!("{} is not among the documents that are shown here", file.display());
    // What leads elsewhere is elsewhere: links are followed before it is decided.
    let real = file.canonicalize().map_err(|_| refuse())?;
    let is_within = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
    if !roots.iter().any(is_within) || !real.is_file() {
        return Err(refuse());
    }
    let mut text = String::new();
    let opened = std::fs::File::open(&real).and_then(|open| open.take(MOST).read_to_string(&mut text));
    opened.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(Text { lines: shown(&text) })
}

fn shown(text: &str) -> Vec<Option<String>> {
    let mut lines = Vec::new();
    let mut document: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with("---") {
            lines.append(&mut of_document(&std::mem::take(&mut document)));
            lines.push(Some(line.to_owned()));
        } else {
            document.push(line);
        }
    }
    lines.append(&mut of_document(&document));
    lines
}

fn of_document(document: &[&str]) -> Vec<Option<String>> {
    // A list or JSON may have a kind anywhere, and quoted.
    let holds_secrets = document.iter().any(|line| {
        let plain: String =
            line.chars().filter(|char| !char.is_whitespace() && *char != '"' && *char != '\'').collect();
        plain.contains("kind:Secret") || plain.contains("PRIVATEKEY") || plain.contains("kty:oct")
    });
    // How far the last secret was indented: what is indented further belongs to it.
    let mut secret = None;
    let mut is_shown = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        if secret.is_some_and(|secret| indent > secret || line.trim().is_empty()) {
            return false;
        }
        secret = is_secret(line).then_some(indent);
        secret.is_none()
    };
    document.iter().map(|line| (!holds_secrets && is_shown(line)).then(|| (*line).to_owned())).collect()
}

/// Whether a line gives a field, or a header, whose name says that it is a secret.
fn is_secret(line: &str) -> bool {
    const NAMES: [&str; 7] =
        ["password", "privatekey", "clientsecret", "secretkey", "apikey", "bearertoken", "stringdata"];
    let plain: String =
        line.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.iter().any(|name| plain.contains(name)) || names(line).any(|name| is_header(&name))
}

/// What stands before each colon.
fn names(line: &str) -> impl Iterator<Item = String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    line.match_indices(':').filter_map(move |(end, _)| {
        let before = line[..end].trim_end_matches(['"', '\'', ' ']);
        before.rsplit(|char| !is_name(char)).next().map(str::to_ascii_lowercase)
    })
}

/// Whether a header, or a parameter, of this name lets somebody in. Fields of documents are called otherwise.
fn is_header(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["authorization", "proxy-authorization", "cookie", "set-cookie", "token", "jwks"];
    const ENDS: [&str; 6] = ["-token", "_token", "-secret", "_secret", "-key", "_key"];
    NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn secrets_are_not_shown() {
        let lines = shown(
            "kind: VirtualService\nspec: {}\n---\nkind: \"Secret\"\ndata: {a: b}\n---\nkind: Gateway\n  password: x\n  credentialName: c\n",
        );
        let shown: Vec<_> = lines.iter().map(|line| line.as_deref().unwrap_or("")).collect();
        assert_eq!(
            shown,
            [
                "kind: VirtualService",
                "spec: {}",
                "---",
                "",
                "",
                "---",
                "kind: Gateway",
                "",
                "  credentialName: c"
            ]
        );
        assert!(shown_of("{\"kind\": \"Secret\", \"data\": {}}").is_none());
        assert!(shown_of("  jwks: '{\"keys\": []}'").is_none());
        assert!(shown_of("headers: {request: {set: {x-api-key: x}}}").is_none());
        assert!(shown_of("kind: AuthorizationPolicy").is_some() && shown_of("jwksUri: http://a").is_some());
        let nested = super::shown("a:\n  authorization:\n    exact: x\n\n    more: y\n  b: z\n");
        let nested: Vec<_> = nested.iter().flatten().map(String::as_str).collect();
        assert_eq!(nested, ["a:", "  b: z"]);
        assert!(shown_of("key: -----BEGIN PRIVATE KEY-----").is_none());
    }

    fn shown_of(line: &str) -> Option<String> {
        shown(line).remove(0)
    }

    #[test]
    fn only_files_of_the_folder_are_shown_wherever_names_lead() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("mesh"), folder.path().join("other.yaml"));
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("a.yaml"), "kind: Gateway\n").unwrap();
        fs::write(&outside, "kind: Gateway\n").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link.yaml")).unwrap();
        let roots = [inside.clone()];
        let text = |path: &str| text(&inside.join(path), &roots);
        assert_eq!(text("a.yaml").unwrap().lines, [Some("kind: Gateway".to_owned())]);
        for path in ["../other.yaml", "link.yaml", "gone.yaml", ".", "/etc/passwd"] {
            assert!(text(path).is_err(), "{path}");
        }
        assert!(super::text(&inside.join("a.yaml"), &[]).is_err());
    }
}
