//! Writes what became of a request.

use super::{
    format::{Format, Part},
    operator::{Asked, Name, Operator},
};
use crate::event::{Exchange, Kept, Side};
use http::{HeaderMap, Request, Response};
use mesh_core::{
    model::{Address, shown_target},
    table::BackendName,
};
use std::{
    fmt::Display,
    io::Write,
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

const ORIGINAL_PATH: http::HeaderName = http::HeaderName::from_static("x-envoy-original-path");

/// Where a text ends that is not there.
const ABSENT: u32 = u32::MAX;

/// Keeps what a format asks for of a request, before layers change it.
pub(super) fn note_request<B>(exchange: &mut Exchange, format: &Format, request: &Request<B>) {
    for asked in &format.of_request {
        keep(&mut exchange.kept, asked, |kept, name| match name {
            Name::Header(name) => header(kept, request.headers(), name),
            Name::Method => say(kept, request.method().as_str().as_bytes()),
            Name::Path => {
                let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
                say(kept, shown_target(target).as_bytes())
            }
            Name::Authority => {
                let of_uri = request.uri().authority().map(|authority| authority.as_str().as_bytes());
                let host = request.headers().get(http::header::HOST).map(http::HeaderValue::as_bytes);
                // Without a user's part, which may have a password.
                let host = host.or(of_uri).and_then(|host| host.rsplit(|byte| *byte == b'@').next());
                host.is_some_and(|host| say(kept, host))
            }
            Name::Scheme => request.uri().scheme_str().is_some_and(|scheme| say(kept, scheme.as_bytes())),
            Name::Status => false,
        });
    }
}

/// Keeps what a format asks for of an answer.
pub(super) fn note_response<B>(exchange: &mut Exchange, format: &Format, response: &Response<B>) {
    for asked in &format.of_response {
        keep(&mut exchange.kept, asked, |kept, name| match name {
            Name::Header(name) => header(kept, response.headers(), name),
            Name::Status => say(kept, response.status().as_str().as_bytes()),
            Name::Method | Name::Path | Name::Authority | Name::Scheme => false,
        });
    }
}

fn keep(kept: &mut Kept, asked: &Asked, find: impl Fn(&mut Kept, &Name) -> bool) {
    let before = kept.text.len();
    let is_there = find(kept, &asked.name) || asked.otherwise.as_ref().is_some_and(|name| find(kept, name));
    kept.text.truncate(before.saturating_add(asked.most).min(kept.text.len()));
    let end = u32::try_from(kept.text.len()).unwrap_or(ABSENT);
    kept.ends.push(if is_there { end } else { ABSENT });
}

fn header(kept: &mut Kept, headers: &HeaderMap, name: &http::HeaderName) -> bool {
    headers.get(name).is_some_and(|value| match value.to_str() {
        // A path, before it was rewritten.
        Ok(target) if *name == ORIGINAL_PATH => say(kept, shown_target(target).as_bytes()),
        _ => say(kept, value.as_bytes()),
    })
}

fn say(kept: &mut Kept, text: &[u8]) -> bool {
    kept.text.extend_from_slice(text);
    true
}

/// A text that was kept, by its number.
fn kept(kept: &Kept, number: usize) -> Option<&[u8]> {
    let end = *kept.ends.get(number).filter(|end| **end != ABSENT)?;
    // Those that are absent have no length.
    let start = kept.ends[..number].iter().rev().find(|end| **end != ABSENT).copied().unwrap_or(0);
    kept.text.get(start as usize..end as usize)
}

/// Writes a line about an exchange that has ended. `texts` says how many kept texts come before those of its request, and of
/// its answer.
pub(super) fn write(line: &mut Vec<u8>, exchange: &Exchange, format: &Format, texts: [usize; 2]) {
    let mut out = Out { line, is_json: format.is_json, texts };
    for part in &format.parts {
        match part {
            Part::Text(text) => out.line.extend_from_slice(text.as_bytes()),
            Part::Operator { operator, is_alone } => {
                if out.operator(operator, exchange, *is_alone).is_none() {
                    out.line.extend_from_slice(if *is_alone { b"null" } else { b"-" });
                }
            }
        }
    }
}

struct Out<'a> {
    line: &'a mut Vec<u8>,
    is_json: bool,
    texts: [usize; 2],
}

