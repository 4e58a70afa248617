//! Asks by gRPC: the question, and what is made of the answer.

use super::{
    changes::{Change, Changes, How},
    messages::{
        Action, Address, Allowed, Attributes, CheckRequest, CheckResponse, Denied, HeaderOption, HttpRequest,
        HttpResponse, Peer, Request, SocketAddress,
    },
    subject::{PARTIAL_BODY, Side, Subject},
};
use crate::{Error, Kind, hop::is_kept_back};
use http::{HeaderName, StatusCode, Version, header};
use std::collections::BTreeMap;

/// The question about a request. `is_bytes`: its body is told as bytes.
pub(super) fn question(subject: &Subject, is_bytes: bool) -> CheckRequest {
    let told = subject.body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default();
    let (body, raw_body) = if is_bytes { (String::new(), told) } else { (text(&told), Default::default()) };
    let id = subject.headers.get("x-request-id").map(|id| text(id.as_bytes()));
    let http = HttpRequest {
        id: id.unwrap_or_default(),
        method: subject.method.to_string(),
        headers: headers(subject),
        path: subject.path.clone(),
        host: subject.authority.clone(),
        scheme: subject.scheme.clone(),
        size: subject.size.and_then(|size| i64::try_from(size).ok()).unwrap_or(-1),
        protocol: protocol(subject.version).to_owned(),
        body,
        raw_body,
    };
    CheckRequest {
        attributes: Some(Attributes {
            source: Some(peer(&subject.source)),
            destination: Some(peer(&subject.destination)),
            request: Some(Request { http: Some(http) }),
        }),
    }
}

fn peer(side: &Side) -> Peer {
    let socket = side
        .address
        .map(|address| SocketAddress { address: address.to_string(), port_value: side.port.into() });
    Peer {
        address: socket.map(|socket| Address { socket_address: Some(socket) }),
        principal: side.principal.clone(),
    }
}

/// All headers, those of the same name as one, and what HTTP/2 has for headers.
fn headers(subject: &Subject) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::from([
        (":authority".to_owned(), subject.authority.clone()),
        (":method".to_owned(), subject.method.to_string()),
        (":path".to_owned(), subject.path.clone()),
        (":scheme".to_owned(), subject.scheme.clone()),
    ]);
    // What a client says of bodies that it is told of is its own invention.
    let is_told = |name: &HeaderName| *name != header::HOST && *name != PARTIAL_BODY;
    for (name, value) in subject.headers.iter().filter(|(name, _)| is_told(name)) {
        let value = text(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    if let Some(body) = &subject.body {
        headers.insert(PARTIAL_BODY.as_str().to_owned(), body.is_partial.to_string());
    }
    headers
}

/// Bytes as a text: a `!` stands for each that is none, as Envoy has it.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '!'));
    }
    text
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

/// What an answer says.
///
/// # Errors
/// Why the request does not pass.
pub(super) fn verdict(answer: CheckResponse) -> Result<Changes, Error> {
    let code = answer.status.map_or(0, |status| status.code);
    match (code, answer.http_response) {
        (0, Some(HttpResponse::Ok(allowed))) => self::allowed(allowed),
        (0, _) => Ok(Changes::default()),
        (_, Some(HttpResponse::Denied(denied))) => Err(self::denied(denied)),
        (_, _) => Err(Error::new(Kind::CheckDenied(StatusCode::FORBIDDEN))),
    }
}

fn allowed(allowed: Allowed) -> Result<Changes, Error> {
    let removed = allowed.headers_to_remove.iter();
    let set = allowed.query_parameters_to_set.into_iter();
    let unset = allowed.query_parameters_to_remove.into_iter();
    Ok(Changes {
        request: allowed.headers.iter().map(change_of_request).collect::<Result<_, _>>()?,
        removed: removed.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect(),
        query: set.map(|set| (set.key, Some(set.value))).chain(unset.map(|name| (name, None))).collect(),
        response: allowed.response_headers_to_add.iter().map(change).collect::<Result<_, _>>()?,
    })
}

/// Envoy looks at nothing but `append` here, whatever `append_action` says.
fn change_of_request(option: &HeaderOption) -> Result<Change, Error> {
    let appends = option.append.as_ref().is_some_and(|append| append.value);
    change_by(option, if appends { How::Join } else { How::Set })
}

fn change(option: &HeaderOption) -> Result<Change, Error> {
    let how = match (&option.append, option.append_action()) {
        (Some(append), _) if append.value => How::Join,
        (Some(_), _) | (None, Action::OverwriteIfExistsOrAdd) => How::Set,
        (None, Action::AppendIfExistsOrAdd) => How::Add,
        (None, Action::AddIfAbsent) => How::AddIfAbsent,
        (None, Action::OverwriteIfExists) => How::SetIfPresent,
    };
    change_by(option, how)
}

fn change_by(option: &HeaderOption, how: How) -> Result<Change, Error> {
    let header = option.header.as_ref().ok_or_else(|| Error::new(Kind::CheckInvalid))?;
    Change::parse(&header.key, header.value(), how)
}

fn denied(denied: Denied) -> Error {
    let code = denied.status.and_then(|status| u16::try_from(status.code).ok());
    let status =
        code.and_then(|code| StatusCode::from_u16(code).ok()).filter(|status| !status.is_informational());
    let mut error = Error::new(Kind::CheckDenied(status.unwrap_or(StatusCode::FORBIDDEN)));
    for option in &denied.headers {
        match change(option) {
            Ok(Change { name, value, .. }) if !is_kept_back(&name) => {
                error.headers_mut().append(name, value);
            }
            // It is refused in any case.
            Ok(_) | Err(_) => {}
        }
    }
    error.set_body(denied.body.into());
    error
}
