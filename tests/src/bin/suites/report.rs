//! What was found, for people and for programs.

use crate::{
    judgement::{Judgement, Outcome},
    levels::{Levels, Shortfall, agreement},
};
use std::{collections::BTreeMap, fmt::Write};

/// A table by suite and group, then a line for each difference.
pub(crate) fn text(judgements: &[Judgement], levels: &Levels, shortfalls: &[Shortfall]) -> String {
    let mut text = String::new();
    let mut groups: BTreeMap<(&str, &str), Vec<&Judgement>> = BTreeMap::new();
    let mut suites: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    for judgement in judgements {
        groups.entry((&judgement.suite, &judgement.group)).or_default().push(judgement);
        suites.entry(&judgement.suite).or_default().push(judgement);
    }
    line(&mut text, ["suite", "group", "agree", "differ", "cannot be said", "agreement"].map(str::to_owned));
    for ((suite, group), rows) in &groups {
        row(&mut text, suite, group, rows);
    }
    for (suite, rows) in &suites {
        row(&mut text, suite, "all", rows);
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

fn row(text: &mut String, suite: &str, group: &str, rows: &[&Judgement]) {
    let count = |is: fn(&Outcome) -> bool| rows.iter().filter(|row| is(&row.outcome)).count().to_string();
    line(
        text,
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
    let reasons = rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Unsaid { reason } => Some(reason.as_str()),
        _ => None,
    });
    let mut reasons: Vec<_> = reasons.collect();
    reasons.dedup();
    if let [reason] = reasons[..] { reason.to_owned() } else { "several reasons".to_owned() }
}

fn line(text: &mut String, [suite, group, agree, differ, unsaid, agreement]: [String; 6]) {
    let cells = format_args!("{suite:<24} {group:<34} {agree:>6} {differ:>6} {unsaid:>14}  {agreement}");
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