impl Out<'_> {
    /// Writes what an operator gives; `None` when there is nothing.
    fn operator(&mut self, operator: &Operator, exchange: &Exchange, is_alone: bool) -> Option<()> {
        match operator {
            Operator::Request(number) => self.text(kept(&exchange.kept, self.texts[0] + number)?, is_alone),
            Operator::Response(number) => {
                // Of a request that was not answered nothing was kept.
                let number = self.texts[1] + number;
                self.text(kept(&exchange.kept, number)?, is_alone);
            }
            Operator::StartTime => self.word(timestamp(exchange.started), is_alone),
            Operator::Protocol if exchange.is_connection => return None,
            Operator::Protocol => self.word(crate::telemetry::protocol(exchange.version), is_alone),
            Operator::ResponseCode => self.number(exchange.status.map_or(0, |status| status.as_u16().into())),
            Operator::ResponseFlags if exchange.flags.is_empty() => self.word("-", is_alone),
            Operator::ResponseFlags => self.words(exchange.flags, is_alone),
            Operator::ResponseCodeDetails => match &*exchange.details {
                "" if exchange.status.is_some() => self.word("via_upstream", is_alone),
                "" => return None,
                // A line is a line, and a word a word.
                details => self.word(details.replace(char::is_whitespace, "_"), is_alone),
            },
            Operator::BytesReceived => self.number(exchange.request_bytes),
            Operator::BytesSent => self.number(exchange.response_bytes),
            Operator::Duration => self.millis(exchange.lasted),
            Operator::ResponseDuration => self.millis(exchange.answered_after?),
            Operator::Tries => self.number(exchange.tries.into()),
            Operator::UpstreamHost => self.upstream(exchange, is_alone)?,
            Operator::UpstreamCluster => match (exchange.side, &exchange.backend) {
                (Side::Client, Some(backend)) => self.backend(&backend.name, is_alone),
                (Side::Client, None) => {
                    self.word(exchange.destination.as_ref().map(|_| "PassthroughCluster")?, is_alone)
                }
                (Side::Server, _) => {
                    let port = exchange.arrival.as_ref()?.local().port();
                    self.words(format_args!("inbound|{port}||"), is_alone);
                }
            },
            Operator::RouteName if exchange.is_connection => return None,
            Operator::RouteName => match exchange.rule() {
                Some(rule) if !rule.name.is_empty() => self.word(&*rule.name, is_alone),
                Some(_) | None if exchange.side == Side::Server => self.word("default", is_alone),
                Some(_) | None => return None,
            },
            Operator::DownstreamLocal { with_port } => {
                self.address(exchange.arrival.as_ref()?.local(), *with_port, is_alone);
            }
            Operator::DownstreamRemote { with_port } => {
                self.address(exchange.arrival.as_ref()?.peer(), *with_port, is_alone);
            }
            Operator::RequestedServerName => self.word(exchange.arrival.as_ref()?.server_name()?, is_alone),
            Operator::PeerUri => self.word(exchange.arrival.as_ref()?.identity()?.id.as_str(), is_alone),
            Operator::GrpcStatus => self.number(exchange.grpc_status?.into()),
            Operator::Nothing => return None,
        }
        Some(())
    }

    /// Where a request went last: on the side of the server, to this workload.
    fn upstream(&mut self, exchange: &Exchange, is_alone: bool) -> Option<()> {
        if exchange.side == Side::Server {
            self.address(exchange.arrival.as_ref()?.local(), true, is_alone);
            return Some(());
        }
        let destination = exchange.destination.as_ref()?;
        match &destination.address {
            Address::Ip(ip) => self.address(SocketAddr::new(*ip, destination.port), true, is_alone),
            Address::Name(name) => self.words(format_args!("{name}:{}", destination.port), is_alone),
        }
        Some(())
    }

    fn number(&mut self, number: u64) {
        self.line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn millis(&mut self, lasted: std::time::Duration) {
        self.number(u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX));
    }

    fn address(&mut self, address: SocketAddr, with_port: bool, is_alone: bool) {
        match (address.ip(), with_port) {
            // Most are such, and a line has up to four of them.
            (IpAddr::V4(ip), _) => {
                self.quote(is_alone);
                for (number, octet) in ip.octets().into_iter().enumerate() {
                    self.line.extend_from_slice(if number == 0 { b"" } else { b"." });
                    self.number(octet.into());
                }
                if with_port {
                    self.line.push(b':');
                    self.number(address.port().into());
                }
                self.quote(is_alone);
            }
            (ip, false) => self.words(ip, is_alone),
            (_, true) => self.words(address, is_alone),
        }
    }

    /// The name as its `Display` has it.
    fn backend(&mut self, BackendName { host, port, subset, .. }: &BackendName, is_alone: bool) {
        self.quote(is_alone);
        self.line.extend_from_slice(b"outbound|");
        self.number((*port).into());
        for part in [subset.as_deref().unwrap_or_default(), host.as_str()] {
            self.line.push(b'|');
            self.line.extend_from_slice(part.as_bytes());
        }
        self.quote(is_alone);
    }

    fn quote(&mut self, is_alone: bool) {
        self.line.extend_from_slice(if is_alone { b"\"" } else { b"" });
    }

    /// Words of ours, in which there is nothing to escape.
    fn words(&mut self, words: impl Display, is_alone: bool) {
        self.quote(is_alone);
        // Writing to memory does not fail.
        let _ = write!(self.line, "{words}");
        self.quote(is_alone);
    }

    /// The same, of a text: a tenth of the cost.
    fn word(&mut self, word: impl AsRef<[u8]>, is_alone: bool) {
        self.quote(is_alone);
        self.line.extend_from_slice(word.as_ref());
        self.quote(is_alone);
    }

    /// Text of others: in JSON it is escaped, and elsewhere it cannot end a line or a quotation.
    fn text(&mut self, text: &[u8], is_alone: bool) {
        self.quote(is_alone);
        // Nearly always that is all of it.
        let plain = text.iter().position(|byte| !is_plain(*byte)).unwrap_or(text.len());
        let (plain, rest) = text.split_at(plain);
        self.line.extend_from_slice(plain);
        for chunk in rest.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.character(character);
            }
            if !chunk.invalid().is_empty() {
                self.character(char::REPLACEMENT_CHARACTER);
            }
        }
        self.quote(is_alone);
    }

    fn character(&mut self, character: char) {
        let _ = match character {
            '"' | '\\' => write!(self.line, "\\{character}"),
            control if control.is_control() && self.is_json => {
                write!(self.line, "\\u{:04x}", u32::from(control))
            }
            control if control.is_control() => write!(self.line, "\\x{:02x}", u32::from(control)),
            usual => write!(self.line, "{usual}"),
        };
    }
}

/// Whether it stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// `2026-01-31T23:59:59.123Z`.
fn timestamp(time: SystemTime) -> [u8; 24] {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let numbers = [
        (year, 0..4),
        (month, 5..7),
        (day, 8..10),
        (second / 3600, 11..13),
        (second / 60 % 60, 14..16),
        (second % 60, 17..19),
        (since.subsec_millis().into(), 20..23),
    ];
    for (mut number, place) in numbers {
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    text
}

/// The date of a day, counted from that of 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}
