//! What is told, and what of a secret would be found in it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use std::{
    fmt::{Debug, Write},
    io,
    sync::{Arc, Mutex},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that anybody was told. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<u8>>>);

impl Told {
    /// Everything that this process logs from now on, of whatever level, with what is told besides.
    pub(crate) fn of_process() -> Self {
        let told = Self::default();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(told.clone())
            .init();
        told
    }

    pub(crate) fn add(&self, text: impl AsRef<[u8]>) {
        let mut told = self.0.lock().expect("no panic");
        told.extend_from_slice(text.as_ref());
        told.push(b'\n');
    }

    /// What people, and programmers, see of a value.
    pub(crate) fn add_debug(&self, value: &dyn Debug) {
        self.add(format!("{value:?} {value:#?}"));
    }

    /// What people, and programmers, see of an error, down to its first cause.
    pub(crate) fn add_error(&self, error: &(dyn std::error::Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add(format!("{error} {error:?}"));
            next = error.source();
        }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).into_owned()
    }
}

impl<'a> MakeWriter<'a> for Told {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A secret, in all forms in which it could be told.
pub(crate) struct Secret {
    pub(crate) what: &'static str,
    forms: Vec<String>,
}

impl Secret {
    /// Where something of it was told, with what is around it.
    pub(crate) fn leak(&self, told: &str) -> Option<String> {
        let found = self.forms.iter().find_map(|form| told.find(form.as_str()))?;
        let [from, to] = [found.saturating_sub(300), (found + 200).min(told.len())];
        let around = &told[told.floor_char_boundary(from)..told.floor_char_boundary(to)];
        Some(format!("{}: …{around}…", self.what))
    }

    /// A text.
    pub(crate) fn text(what: &'static str, text: &str) -> Self {
        let mut forms = Self::bytes(what, text.as_bytes()).forms;
        forms.push(text.to_owned());
        Self { what, forms }
    }

    /// Bytes: encoded, whatever stands before them, and as programmers see them.
    pub(crate) fn bytes(what: &'static str, bytes: &[u8]) -> Self {
        let mut forms = Vec::new();
        for start in 0..3 {
            let whole = &bytes[start..];
            let whole = &whole[..whole.len() / 3 * 3];
            forms.extend([BASE64_STANDARD.encode(whole), BASE64_URL_SAFE_NO_PAD.encode(whole)]);
        }
        let hexadecimal = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let listed = format!("{bytes:?}");
        let listed = listed.trim_matches(['[', ']']).to_owned();
        forms.extend([hexadecimal.to_uppercase(), hexadecimal, listed, bytes.escape_ascii().to_string()]);
        Self { what, forms }
    }

    /// A private key in PEM: each line of it, and the number that is secret in a key of P-256.
    pub(crate) fn key(what: &'static str, pem: &str) -> Self {
        let lines: Vec<_> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(lines.concat()).expect("a key in PEM");
        // What follows is the public key, which is no secret.
        let mut forms = Self::bytes(what, &der[36..68]).forms;
        forms.extend(Self::text(what, lines[0]).forms);
        Self { what, forms }
    }
}

#[test]
fn a_leak_is_found_in_every_form() {
    let secret = Secret::text("a word", "correct horse battery");
    let encoded = BASE64_STANDARD.encode("the word is correct horse battery, and no other");
    for leak in [
        "correct horse battery".to_owned(),
        encoded,
        format!("{:?}", b"correct horse battery"),
        "636f727265637420686f7273652062617474657279".to_owned(),
    ] {
        assert_eq!(secret.leak("nothing"), None);
        assert!(secret.leak(&format!("nothing, but {leak}")).is_some(), "{leak}");
    }
    let pem = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    for leak in [format!("{:?}", pem.as_bytes()), BASE64_STANDARD.encode(&pem), pem.clone()] {
        assert!(Secret::key("a key", &pem).leak(&leak).is_some(), "{leak}");
    }
}
