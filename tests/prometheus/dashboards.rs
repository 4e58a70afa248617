//! The expressions of Istio's dashboards, and what Grafana makes of them.

use super::server::{Prometheus, Series};
use std::collections::BTreeMap;

/// The values of variables, as they stand in an expression.
type Values = BTreeMap<String, String>;

/// One of Istio's dashboards.
pub(super) struct Dashboard {
    /// Variables that stand for every value that Prometheus knows, and the expressions that find these.
    variables: Vec<(String, String)>,
    /// Titles of panels, and expressions.
    pub(super) expressions: Vec<(String, String)>,
}

/// What somebody chose above a dashboard, by the variables' names.
pub(super) type Choice = &'static [(&'static str, &'static str)];

impl Dashboard {
    pub(super) fn mesh() -> Self {
        Self::read(include_str!("mesh.promql"))
    }

    pub(super) fn service() -> Self {
        Self::read(include_str!("service.promql"))
    }

    pub(super) fn workload() -> Self {
        Self::read(include_str!("workload.promql"))
    }

    fn read(text: &str) -> Self {
        let (mut variables, mut expressions, mut title) = (Vec::new(), Vec::new(), "");
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(next) = line.strip_prefix("## ") {
                title = next;
            } else if let Some((name, expression)) =
                line.strip_prefix('$').and_then(|line| line.split_once(" = "))
            {
                variables.push((name.to_owned(), expression.to_owned()));
            } else if !line.starts_with('#') {
                expressions.extend(each(line).into_iter().map(|expression| (title.to_owned(), expression)));
            }
        }
        Self { variables, expressions }
    }

    /// What the variables stand for once somebody has chosen.
    pub(super) async fn values(&self, prometheus: &Prometheus, choice: Choice) -> Values {
        let mut values: Values =
            choice.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        values.insert("__rate_interval".to_owned(), format!("{}s", super::WINDOW.as_secs()));
        for (name, expression) in &self.variables {
            let found = prometheus.query(&filled(expression, &values), None).await;
            values.insert(name.clone(), alternatives(&found));
        }
        values
    }
}

/// An expression for each way to choose from its lists.
fn each(template: &str) -> Vec<String> {
    let Some((list, _)) = template.split_once('<').and_then(|(_, rest)| rest.split_once('>')) else {
        return vec![template.to_owned()];
    };
    let one = |choice: &str| template.replace(&format!("<{list}>"), choice);
    list.split('|').flat_map(|choice| each(&one(choice))).collect()
}

/// An expression with the values of its variables.
pub(super) fn filled(expression: &str, values: &Values) -> String {
    // Longer names first: one may begin another.
    let mut names: Vec<_> = values.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.iter().fold(expression.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
}

/// Every value that was found, as Grafana writes "All" into a regular expression.
fn alternatives(found: &[Series]) -> String {
    let values = found.iter().flat_map(|series| series.labels.values());
    let mut values: Vec<String> = values.map(|value| value.chars().flat_map(escaped).collect()).collect();
    values.sort();
    values.dedup();
    match &*values {
        [only] => only.clone(),
        several => format!("({})", several.join("|")),
    }
}

fn escaped(character: char) -> Vec<char> {
    match character {
        '\\' | '^' | '$' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => {
            vec!['\\', '\\', character]
        }
        usual => vec![usual],
    }
}

#[test]
fn the_tables_have_every_expression_once() {
    let dashboards = [Dashboard::mesh(), Dashboard::service(), Dashboard::workload()];
    let mut all = Vec::new();
    for (dashboard, count) in dashboards.into_iter().zip([12, 76, 71]) {
        assert_eq!(dashboard.expressions.len(), count);
        all.extend(dashboard.expressions);
    }
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert!(all.iter().all(|(_, expression)| !expression.contains(['<', '>'])));
    assert_eq!(each("a<=|!=>b<1|2>c<=|!=>"), ["a=b1c=", "a=b2c=", "a!=b1c!=", "a!=b2c!="]);
}
