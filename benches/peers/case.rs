//! What is asked for, how, and by how many at once.

use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

/// What one request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Asked {
    /// A reply of so many bytes.
    Bytes(usize),
    /// One message for one message, by gRPC.
    Unary,
    /// [`MESSAGES`] messages for one, by gRPC.
    Stream,
}

/// How many messages a stream has.
pub(crate) const MESSAGES: usize = 100;
/// The length of a message of gRPC, in bytes, and of what is written before it.
pub(crate) const MESSAGE: usize = 128;
/// What is written before a message of gRPC: whether it is compressed, and its length.
pub(crate) const PREFIX: usize = 5;

/// One thing that every contender does in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// What is spoken.
    pub(crate) protocol: Protocol,
    /// What is asked for.
    pub(crate) asked: Asked,
    /// How many requests are under way at once, at most.
    pub(crate) connections: usize,
    /// How many requests are sent a second, if not as many as can be.
    pub(crate) rate: Option<u32>,
}

impl Asked {
    /// Where it is asked for.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Bytes(count) => format!("/bytes/{count}"),
            Self::Unary => "/peers.Peers/Unary".into(),
            Self::Stream => "/peers.Peers/Stream".into(),
        }
    }

    /// What a path asks for.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/peers.Peers/Unary" => Some(Self::Unary),
            "/peers.Peers/Stream" => Some(Self::Stream),
            path => Some(Self::Bytes(path.strip_prefix("/bytes/")?.parse().ok()?)),
        }
    }

    /// Whether it is asked for by gRPC.
    pub(crate) fn is_grpc(self) -> bool {
        !matches!(self, Self::Bytes(_))
    }

    /// How many bytes come back.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Bytes(count) => count,
            Self::Unary => PREFIX + MESSAGE,
            Self::Stream => MESSAGES * (PREFIX + MESSAGE),
        }
    }
}

impl Case {
    /// All cases, in the order of the report.
    pub(crate) fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for protocol in [Protocol::H1, Protocol::H2] {
            for asked in [0, 2 << 10, 1 << 20].map(Asked::Bytes) {
                cases.extend([1, 8, 64].map(|connections| Self { protocol, asked, connections, rate: None }));
            }
        }
        for asked in [Asked::Unary, Asked::Stream] {
            let of = |connections| Self { protocol: Protocol::H2, asked, connections, rate: None };
            cases.extend([1, 8, 64].map(of));
        }
        cases.push(Self { rate: Some(2_000), ..Self::judged(8) });
        cases
    }

    /// Replies of 2 KiB over HTTP/1.1, which is what the mesh is judged by.
    pub(crate) const fn judged(connections: usize) -> Self {
        Self { protocol: Protocol::H1, asked: Asked::Bytes(2 << 10), connections, rate: None }
    }

    /// Whether the mesh is judged by it.
    pub(crate) fn is_judged(&self) -> bool {
        Self { connections: 1, rate: None, ..*self } == Self::judged(1)
    }

    /// How long one of its connections waits from one request to the next, where they are paced.
    pub(crate) fn interval(&self) -> Option<Duration> {
        let connections = u32::try_from(self.connections).unwrap_or(u32::MAX);
        self.rate.map(|rate| Duration::from_secs(1) * connections / rate)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::H1 => "h1",
            Protocol::H2 => "h2",
        };
        let asked = match self.asked {
            Asked::Bytes(count) if count >= 1 << 20 => format!("{}MiB", count >> 20),
            Asked::Bytes(count) if count >= 1 << 10 => format!("{}KiB", count >> 10),
            Asked::Bytes(count) => format!("{count}B"),
            Asked::Unary => "unary".into(),
            Asked::Stream => "stream".into(),
        };
        match self.rate {
            None => write!(f, "{protocol}/{asked}/{}", self.connections),
            Some(_) => write!(f, "{protocol}/{asked}/paced"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_names_of_their_own() {
        let mut names: Vec<String> = Case::all().iter().map(ToString::to_string).collect();
        let count = names.len();
        assert!(names.contains(&"h1/2KiB/8".into()) && names.contains(&"h2/stream/64".into()), "{names:?}");
        assert!(names.contains(&"h1/2KiB/paced".into()), "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_path_asks_for_what_was_meant() {
        for case in Case::all() {
            assert_eq!(Asked::of(&case.asked.path()), Some(case.asked));
        }
        assert_eq!(Asked::of("/bytes/many"), None);
        assert_eq!(Asked::of("/"), None);
    }

    #[test]
    fn pace_is_shared_among_connections() {
        let paced = Case { rate: Some(2_000), ..Case::judged(8) };
        assert_eq!(paced.interval(), Some(Duration::from_millis(4)));
        assert_eq!(Case::judged(8).interval(), None);
    }
}
