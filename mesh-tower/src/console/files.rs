//! The files of the page, compiled in.

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Path, type and text of each.
const FILES: [(&str, &str, &str); 22] = [
    ("/icon.svg", PICTURE, include_str!("page/icon.svg")),
    ("/", HTML, include_str!("page/index.html")),
    ("/scripts/certificates.js", SCRIPT, include_str!("page/scripts/certificates.js")),
    ("/scripts/documents.js", SCRIPT, include_str!("page/scripts/documents.js")),
    ("/scripts/dom.js", SCRIPT, include_str!("page/scripts/dom.js")),
    ("/scripts/format.js", SCRIPT, include_str!("page/scripts/format.js")),
    ("/scripts/graph.js", SCRIPT, include_str!("page/scripts/graph.js")),
    ("/scripts/layout.js", SCRIPT, include_str!("page/scripts/layout.js")),
    ("/scripts/main.js", SCRIPT, include_str!("page/scripts/main.js")),
    ("/scripts/model.js", SCRIPT, include_str!("page/scripts/model.js")),
    ("/scripts/panel.js", SCRIPT, include_str!("page/scripts/panel.js")),
    ("/scripts/particles.js", SCRIPT, include_str!("page/scripts/particles.js")),
    ("/scripts/placing.js", SCRIPT, include_str!("page/scripts/placing.js")),
    ("/scripts/requests.js", SCRIPT, include_str!("page/scripts/requests.js")),
    ("/scripts/routes.js", SCRIPT, include_str!("page/scripts/routes.js")),
    ("/scripts/services.js", SCRIPT, include_str!("page/scripts/services.js")),
    ("/scripts/store.js", SCRIPT, include_str!("page/scripts/store.js")),
    ("/scripts/theme.js", SCRIPT, include_str!("page/scripts/theme.js")),
    ("/styles/base.css", STYLE, include_str!("page/styles/base.css")),
    ("/styles/graph.css", STYLE, include_str!("page/styles/graph.css")),
    ("/styles/shell.css", STYLE, include_str!("page/styles/shell.css")),
    ("/styles/views.css", STYLE, include_str!("page/styles/views.css")),
];

/// The type and the text of the file at a path.
pub(super) fn find(path: &str) -> Option<(&'static str, &'static str)> {
    let found = FILES.iter().find(|(known, ..)| *known == path);
    found.map(|(_, content_type, text)| (*content_type, *text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// The files of a folder of the page, as a browser asks for them.
    fn all(folder: &Path, under: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .flat_map(|entry| {
                let path = format!("{under}/{}", entry.file_name().to_str().unwrap());
                if entry.path().is_dir() { all(&entry.path(), &path) } else { BTreeSet::from([path]) }
            })
            .collect()
    }

    #[test]
    fn every_file_is_served_and_names_no_other_place() {
        let mut there = all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/page"), "");
        assert!(there.remove("/index.html"));
        there.insert("/".to_owned());
        assert_eq!(there, FILES.iter().map(|(path, ..)| (*path).to_owned()).collect());
        for (path, _, text) in FILES {
            let outside = text.replace("http://www.w3.org/2000/svg", "").replace("http://product", "");
            assert!(!outside.contains("http://") && !outside.contains("https://"), "{path}");
            assert!(
                !text.contains("innerHTML") && !text.contains(" style=\"") && !text.contains(" onclick"),
                "{path}"
            );
            assert!(text.lines().count() <= 400, "{path}");
        }
    }
}
