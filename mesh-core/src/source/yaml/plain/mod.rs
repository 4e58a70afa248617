//! The plain part of YAML, in which nearly all documents are written, read line by line: many times as fast as the parser
//! reads all of the language.
//!
//! Plain are mappings and lists by indentation, of words, numbers and quoted texts that each end on their line, and what
//! brackets hold that close on their line. Of anything else nothing is said, not even that it is wrong: the parser reads
//! it. So a text gives here what it gives there, or it gives nothing.

mod flow;
mod words;

use super::build::{Builder, Size};
use crate::document::Node;
use memchr::memchr_iter;
use saphyr_parser::ScalarStyle;
use words::Word;

/// The one document of a piece of a text, and what it holds; `None` when it is not all plain.
pub(super) fn read(text: &str) -> Option<(Node, Size)> {
    // What is not plain English would need a look at every character.
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return None;
    }
    let mut reader = Reader::default();
    let mut is_first = true;
    let mut start = 0;
    for (line, end) in (1..).zip(memchr_iter(b'\n', text.as_bytes()).chain([text.len()])) {
        let text = &text[std::mem::replace(&mut start, end + 1)..end];
        let content = words::after_spaces(text);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if !(std::mem::take(&mut is_first) && is_marker(text)) {
            reader.line(line, text.len() - content.len(), content)?;
        }
    }
    reader.end()
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(words::is_over)
}

/// Reads one line after the other.
#[derive(Default)]
struct Reader {
    builder: Builder,
    /// The lists and mappings that are open, outermost first.
    open: Vec<Level>,
    /// Whether the last line was a key alone, whose value comes now, if it has any.
    awaits_value: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Level {
    kind: Kind,
    /// The column of its keys or dashes.
    indent: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    List,
}

impl Reader {
    /// Reads the content of a line after so many spaces.
    fn line(&mut self, line: usize, indent: usize, content: &str) -> Option<()> {
        let kind = if dash(content).is_some() { Kind::List } else { Kind::Map };
        if self.awaits_value || self.open.is_empty() {
            if self.is_inside(indent, kind) {
                self.open(line, Level { kind, indent })?;
                return self.member(line, indent, content);
            }
            self.nothing(line)?;
        }
        while self.open.last()? != &(Level { kind, indent }) {
            // A list may stand right below its key, and ends where the next key stands.
            let Level { kind: inner, indent: column } = *self.open.last()?;
            let is_over = column > indent || column == indent && (inner, kind) == (Kind::List, Kind::Map);
            if !is_over {
                return None;
            }
            self.close()?;
        }
        self.member(line, indent, content)
    }

    /// Whether a line is inside what is awaited: the value of a key, or the whole document.
    fn is_inside(&self, indent: usize, kind: Kind) -> bool {
        match self.open.last() {
            Some(outer) => indent > outer.indent || indent == outer.indent && kind == Kind::List,
            None => true,
        }
    }

    /// Reads an element or an entry of the innermost list or mapping.
    fn member(&mut self, line: usize, mut column: usize, mut content: &str) -> Option<()> {
        while let Some(after) = dash(content) {
            let element = words::after_spaces(after);
            column += content.len() - element.len();
            content = element;
            if dash(content).is_some() {
                self.open(line, Level { kind: Kind::List, indent: column })?;
            } else if let Some(key) = words::key(content) {
                self.open(line, Level { kind: Kind::Map, indent: column })?;
                return self.entry(line, key);
            } else {
                return self.value(line, content);
            }
        }
        self.entry(line, words::key(content)?)
    }

    /// Reads a key and, if it is on the same line, its value.
    fn entry(&mut self, line: usize, (key, style, after): Word<'_>) -> Option<()> {
        self.builder.scalar(line, key, style, 0, None).ok()?;
        self.awaits_value = words::is_over(after);
        if self.awaits_value { Some(()) } else { self.value(line, words::after_spaces(after)) }
    }

    /// Reads a value that ends with its line.
    fn value(&mut self, line: usize, content: &str) -> Option<()> {
        let after = match content.as_bytes().first()? {
            b'[' | b'{' => flow::read(&mut self.builder, line, content)?,
            _ => {
                let (text, style, after) = words::value(content)?;
                self.builder.scalar(line, text, style, 0, None).ok()?;
                after
            }
        };
        words::is_over(after).then_some(())
    }

