//! A source without what is not code.

/// The source with every comment and every text replaced by spaces; lines stay where they are.
pub(super) fn of(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest);
        if length == 0 {
            let word = word(rest).max(first.len_utf8());
            code.push_str(&rest[..word]);
            rest = &rest[word..];
        } else {
            code.extend(rest[..length].chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// The length of the comment, text or character that starts here; 0 when none does.
fn skipped(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = prefix + 1 + hashes + 1;
            return rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len());
        }
    }
    match unprefixed.chars().next() {
        Some('"') => prefix + quoted(unprefixed, '"'),
        // Anything else after a quote is a lifetime.
        Some('\'') if is_character(unprefixed) => prefix + quoted(unprefixed, '\''),
        _ => 0,
    }
}

fn is_character(text: &str) -> bool {
    text[1..].starts_with('\\') || text.chars().nth(2) == Some('\'')
}

fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            char if char == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the word that starts here, so that its last letters are not taken for a text's prefix.
fn word(rest: &str) -> usize {
    rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn comments_and_texts_are_no_code() {
        let text = "a // b\n/* c\n */ d \"e \\\" // f\" g r#\"h \" i\"# 'j' '\\'' k<'l> b\"m\" bar\"n\"";
        let words: Vec<_> = of(text)
            .split(|char: char| !char.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        assert_eq!(words, ["a", "d", "g", "k", "l", "bar"]);
        assert_eq!(of(text).lines().count(), text.lines().count());
    }
}
