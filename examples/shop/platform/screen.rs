//! What the visitor sees: the platform's own words, and of what the processes log, that which matters.

use std::{
    collections::{HashMap, HashSet},
    env,
    io::{IsTerminal, Write, stdout},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

/// Lines that arrive within this of one another and say the same are one line.
const TOGETHER: Duration = Duration::from_millis(200);
/// For so long what one process has said is no news from another.
const ECHO: Duration = Duration::from_secs(5);
/// Of what is logged as usual, that which is worth a line: what became of an edited document. A refused request is
/// not, for that is told to its caller; unless documents lead it to a service or a subset that does not exist.
const WORTH_TELLING: [&str; 4] = ["routing table changed", "document refused", "gateway port", LED_ASTRAY];
/// How the mesh marks such requests: Envoy's flag for an unknown cluster.
const LED_ASTRAY: &str = "refused flag=\"nc\"";
/// How warnings end that would greet every visitor: the shop's own documents have such fields.
const KNOWN: &str = "is accepted, but has no effect yet";

/// Prints, in order, from any task.
pub(super) struct Screen {
    lines: mpsc::UnboundedSender<Line>,
    everything: bool,
    colours: bool,
}

enum Line {
    Own(String),
    Relayed { name: String, text: String },
}

impl Screen {
    /// The screen, and the task that prints, which ends when the screen is dropped and all is said.
    pub(super) fn open() -> (Self, JoinHandle<()>) {
        let (lines, queue) = mpsc::unbounded_channel();
        let colours = stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
        // Who sets the filter wants to see what it lets through.
        let everything = env::var_os("RUST_LOG").is_some();
        (Self { lines, everything, colours }, tokio::spawn(print(queue, colours)))
    }

    /// The platform's own words.
    pub(super) fn say(&self, text: &str) {
        drop(self.lines.send(Line::Own(text.to_owned())));
    }

    /// The platform's own words, when something is wrong.
    pub(super) fn warn(&self, text: &str) {
        self.say(&painted(self.colours, "33", text));
    }

    /// Emphasis, where there are colours.
    pub(super) fn strong(&self, text: &str) -> String {
        painted(self.colours, "1", text)
    }

    /// A line that a process logged.
    pub(super) fn relay(&self, name: &str, text: String) {
        if self.everything || matters(&text) {
            drop(self.lines.send(Line::Relayed { name: name.to_owned(), text }));
        }
    }
}

fn matters(text: &str) -> bool {
    let usual = ["INFO", "DEBUG", "TRACE"].contains(&text.split_whitespace().next().unwrap_or_default());
    let lower = text.to_lowercase();
    WORTH_TELLING.iter().any(|words| lower.contains(words)) || !(usual || lower.ends_with(KNOWN))
}

async fn print(mut queue: mpsc::UnboundedReceiver<Line>, colours: bool) {
    let mut told = Told::default();
    while let Some(first) = queue.recv().await {
        let mut said = Said::default();
        let until = Instant::now() + TOGETHER;
        let mut line = Some(first);
        while let Some(Line::Relayed { name, text }) = line {
            let is_news = told.is_news(&name, &text, Instant::now());
            said.add(name, text, is_news);
            line = tokio::time::timeout_at(until, queue.recv()).await.ok().flatten();
        }
        said.print(colours);
        if let Some(Line::Own(text)) = line {
            put(&text);
        }
    }
}

/// What was said lately, and by whom: on a busy machine the last process follows long after the first.
#[derive(Default)]
struct Told(HashMap<String, (Instant, HashSet<String>)>);

impl Told {
    /// Whether a line is more than the echo of what another process said.
    fn is_news(&mut self, name: &str, text: &str, now: Instant) -> bool {
        self.0.retain(|_, (since, _)| now.duration_since(*since) < ECHO);
        let (since, names) = self.0.entry(gist(text).collect()).or_insert_with(|| (now, HashSet::new()));
        let is_first = names.is_empty();
        // Requests come by the thousand, and all of them say the same.
        let is_again = !names.insert(name.to_owned()) && !text.to_lowercase().contains(LED_ASTRAY);
        if is_again {
            (*since, *names) = (now, HashSet::from([name.to_owned()]));
        }
        is_first || is_again
    }
}

/// What processes logged at about the same time.
#[derive(Default)]
struct Said(Vec<(String, String, usize)>);

impl Said {
    fn add(&mut self, name: String, text: String, is_news: bool) {
        let same = |(_, other, _): &&mut (String, String, usize)| gist(other).eq(gist(&text));
        match self.0.iter_mut().find(same) {
            Some((first, _, others)) if *first != name => *others += 1,
            _ if is_news => self.0.push((name, text, 0)),
            _ => {}
        }
    }

    fn print(self, colours: bool) {
        for (name, text, others) in self.0 {
            let colour = match text.split_whitespace().next() {
                Some("ERROR") => "31",
                Some("WARN") => "33",
                _ => "36",
            };
            let who = if others == 0 { name } else { format!("{name} and {others} more") };
            put(&format!("{} {}", painted(colours, colour, &format!("[{who}]")), text.trim()));
        }
    }
}

/// The words without the numbers: processes count their generations each for itself.
fn gist(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| !word.contains('=') && word.parse::<u64>().is_err())
}

fn painted(colours: bool, colour: &str, text: &str) -> String {
    if colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Unlike `println!`, does not mind a reader that has left.
fn put(text: &str) {
    drop(writeln!(stdout(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_processes_log_at_once_is_one_line() {
        let mut said = Said::default();
        said.add("product-v1".to_owned(), " INFO mesh: routing table changed generation=3".to_owned(), true);
        said.add("product-v2".to_owned(), " INFO mesh: routing table changed generation=4".to_owned(), false);
        said.add("product-v2".to_owned(), " WARN mesh: shop.yaml:7: refused".to_owned(), true);

        assert_eq!(said.0.iter().map(|(_, _, others)| *others).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn what_a_late_process_echoes_is_no_news_and_what_one_says_again_is() {
        let (mut told, now) = (Told::default(), Instant::now());
        let mut is_news = |name, generation: u8, at| {
            told.is_news(name, &format!("routing table changed generation={generation}"), now + at)
        };
        assert!(is_news("product-v1", 2, Duration::ZERO));
        assert!(!is_news("product-v2", 2, Duration::from_secs(1)));
        assert!(is_news("product-v2", 3, Duration::from_secs(2)));
        assert!(!is_news("product-v1", 3, Duration::from_secs(3)));
        assert!(is_news("review-v1", 3, Duration::from_secs(2) + ECHO));

        let refused = " INFO mesh: refused flag=\"NC\" details=a path=/";
        assert!(told.is_news("gateway", refused, now));
        assert!(!told.is_news("gateway", refused, now));
    }

    #[test]
    fn warnings_panics_and_changed_documents_matter_and_the_rest_does_not() {
        assert!(matters(" WARN mesh: anything"));
        assert!(matters("thread 'main' panicked"));
        assert!(matters(" INFO mesh: routing table changed generation=3"));
        assert!(!matters(" INFO mesh: refused flag=\"FI\""));
        assert!(matters(" INFO mesh: refused flag=\"NC\""));
        assert!(!matters("DEBUG mesh: anything"));
        assert!(!matters(" WARN mesh: a.yaml:1: spec.trafficPolicy.tls: is accepted, but has no effect yet"));
    }
}
