//! The paths that code names.

/// Every path below `root` in the code, with the offset of the root: `root::{a, b::{c, d}}` names `a`, `b::c` and `b::d`.
pub(super) fn below<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    let starts = code.match_indices(root).filter(move |(at, _)| {
        !code[..*at].ends_with(|char: char| is_of_a_word(char) || char == ':')
            && code[at + root.len()..].trim_start().starts_with("::")
    });
    starts.flat_map(move |(at, _)| {
        let mut names = Vec::new();
        let mut rest = code[at + root.len()..].trim_start().trim_start_matches("::");
        tree(&mut rest, "", &mut names);
        names.into_iter().map(move |name| (at, name))
    })
}

/// Reads one tree of paths off the code.
fn tree(rest: &mut &str, before: &str, names: &mut Vec<String>) {
    *rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        *rest = inside;
        while !rest.trim_start().starts_with('}') && !rest.trim().is_empty() {
            tree(rest, before, names);
            // A name may be given another after it.
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            *rest = rest[end..].trim_start_matches(',');
        }
        *rest = rest.trim_start().trim_start_matches('}');
        return;
    }
    let end = rest.find(|char| !is_of_a_word(char)).unwrap_or(rest.len());
    let word = if end == 0 && rest.starts_with('*') { "*" } else { &rest[..end] };
    let path = if before.is_empty() { word.to_owned() } else { format!("{before}::{word}") };
    *rest = rest[word.len()..].trim_start();
    match rest.strip_prefix("::") {
        Some(after) if !after.trim_start().starts_with('<') => {
            *rest = after;
            tree(rest, &path, names);
        }
        _ => names.push(path),
    }
}

/// Where a word stands in the code.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !code[..*at].ends_with(is_of_a_word) && !code[at + word.len()..].starts_with(is_of_a_word)
    })
}

fn is_of_a_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_names_all_its_paths() {
        let code =
            "use crate::{a, b::{c as x, d::*}, e};\nfn f(g: crate::h::I<u8>) { crate::j::<u8>() } mycrate::k";
        let names: Vec<_> = below(code, "crate").map(|(_, name)| name).collect();
        assert_eq!(names, ["a", "b::c", "b::d::*", "e", "h::I", "j"]);
    }

    #[test]
    fn a_word_is_whole() {
        assert_eq!(words("rand brand randy my_rand rand::r", "rand").collect::<Vec<_>>(), [0, 25]);
    }
}