    fn open(&mut self, line: usize, level: Level) -> Option<()> {
        self.awaits_value = false;
        self.open.push(level);
        match level.kind {
            Kind::Map => self.builder.open_map(line, 0, None).ok(),
            Kind::List => self.builder.open_list(line, 0, None).ok(),
        }
    }

    fn close(&mut self) -> Option<()> {
        self.open.pop();
        self.builder.close().ok()
    }

    /// The key that was the last has no value.
    fn nothing(&mut self, line: usize) -> Option<()> {
        match std::mem::take(&mut self.awaits_value) {
            true => self.builder.scalar(line, "".into(), ScalarStyle::Plain, 0, None).ok(),
            false => Some(()),
        }
    }

    fn end(mut self) -> Option<(Node, Size)> {
        self.nothing(0)?;
        while !self.open.is_empty() {
            self.close()?;
        }
        Some((self.builder.end_document()?, self.builder.held()))
    }
}

/// What comes after the dash of a list's element.
fn dash(content: &str) -> Option<&str> {
    content.strip_prefix('-').filter(|after| after.is_empty() || after.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::yaml::parse;
    use proptest::{collection::vec, prelude::*, sample::select};

    /// What is read here is what the parser reads; says whether it is.
    fn hold(text: &str) -> bool {
        let plain = read(text);
        if let Some((root, _)) = &plain {
            let parsed = parse(text.as_bytes(), &"shop.yaml".into());
            assert_eq!((&parsed.documents[..], parsed.fault), (std::slice::from_ref(root), None), "{text}");
        }
        plain.is_some()
    }

    #[test]
    fn documents_as_people_write_them_are_plain() {
        for text in [
            "---\nkind: A # a\nspec:\n  hosts:\n  - a\n  - 'b: c'\n  port:\n\n  text: \"x y\"\n",
            "a:\n  - - 1\n    - b: ~\n      c:\n      - -1.5\n  # three\n  -  d: x:y, [z]\n     e: {}\nf:",
            "metadata: {name: a, labels: {b: 'c', \"d\": [e f, 1, [], {}]}} # more\n'g': $h\n",
            "  - a\n  - b: /\n    <<: {c: d}\n",
        ] {
            assert!(hold(text), "{text}");
        }
    }

    #[test]
    fn what_could_mean_something_else_is_for_the_parser() {
        for text in [
            "",
            "---",
            "a",
            "'a'",
            "[a]",
            "a: |\n  b",
            "a: b\n  c",
            "- b\n  c",
            "a:\n  b",
            "a: &b c",
            "a: *b",
            "a: !b c",
            "a: b: c",
            "a: b:",
            "? a",
            "a : b",
            "a b: c",
            "- ",
            "a: - b",
            "a: '''b'",
            "a: \"\\n\"",
            "a: 'b' c",
            "a: [b,]",
            "a: [b: c]",
            "a: {b}",
            "a: {b:c}",
            "a: [b\n]",
            "a: [b]: c",
            "a: {b,c: d}",
            "a:\tb",
            "a: \u{e9}",
            "a: b\r\n",
            "a: @b",
            "a: %b",
            "a: `b",
            "a: ,b",
            "a: b\n- c",
            "- a\nb: c",
            "  a: b\nc: d",
            "a: b\n---\nc: d",
            "---a: b",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    /// Indentation, and what may stand on a line.
    fn line() -> impl Strategy<Value = String> {
        let words = select(vec![
            "",
            "a:",
            "a: ",
            "b: ",
            "'c': ",
            "\"d\": ",
            "- ",
            "-",
            "-  ",
            "e",
            "f: g",
            "1",
            "-2",
            "~",
            "'h'",
            "\"i\"",
            "#",
            " # j",
            "[",
            "]",
            "{",
            "}",
            ", ",
            ",",
            ":",
            ": ",
            "[k, l]",
            "{m: n, o: [p]}",
            "<<: ",
            "<<",
            "?",
            "?  ",
            "q r",
            "'",
            "\"",
            "\\",
            "''",
            "---",
            "--- ",
            "...",
            "|",
            "x#y",
            "&z ",
            "*z",
            "!t ",
            "%",
            "=",
            "<",
            "true",
            "1e3",
        ]);
        (0..5_usize, vec(words, 0..4)).prop_map(|(indent, words)| " ".repeat(indent) + &words.concat() + "\n")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_is_what_the_parser_reads(lines in vec(line(), 1..6)) {
            hold(&lines.concat());
        }
    }
}
