//! The parser's complaints in words for those who write documents.

use super::{MAX_DEPTH, Mistake};
use saphyr_parser::ScanError;

/// Complaints by a part of the parser's wording, what they mean, and what to do. The first that fits counts.
const REASONS: &[(&str, &str, &str)] = &[
    ("tab", "a tab where only spaces may stand", "indent with spaces"),
    ("quoted scalar, found unexpected end", "a quote is opened here and never closed", "close it"),
    ("unexpected document indicator", "a quote is still open where the document ends", "close it"),
    (
        "unknown escape",
        "an unknown escape in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    (
        "hexadecimal number",
        "an unknown escape in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    (
        "Unicode character escape",
        "an unknown escape in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    ("after double-quoted", "text after a closing quote", "put all of it in the quotes"),
    (
        "invalid indentation in quoted",
        "quoted text must be indented on every line",
        "close the quote, or indent",
    ),
    ("parsing a flow sequence", "expected ',' or ']' in a list that [ opened", "close it"),
    (
        "parsing a flow mapping",
        "expected ',' or '}' in a mapping that { opened",
        "close it; text that starts with { goes in quotes",
    ),
    ("indentation in flow", "a bracket is still open here", "close it, or indent what is inside"),
    ("misplaced bracket", "a closing bracket that nothing opened", "remove it"),
    ("unknown anchor", "an alias of nothing", "text that starts with * goes in quotes"),
    (
        "scanning an anchor or alias",
        "a name must follow * or &",
        "text that starts with * or & goes in quotes",
    ),
    (
        "mapping values are not allowed",
        "a ':' where no key can stand",
        "check indentation and brackets; text with ': ' in it goes in quotes",
    ),
    (
        "illegal placement of ':'",
        "a ':' where no key can stand",
        "check indentation and brackets; text with ': ' in it goes in quotes",
    ),
    ("block sequence entries are not allowed", "a '-' where no list can stand", "check the indentation"),
    ("only valid inside a block", "a '-' between brackets", "in [ ] a comma separates the elements"),
    ("did not find expected '-'", "expected '-' and the next element of the list", "check the indentation"),
    ("did not find expected key", "expected a key", "check the indentation"),
    ("simple key expect", "the key before this has no ':'", "write `key: value`"),
    ("unexpected end of plain scalar", "expected a value", "write one, or put the text in quotes"),
    ("unexpected character", "text cannot start with this character", "put it in quotes"),
    (
        "expected <document start>",
        "expected the end of the document",
        "check the indentation, or start the next one with ---",
    ),
    ("expected node content", "expected a value", "write one, or put the text in quotes"),
    ("unprintable", "an unprintable character", "remove it"),
    ("byte order mark", "a byte order mark within the text", "remove it"),
];

/// What the parser's complaint about `text` means.
pub(super) fn of(error: &ScanError, text: &str) -> Mistake {
    // Past the end there is nothing to look at: the last line is where the writer must look.
    let line = error.marker().line().clamp(1, text.lines().count().max(1));
    let info = error.info();
    if let Some(conflict) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
        return Mistake::new(conflict + 1, "a merge conflict that is not resolved").with_remedy("resolve it");
    }
    if info.contains("recursion limit") {
        return too_deep(line);
    }
    match REASONS.iter().find(|(part, ..)| info.contains(part)) {
        Some((_, reason, remedy)) => {
            Mistake::new(line, format!("invalid YAML: {reason}")).with_remedy(remedy)
        }
        None => Mistake::new(line, format!("invalid YAML: {info}")),
    }
}

/// The mistake of a text that opens more lists and mappings than can be meant.
pub(super) fn too_deep(line: usize) -> Mistake {
    let reason = format!("nested deeper than {MAX_DEPTH} lists and mappings");
    Mistake::new(line, reason).with_remedy("is a bracket never closed?")
}
