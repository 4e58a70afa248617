//! What is decided, compared with what is expected.

use super::{
    decided::{Decided, Destination},
    expect::{Abort, Backend, Delay, Expectation, Mirror, Part, Retries},
};
use mesh_core::{
    document::HeaderOperations,
    model::{AbortStatus, Edit, HeaderEdits, Share},
    table::{MirrorExplanation, RetryExplanation},
};
use serde::Serialize;
use std::{fmt::Display, time::Duration};

/// A part of a decision that is not as expected.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// The part, as its field path in the expectation.
    pub(super) part: String,
    /// What the case expects of it.
    pub(super) expected: String,
    /// What is decided.
    pub(super) decided: String,
}

/// Every part that is not as expected, in the order of the documentation.
pub(super) fn differences(expected: &Expectation, decided: &Decided<'_>) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    let happens = decided.in_words();
    found.unless(expected.outcome == Some(decided.outcome), "outcome", expected.outcome, &happens);
    found.part("route", expected.route.as_ref(), decided.route.as_ref(), "no rule");
    found.unless(expected.status == decided.status, "status", expected.status, &happens);
    if let Some(backend) = &expected.backend {
        found.backend(backend, decided, &happens);
    }
    if let Some(parts) = &expected.split {
        let is_met = is_split(parts, &decided.destinations);
        let parts: Vec<_> = parts.iter().map(Part::in_words).collect();
        found.unless(is_met, "split", Some(parts.join(", ")), &happens);
    }
    let location = expected.redirect.as_ref().map(|redirect| &*redirect.0);
    found.part("redirect", location, decided.location(), &happens);
    found.rewrite(expected, decided, &happens);
    found.headers("requestHeaders", &expected.request_headers, &decided.request_headers(), &happens);
    found.headers("responseHeaders", &expected.response_headers, &decided.response_headers(), &happens);
    if let Some(timeout) = expected.timeout {
        let timeout = (!timeout.is_zero()).then(|| format!("{timeout:?}"));
        let decided = decided.timeout();
        let is_met = timeout == decided;
        found.unless(is_met, "timeout", Some(or_none(timeout)), or_none(decided));
    }
    found.fault(expected, decided);
    if let Some(retries) = &expected.retries {
        found.retries(retries, decided.retries());
    }
    if let Some(mirrors) = &expected.mirror {
        found.mirrors(mirrors, decided.mirrors());
    }
    found.part("cors", expected.cors, Some(decided.cors()), "");
    found.0
}

/// The differences found so far.
struct Differences(Vec<Difference>);

impl Differences {
    /// Notes a difference, if something is expected and not met.
    fn unless(&mut self, is_met: bool, part: &str, expected: Option<impl Display>, decided: impl Display) {
        if let (false, Some(expected)) = (is_met, expected) {
            let (expected, decided) = (expected.to_string(), decided.to_string());
            self.0.push(Difference { part: part.to_owned(), expected, decided });
        }
    }

    /// Compares a part, if it is expected; `otherwise` says what is decided instead of any.
    fn part<T: PartialEq + Display + ?Sized>(
        &mut self,
        part: &str,
        expected: Option<&T>,
        decided: Option<&T>,
        otherwise: &str,
    ) {
        let words = decided.map_or_else(|| otherwise.to_owned(), ToString::to_string);
        self.unless(expected == decided, part, expected, words);
    }

    fn backend(&mut self, expected: &Backend, decided: &Decided<'_>, happens: &str) {
        match &*decided.destinations {
            [only] if only.exists() => {
                let name = &only.name;
                self.part("backend.host", expected.host.as_ref(), Some(&name.host), "");
                self.part("backend.subset", expected.subset.as_ref(), name.subset.as_ref(), "no subset");
                self.part("backend.port", expected.port.as_ref(), Some(&name.port), "");
            }
            _ => self.unless(false, "backend", Some(expected.in_words()), happens),
        }
    }

    fn rewrite(&mut self, expected: &Expectation, decided: &Decided<'_>, happens: &str) {
        let forwards = decided.outcome == "forward";
        let path = decided.path();
        let path = Some(path.as_str()).filter(|_| forwards);
        self.part("rewrite.path", expected.rewrite.path.as_deref(), path, happens);
        let authority = Some(decided.authority()).filter(|_| forwards);
        self.part("rewrite.authority", expected.rewrite.authority.as_deref(), authority, happens);
    }

