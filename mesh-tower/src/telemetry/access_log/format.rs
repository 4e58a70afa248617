//! How a line of the access log is written.

use super::operator::{Asked, Operator, Read, read};
use std::fmt;

/// Istio's default. Source: Istio's `EnvoyTextLogFormat`.
const DEFAULT: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
    %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \
    \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
    %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \
    \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
    %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% \
    %ROUTE_NAME%\n";

/// The keys of Istio's default in JSON, and what stands there.
const DEFAULT_JSON: [(&str, &str); 24] = [
    ("start_time", "%START_TIME%"),
    ("route_name", "%ROUTE_NAME%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    ("duration", "%DURATION%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("authority", "%REQ(:AUTHORITY)%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
];

/// A format, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    pub(super) parts: Vec<Part>,
    /// The headers that it asks for, of requests and of answers.
    pub(super) of_request: Vec<Asked>,
    pub(super) of_response: Vec<Asked>,
    pub(super) is_json: bool,
}

/// A part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text that stands there as it is.
    Text(Box<str>),
    /// What is known of the request. In JSON, `is_alone` when it is the whole value, which then may be a number or null.
    Operator { operator: Operator, is_alone: bool },
}

/// Why a text is no format; `Display` says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFormat(String);

impl fmt::Display for InvalidFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFormat {}

impl Format {
    /// Istio's default, as text.
    #[must_use]
    pub fn text() -> Self {
        Self::parse_text(DEFAULT).unwrap_or_default()
    }

    /// Istio's default, as JSON.
    #[must_use]
    pub fn json() -> Self {
        let fields = DEFAULT_JSON.map(|(key, value)| (key.to_owned(), value.into()));
        Self::parse_json(&serde_json::Map::from_iter(fields)).unwrap_or_default()
    }

    /// A text with Envoy's command operators. A line ends where the text does; one is begun after it if it does not end in a
    /// line's end.
    ///
    /// # Errors
    /// When an operator is unknown or not complete.
    pub fn parse_text(text: &str) -> Result<Self, InvalidFormat> {
        let mut format = Self::default();
        format.add(text, false)?;
        if !text.ends_with('\n') {
            format.say("\n");
        }
        Ok(format)
    }

    /// An object, in whose texts there are command operators. Where an operator is the whole of a text, the value is a
    /// number if that is what it gives, and null where it gives nothing.
    ///
    /// # Errors
    /// As [`Self::parse_text`].
    pub fn parse_json(object: &serde_json::Map<String, serde_json::Value>) -> Result<Self, InvalidFormat> {
        let mut format = Self { is_json: true, ..Self::default() };
        format.object(object)?;
        format.say("\n");
        Ok(format)
    }

    fn object(&mut self, object: &serde_json::Map<String, serde_json::Value>) -> Result<(), InvalidFormat> {
        for (number, (key, value)) in object.iter().enumerate() {
            let before = if number == 0 { "{" } else { "," };
            self.say(&format!("{before}{}:", serde_json::Value::from(key.as_str())));
            self.value(value)?;
        }
        self.say(if object.is_empty() { "{}" } else { "}" });
        Ok(())
    }

    fn value(&mut self, value: &serde_json::Value) -> Result<(), InvalidFormat> {
        use serde_json::Value;
        match value {
            Value::Object(object) => self.object(object),
            Value::String(text) if is_one_operator(text) => self.add(text, true),
            Value::String(text) => {
                self.say("\"");
                // What is written between operators is escaped here, and what they give when it is written.
                let escaped = Value::from(text.as_str()).to_string();
                self.add(&escaped[1..escaped.len() - 1], false)?;
                self.say("\"");
                Ok(())
            }
            other => {
                self.say(&other.to_string());
                Ok(())
            }
        }
    }

    /// Takes in a text with operators.
    fn add(&mut self, text: &str, is_alone: bool) -> Result<(), InvalidFormat> {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            self.say(before);
            let unclosed = || InvalidFormat(format!("a % without its second one: %{after}"));
            let (inside, after) = after.split_once('%').ok_or_else(unclosed)?;
            rest = after;
            if inside.is_empty() {
                self.say("%");
                continue;
            }
            let operator = match read(inside).map_err(InvalidFormat)? {
                Read::Of(operator) => operator,
                Read::Request(asked) => Operator::Request(keep(&mut self.of_request, asked)),
                Read::Response(asked) => Operator::Response(keep(&mut self.of_response, asked)),
            };
            self.parts.push(Part::Operator { operator, is_alone });
        }
        self.say(rest);
        Ok(())
    }

    fn say(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(before)) => *before = format!("{before}{text}").into(),
            _ => self.parts.push(Part::Text(text.into())),
        }
    }
}

/// The number of a header among those that are kept.
fn keep(all: &mut Vec<Asked>, asked: Asked) -> usize {
    all.iter().position(|known| *known == asked).unwrap_or_else(|| {
        all.push(asked);
        all.len() - 1
    })
}

fn is_one_operator(text: &str) -> bool {
    let inside = text.strip_prefix('%').and_then(|text| text.strip_suffix('%'));
    inside.is_some_and(|inside| !inside.is_empty() && !inside.contains('%'))
}
