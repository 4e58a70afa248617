//! What was found, for people and for programs.

use crate::{
    judgement::{Judgement, Outcome},
    levels::{Levels, Shortfall, agreement},
};
use std::{collections::BTreeMap, fmt::Write};

/// How many rows are named where several cannot be said for one reason.
const NAMED: usize = 5;

/// A table by suite and group, then why rows cannot be said, then a line for each difference.
pub(crate) fn text(judgements: &[Judgement], levels: &Levels, shortfalls: &[Shortfall]) -> String {
    let mut text = String::new();
    let mut groups: BTreeMap<(&str, &str), Vec<&Judgement>> = BTreeMap::new();
    let mut suites: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    for judgement in judgements {
        groups.entry((&judgement.suite, &judgement.group)).or_default().push(judgement);
        suites.entry(&judgement.suite).or_default().push(judgement);
    }
    let width = groups.keys().map(|(_, group)| group.len()).max().unwrap_or_default();
    let title = ["suite", "group", "agree", "differ", "cannot be said", "agreement"];
    line(&mut text, width, title.map(str::to_owned));
    for ((suite, group), rows) in &groups {
        row(&mut text, width, suite, group, rows);
    }
    for (suite, rows) in &suites {
        row(&mut text, width, suite, "all", rows);
    }
    for ((suite, group), rows) in &groups {
        unsaid(&mut text, suite, group, rows);
    }
    differences(&mut text, judgements, levels);
    for short in shortfalls {
        let Shortfall { suite, level, reached } = short;
        say(&mut text, format_args!("{suite} agrees {reached:.2} %, less than {level} %"));
    }
    text
}

/// Everything, one object.
pub(crate) fn json(judgements: &[Judgement], levels: &Levels, shortfalls: &[Shortfall]) -> String {
    let row = |judgement: &Judgement| {
        let mut row = serde_json::to_value(judgement).unwrap_or_default();
        if let Some(reason) = levels.reason(&judgement.id) {
            row["meant"] = reason.into();
        }
        row
    };
    let rows: Vec<_> = judgements.iter().map(row).collect();
    serde_json::json!({ "rows": rows, "shortfalls": shortfalls }).to_string()
}

fn row(text: &mut String, width: usize, suite: &str, group: &str, rows: &[&Judgement]) {
    let count = |is: fn(&Outcome) -> bool| rows.iter().filter(|row| is(&row.outcome)).count().to_string();
    line(
        text,
        width,
        [
            suite.to_owned(),
            group.to_owned(),
            count(|outcome| matches!(outcome, Outcome::Agrees)),
            count(|outcome| matches!(outcome, Outcome::Differs { .. })),
            count(|outcome| matches!(outcome, Outcome::Unsaid { .. })),
            agreement(rows).map_or_else(|| reason(rows), |agreement| format!("{agreement:.2} %")),
        ],
    );
}

/// Why none of the rows can be said, if that is one reason.
fn reason(rows: &[&Judgement]) -> String {
    match reasons(rows).into_iter().next() {
        Some((reason, named)) if named.len() == rows.len() => reason.to_owned(),
        _ => "several reasons".to_owned(),
    }
}

/// Why rows cannot be said, and which.
fn reasons<'a>(rows: &[&'a Judgement]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let Outcome::Unsaid { reason } = &row.outcome {
            reasons.entry(reason).or_default().push(&row.id);
        }
    }
    reasons
}

/// Tells which rows of a group cannot be said, unless the table has said it of all of them.
fn unsaid(text: &mut String, suite: &str, group: &str, rows: &[&Judgement]) {
    for (reason, named) in reasons(rows) {
        if named.len() == rows.len() {
            continue;
        }
        let more = named.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first = named[..named.len().min(NAMED)].join(", ");
        let (count, all) = (named.len(), rows.len());
        say(text, format_args!("{suite} {group}: {count} of {all} cannot be said: {reason} ({first}{more})"));
    }
}

fn line(text: &mut String, width: usize, [suite, group, agree, differ, unsaid, agreement]: [String; 6]) {
    let cells = format_args!("{suite:<24} {group:<width$} {agree:>6} {differ:>6} {unsaid:>14}  {agreement}");
    say(text, cells);
}

fn differences(text: &mut String, judgements: &[Judgement], levels: &Levels) {
    for judgement in judgements {
        let meant = levels.reason(&judgement.id);
        match (&judgement.outcome, meant) {
            (Outcome::Differs { expected, got, fault }, meant) => {
                let fault = fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
                let meant = meant.map(|reason| format!(" [meant: {reason}]")).unwrap_or_default();
                let id = &judgement.id;
                say(text, format_args!("{id}: expected {expected}, got {got}{fault}{meant}"));
            }
            (Outcome::Agrees, Some(_)) => {
                say(text, format_args!("{}: agrees, but is recorded as a difference", judgement.id));
            }
            _ => {}
        }
    }
}

fn say(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(id: &str, outcome: Outcome) -> Judgement {
        Judgement { suite: "suite".to_owned(), group: "group".to_owned(), id: id.to_owned(), outcome }
    }

    #[test]
    fn the_rows_that_cannot_be_said_are_named_with_their_reason() {
        let mut rows: Vec<_> =
            (0..7).map(|id| judgement(&id.to_string(), Outcome::unsaid("too late"))).collect();
        let levels = Levels::default();
        let whole = text(&rows, &levels, &[]);
        assert!(whole.contains("too late") && !whole.contains("7 of 7"), "{whole}");
        rows.push(judgement("7", Outcome::Agrees));
        let text = text(&rows, &levels, &[]);
        let line = "suite group: 7 of 8 cannot be said: too late (0, 1, 2, 3, 4 and 2 more)\n";
        assert!(text.contains(line), "{text}");
    }
}
