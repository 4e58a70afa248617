//! Lists and mappings within brackets that close on their line.

use super::{super::build::Builder, words};
use saphyr_parser::ScalarStyle;

/// Gives what is at the beginning of a text to `builder`, and gives the rest of the text; `None` when it is not all plain.
pub(super) fn read<'t>(builder: &mut Builder, line: usize, text: &'t str) -> Option<&'t str> {
    match text.as_bytes().first()? {
        b'[' => {
            builder.open_list(line, 0, None).ok()?;
            members(builder, text, ']', |builder, text| read(builder, line, text))
        }
        b'{' => {
            builder.open_map(line, 0, None).ok()?;
            members(builder, text, '}', |builder, text| {
                let (key, style, after) = words::key(text)?;
                let is_one = style != ScalarStyle::Plain || is_word(&key);
                let key = Some(key).filter(|_| is_one)?;
                builder.scalar(line, key, style, 0, None).ok()?;
                read(builder, line, words::after_spaces(after))
            })
        }
        _ => {
            let (word, style, after) = match words::quoted(text) {
                Some(quoted) => quoted?,
                None => {
                    let end = text.find([',', '[', ']', '{', '}'])?;
                    let word = words::plain(text[..end].trim_end_matches(' '))?;
                    (Some(word).filter(|word| is_word(word))?, ScalarStyle::Plain, &text[end..])
                }
            };
            builder.scalar(line, word, style, 0, None).ok()?;
            Some(after)
        }
    }
}

/// Reads members with commas between them, and the bracket that closes.
fn members<'t>(
    builder: &mut Builder,
    text: &'t str,
    close: char,
    mut member: impl FnMut(&mut Builder, &'t str) -> Option<&'t str>,
) -> Option<&'t str> {
    let mut rest = words::after_spaces(&text[1..]);
    while !rest.starts_with(close) {
        rest = words::after_spaces(member(builder, rest)?);
        if let Some(after) = rest.strip_prefix(',') {
            // That a comma comes last is no mistake, and rare.
            rest = Some(words::after_spaces(after)).filter(|after| !after.starts_with(close))?;
        } else if !rest.starts_with(close) {
            return None;
        }
    }
    builder.close().ok()?;
    Some(&rest[1..])
}

/// Whether a text has nothing in it that means more within brackets, or could.
fn is_word(text: &str) -> bool {
    !text.contains([',', '[', ']', '{', '}', ':', '#', '?'])
}
