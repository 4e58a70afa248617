//! The words of plain YAML: keys and values that end on their line.

use memchr::{memchr, memchr_iter};
use saphyr_parser::ScalarStyle;
use std::borrow::Cow;

/// The longest key: the parser knows none that is much longer.
const LONGEST_KEY: usize = 1_000;

/// A text, how it is written, and what comes after it.
pub(super) type Word<'t> = (Cow<'t, str>, ScalarStyle, &'t str);

/// The key at the beginning of a text, and what comes after its colon.
pub(super) fn key(text: &str) -> Option<Word<'_>> {
    let (word, style, after) = match quoted(text) {
        Some(quoted) => quoted?,
        None => {
            let end = text.bytes().position(|byte| matches!(byte, b':' | b' '))?;
            // A key of several words, or with a colon within, is rare.
            (plain(&text[..end])?, ScalarStyle::Plain, &text[end..])
        }
    };
    let after = after.strip_prefix(':').filter(|after| after.is_empty() || after.starts_with(' '))?;
    (text.len() - after.len() <= LONGEST_KEY).then_some((word, style, after))
}

/// The value that is all of a text, but for a comment.
pub(super) fn value(text: &str) -> Option<Word<'_>> {
    if let Some(quoted) = quoted(text) {
        return quoted;
    }
    let bytes = text.as_bytes();
    let is_comment = |at: &usize| *at > 0 && bytes[at - 1] == b' ';
    let end = memchr_iter(b'#', bytes).find(is_comment).map_or(text.len(), |at| at - 1);
    let (word, after) = text.split_at(end);
    let word = word.trim_end_matches(' ');
    // A key within a value is a mistake.
    let is_key = |at| matches!(word.as_bytes().get(at + 1), None | Some(b' '));
    let has_key = memchr_iter(b':', word.as_bytes()).any(is_key);
    (!has_key).then_some((plain(word)?, ScalarStyle::Plain, after))
}

/// A text without quotes that means nothing but itself, whatever is around it, but for what it ends with.
pub(super) fn plain(word: &str) -> Option<Cow<'_, str>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_');
    let is_plain = match *word.as_bytes() {
        [b'-', second, ..] => is_letter(second),
        [first, ..] => is_letter(first) || matches!(first, b'$' | b'(' | b'+' | b'<' | b'=' | b'^' | b'~'),
        [] => false,
    };
    is_plain.then_some(Cow::Borrowed(word))
}

/// The text in quotes at the beginning of a text: `None` when there are no quotes, `Some(None)` when it is not plain.
pub(super) fn quoted(text: &str) -> Option<Option<Word<'_>>> {
    let (style, inside) = match text.as_bytes().first()? {
        b'\'' => (ScalarStyle::SingleQuoted, &text[1..]),
        b'"' => (ScalarStyle::DoubleQuoted, &text[1..]),
        _ => return None,
    };
    let quote = text.as_bytes()[0];
    Some(memchr(quote, inside.as_bytes()).and_then(|end| {
        let (word, after) = (&inside[..end], &inside[end + 1..]);
        // An escaped quote is none.
        let is_plain = !word.contains('\\') || style == ScalarStyle::SingleQuoted;
        let is_doubled = after.as_bytes().first() == Some(&quote);
        (is_plain && !is_doubled).then_some((Cow::Borrowed(word), style, after))
    }))
}

/// Whether nothing is left of a line but a comment.
pub(super) fn is_over(rest: &str) -> bool {
    let content = after_spaces(rest);
    content.is_empty() || content.starts_with('#') && content.len() < rest.len()
}

/// A text without the spaces before it.
pub(super) fn after_spaces(text: &str) -> &str {
    &text[text.bytes().position(|byte| byte != b' ').unwrap_or(text.len())..]
}