    /// Every change that is expected must be made on every way.
    fn headers(&mut self, part: &str, expected: &HeaderOperations, decided: &[&HeaderEdits], happens: &str) {
        let set = expected.set.iter().map(|(name, value)| ("set", name, Some(value)));
        let add = expected.add.iter().map(|(name, value)| ("add", name, Some(value)));
        let remove = expected.remove.iter().map(|name| ("remove", name, None));
        for (verb, name, value) in set.chain(add).chain(remove) {
            let path = format!("{part}.{verb}.{name}");
            let words = value.map_or("removed", |value| value);
            let makes =
                |edits: &&HeaderEdits| edits.as_slice().iter().any(|edit| is_edit(edit, verb, name, value));
            match decided.iter().find(|edits| !makes(edits)) {
                Some(edits) => self.unless(false, &path, Some(words), what_happens_to(name, edits)),
                None => self.unless(!decided.is_empty(), &path, Some(words), happens),
            }
        }
    }

    fn fault(&mut self, expected: &Expectation, decided: &Decided<'_>) {
        let injection = decided.injection();
        if let Some(Delay { lasting, share }) = &expected.fault.delay {
            let lasting = lasting.map(|lasting| format!("{lasting:?}"));
            let decided = injection.delay.map(|delay| format!("{:?}", delay.lasting));
            self.part("fault.delay", lasting.as_ref(), decided.as_ref(), "none");
            self.share("fault.delay.percentage", *share, injection.delay.map(|delay| delay.share));
        }
        if let Some(Abort { status, grpc_status, share }) = &expected.fault.abort {
            let expected_status = status.map(|status| status.to_string());
            let expected_status =
                expected_status.or(grpc_status.map(|status| format!("gRPC status {status}")));
            let decided = injection.abort.map(|abort| match abort.status {
                AbortStatus::Http(status) => status.as_u16().to_string(),
                AbortStatus::Grpc(status) => format!("gRPC status {status}"),
            });
            self.part("fault.abort", expected_status.as_ref(), decided.as_ref(), "none");
            self.share("fault.abort.percentage", *share, injection.abort.map(|abort| abort.share));
        }
    }

    fn retries(&mut self, expected: &Retries, decided: Option<&RetryExplanation>) {
        let attempts = decided.map(|retries| retries.attempts);
        self.part("retries.attempts", expected.attempts.as_ref(), attempts.as_ref(), "as the mesh says");
        let on = decided.map(|retries| retries.on.join(","));
        self.part("retries.retryOn", expected.on.as_ref(), on.as_ref(), "as the mesh says");
        let time = expected.per_try_timeout.map(|time| format!("{time:?}"));
        let decided = decided.and_then(|retries| retries.per_try_timeout_ms);
        let decided = decided.map(|ms| format!("{:?}", Duration::from_millis(ms)));
        self.part("retries.perTryTimeout", time.as_ref(), decided.as_ref(), "that of the request");
    }

    /// All mirrors are named, in the order written.
    fn mirrors(&mut self, expected: &[Mirror], decided: &[MirrorExplanation]) {
        let is_met = expected.len() == decided.len()
            && expected.iter().zip(decided).all(|(expected, decided)| expected.fits(decided));
        let words: Vec<_> = expected.iter().map(Mirror::in_words).collect();
        let decided: Vec<_> = decided.iter().map(mirror_in_words).collect();
        let or_none = |words: Vec<String>| {
            if words.is_empty() { "none".to_owned() } else { words.join(", ") }
        };
        self.unless(is_met, "mirror", Some(or_none(words)), or_none(decided));
    }

    fn share(&mut self, part: &str, expected: Option<Share>, decided: Option<Share>) {
        self.part(part, expected.as_ref(), decided.as_ref(), "none");
    }
}

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}

impl Backend {
    fn fits(&self, destination: &Destination<'_>) -> bool {
        let name = &destination.name;
        destination.exists()
            && self.host.as_ref().is_none_or(|host| *host == name.host)
            && self.subset.as_ref().is_none_or(|subset| Some(subset) == name.subset.as_ref())
            && self.port.is_none_or(|port| port == name.port)
    }

