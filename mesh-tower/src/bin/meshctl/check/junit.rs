//! Results as JUnit XML, which build servers show as tests.

use super::{Judged, Results, Suite, compare::Difference};
use mesh_core::document::Fault;
use std::fmt::{self, Display, Formatter, Write};

/// All results: a suite for each table that was run, then one for each file with a table that was not.
pub(super) struct Document<'a>(pub(super) &'a Results);

/// Text as an attribute or the content of an element holds it.
struct Escaped<T>(T);

/// Where escaped text is written to.
struct Escape<'a, 'f>(&'a mut Formatter<'f>);

impl Display for Document<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Results { suites, faults } = self.0;
        let (tests, failed) = (self.0.cases() + faults.len(), self.0.failures().count());
        writeln!(f, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        write!(f, r#"<testsuites name="meshctl check" "#)?;
        writeln!(f, r#"tests="{tests}" failures="{failed}" errors="{}">"#, faults.len())?;
        suites.iter().try_for_each(|suite| write_suite(f, suite))?;
        let files = faults.chunk_by(|a, b| a.place.file() == b.place.file());
        files.into_iter().try_for_each(|faults| write_broken(f, faults))?;
        writeln!(f, "</testsuites>")
    }
}

fn write_suite(f: &mut Formatter<'_>, suite: &Suite) -> fmt::Result {
    let (tests, failed) = (suite.cases.len(), suite.failures().count());
    open_suite(f, &suite.file, tests, failed, 0)?;
    suite.cases.iter().try_for_each(|case| write_case(f, case))?;
    writeln!(f, "  </testsuite>")
}

/// A file with a table that was not run: each of its faults is a test that came to nothing.
fn write_broken(f: &mut Formatter<'_>, faults: &[Fault]) -> fmt::Result {
    let file = faults.first().map_or("", |fault| fault.place.file());
    open_suite(f, file, faults.len(), 0, faults.len())?;
    for fault in faults {
        let name = if fault.path.is_empty() { "the table" } else { &fault.path };
        open_case(f, name, file)?;
        writeln!(f, ">")?;
        write!(f, r#"      <error message="{}" type="fault">"#, Escaped(&fault.reason))?;
        writeln!(f, "{}</error>\n    </testcase>", Escaped(fault))?;
    }
    writeln!(f, "  </testsuite>")
}

fn open_suite(f: &mut Formatter<'_>, file: &str, tests: usize, failed: usize, errors: usize) -> fmt::Result {
    let name = Escaped(file);
    writeln!(f, r#"  <testsuite name="{name}" tests="{tests}" failures="{failed}" errors="{errors}">"#)
}

fn open_case(f: &mut Formatter<'_>, name: &str, file: &str) -> fmt::Result {
    write!(f, r#"    <testcase name="{}" classname="{}""#, Escaped(name), Escaped(file))
}

fn write_case(f: &mut Formatter<'_>, case: &Judged) -> fmt::Result {
    let Judged { file, line, name, differences } = case;
    open_case(f, name, file)?;
    let Some(first) = differences.first() else { return writeln!(f, "/>") };
    let message = match differences.len() {
        1 => in_words(first),
        parts => format!("{}; {parts} parts differ", in_words(first)),
    };
    writeln!(f, ">")?;
    writeln!(f, r#"      <failure message="{}" type="difference">"#, Escaped(message))?;
    for difference in differences {
        writeln!(f, "{}", Escaped(format_args!("{file}:{line}: {}", in_words(difference))))?;
    }
    writeln!(f, "</failure>\n    </testcase>")
}

fn in_words(Difference { part, expected, decided }: &Difference) -> String {
    format!("{part}: expected {expected}, decided {decided}")
}

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escape(f), "{}", self.0)
    }
}

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            // A reader makes spaces of these in an attribute, unless they are written as references.
            '\t' | '\n' | '\r' => write!(self.0, "&#{};", u32::from(character)),
            // XML 1.0 has no way to write these, not even as references.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => write!(self.0, "{}", character.escape_unicode()),
            _ => self.0.write_char(character),
        })
    }
}
