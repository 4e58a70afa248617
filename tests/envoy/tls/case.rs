//! What each side shows, and believes.

use std::time::{Duration, SystemTime};
use tests::workloads::{Mint, Minted, REVOKED};

/// A server that asks for the mesh's mutual TLS, and a client of it.
pub(super) struct Case {
    /// What is to be seen, as a sentence.
    pub(super) name: &'static str,
    /// The service's protocol, as the name of its port begins.
    pub(super) protocol: &'static str,
    /// What the server shows.
    pub(super) server: Minted,
    /// What the client does.
    pub(super) client: Shown,
    /// The certificates that the client knows to be revoked.
    pub(super) revoked_servers: Option<String>,
    /// Those that the server knows.
    pub(super) revoked_clients: Option<String>,
    /// Whether the mesh says no before the server does: then no more is compared than that both say no.
    pub(super) ends_by_itself: bool,
}

/// What a client shows.
pub(super) enum Shown {
    /// This.
    Certificate(Minted),
    /// No certificate, within TLS.
    Nothing,
    /// No TLS.
    Plain,
}

/// Every case, over HTTP/1.1 and HTTP/2.
pub(super) fn all(mint: &Mint) -> Vec<Case> {
    ["http", "http2"].into_iter().flat_map(|protocol| over(mint, protocol)).collect()
}

fn over(mint: &Mint, protocol: &'static str) -> Vec<Case> {
    let stranger = Mint::default();
    let upstream = Mint::id("upstream");
    let case = |name| Case {
        name,
        protocol,
        server: workload(mint, &upstream),
        client: Shown::Certificate(workload(mint, &Mint::id("caller"))),
        revoked_servers: None,
        revoked_clients: None,
        ends_by_itself: false,
    };
    let shown = Shown::Certificate;
    let revocations = || Some(mint.revocations(Duration::from_secs(24 * 3600)));
    vec![
        case("both are who they should be"),
        Case { server: workload(mint, &Mint::id("other")), ..case("the server is another workload") },
        Case {
            server: workload(mint, "spiffe://elsewhere/ns/default/sa/upstream"),
            ..case("the server is of another trust domain")
        },
        Case {
            server: workload(mint, "upstream.default.svc.cluster.local"),
            ..case("the server is a host and no workload")
        },
        Case { server: workload(&stranger, &upstream), ..case("another authority signed the server's") },
        Case { server: over_since_a_minute(mint, &upstream), ..case("the server's time is over") },
        Case {
            server: revoked(mint, &upstream),
            revoked_servers: revocations(),
            ..case("the server's is revoked")
        },
        Case { revoked_servers: revocations(), ..case("another server's is revoked") },
        Case { client: Shown::Nothing, ..case("the client shows nothing") },
        Case { client: Shown::Plain, ..case("the client speaks plain text") },
        Case {
            client: shown(workload(mint, "spiffe://elsewhere/ns/default/sa/caller")),
            ..case("the client is of another trust domain")
        },
        Case {
            client: shown(workload(&stranger, &Mint::id("caller"))),
            ..case("another authority signed the client's")
        },
        Case {
            client: shown(over_since_a_minute(mint, &Mint::id("caller"))),
            // It shows nobody a certificate that is not good, and Envoy does.
            ends_by_itself: true,
            ..case("the client's time is over")
        },
        Case {
            client: shown(revoked(mint, &Mint::id("caller"))),
            revoked_clients: revocations(),
            ..case("the client's is revoked")
        },
    ]
}

fn workload(mint: &Mint, id: &str) -> Minted {
    mint.mint(&[id], |_| {})
}

fn revoked(mint: &Mint, id: &str) -> Minted {
    mint.mint(&[id], |params| params.serial_number = Some(REVOKED.into()))
}

fn over_since_a_minute(mint: &Mint, id: &str) -> Minted {
    let minute = Duration::from_secs(60);
    mint.mint(&[id], |params| {
        params.not_before = (SystemTime::now() - 2 * minute).into();
        params.not_after = (SystemTime::now() - minute).into();
    })
}