    fn in_words(&self) -> String {
        let host = self.host.as_ref().map(|host| format!("host {host}"));
        let subset = self.subset.as_ref().map(|subset| format!("subset {subset}"));
        let port = self.port.map(|port| format!("port {port}"));
        let parts: Vec<_> = [host, subset, port].into_iter().flatten().collect();
        if parts.is_empty() { "one destination".to_owned() } else { parts.join(" ") }
    }
}

impl Mirror {
    fn fits(&self, decided: &MirrorExplanation) -> bool {
        decided.missing.is_none()
            && self.backend.host.as_ref().is_none_or(|host| *host == decided.host)
            && self.backend.subset.as_ref().is_none_or(|subset| Some(subset) == decided.subset.as_ref())
            && self.backend.port.is_none_or(|port| port == decided.port)
            && self.share.is_none_or(|share| share.percent() == decided.percent)
    }

    fn in_words(&self) -> String {
        let share = self.share.map(|share| format!(" {share}")).unwrap_or_default();
        format!("{}{share}", self.backend.in_words())
    }
}

fn mirror_in_words(mirror: &MirrorExplanation) -> String {
    let MirrorExplanation { host, port, percent, .. } = mirror;
    let subset = mirror.subset.as_ref().map(|subset| format!(" subset {subset}")).unwrap_or_default();
    match &mirror.missing {
        Some(missing) => format!("{host}{subset} (missing: {missing})"),
        None => format!("{host}:{port}{subset} {percent} %"),
    }
}

impl Part {
    fn in_words(&self) -> String {
        match self.weight {
            Some(weight) => format!("{} weight {weight}", self.backend.in_words()),
            None => self.backend.in_words(),
        }
    }
}

/// Whether destinations are those expected, in any order. A part of weight 0 is one that no request goes to.
fn is_split(parts: &[Part], destinations: &[Destination<'_>]) -> bool {
    let (none, some): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.weight == Some(0));
    let is_chosen = |part: &&Part| destinations.iter().any(|destination| part.backend.fits(destination));
    let fits: Vec<Vec<usize>> = some
        .iter()
        .map(|part| {
            let fits = |destination: &Destination<'_>| {
                part.backend.fits(destination)
                    && part.weight.is_none_or(|weight| weight == destination.name.weight)
            };
            (0..destinations.len()).filter(|index| fits(&destinations[*index])).collect()
        })
        .collect();
    let mut owners = vec![None; destinations.len()];
    !destinations.is_empty()
        && some.len() == destinations.len()
        && !none.iter().any(is_chosen)
        && (0..some.len()).all(|part| pair(part, &fits, &mut owners, &mut vec![false; destinations.len()]))
}

/// Finds a destination of its own for a part, and if need be another one for the part that had it.
fn pair(part: usize, fits: &[Vec<usize>], owners: &mut [Option<usize>], is_tried: &mut [bool]) -> bool {
    for &destination in &fits[part] {
        if std::mem::replace(&mut is_tried[destination], true) {
            continue;
        }
        if owners[destination].is_none_or(|owner| pair(owner, fits, owners, is_tried)) {
            owners[destination] = Some(part);
            return true;
        }
    }
    false
}

fn is_edit(edit: &Edit, verb: &str, name: &str, value: Option<&String>) -> bool {
    let (is_verb, edited, edited_value) = match edit {
        Edit::Set(edited, value) => (verb == "set", edited, Some(value.as_bytes())),
        Edit::Add(edited, value) => (verb == "add", edited, Some(value.as_bytes())),
        Edit::Remove(edited) => (verb == "remove", edited, None),
    };
    is_verb
        && edited.as_str().eq_ignore_ascii_case(name)
        && edited_value == value.map(|value| value.as_bytes())
}

fn what_happens_to(name: &str, edits: &HeaderEdits) -> String {
    let edits = edits.as_slice().iter().filter_map(|edit| {
        let (edited, words) = match edit {
            Edit::Set(edited, value) => (edited, format!("set to {}", text(value))),
            Edit::Add(edited, value) => (edited, format!("added {}", text(value))),
            Edit::Remove(edited) => (edited, "removed".to_owned()),
        };
        edited.as_str().eq_ignore_ascii_case(name).then_some(words)
    });
    let words: Vec<_> = edits.collect();
    if words.is_empty() { "unchanged".to_owned() } else { words.join(", ") }
}

fn text(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
