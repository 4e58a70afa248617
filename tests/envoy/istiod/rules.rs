//! The parts of a route: what it asks for and what it does.

use serde_json::{Map, Value, json};

/// What a route asks of a request.
pub(crate) fn matching(block: &Value) -> Value {
    let mut matching = Map::new();
    match kind(&block["uri"]) {
        Some(("exact", path)) => matching.insert("path".into(), json!(path)),
        Some(("regex", regex)) => matching.insert("safe_regex".into(), json!({"regex": regex})),
        Some((_, prefix)) => matching.insert("prefix".into(), json!(prefix)),
        None => matching.insert("prefix".into(), json!("/")),
    };
    matching.insert("case_sensitive".into(), json!(block["ignoreUriCase"] != true));
    let mut headers: Vec<Value> =
        entries(&block["headers"]).map(|(name, asked)| condition(name, asked)).collect();
    for (name, asked) in entries(&block["withoutHeaders"]) {
        let mut header = condition(name, asked);
        header["invert_match"] = json!(true);
        if !is_presence(asked) {
            header["treat_missing_header_as_empty"] = json!(true);
        }
        headers.push(header);
    }
    for (field, name) in [("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme")] {
        headers.extend(block[field].is_object().then(|| condition(name, &block[field])));
    }
    matching.insert("headers".into(), json!(headers));
    let queries: Vec<Value> =
        entries(&block["queryParams"]).map(|(name, asked)| condition(name, asked)).collect();
    matching.insert("query_parameters".into(), json!(queries));
    Value::Object(matching)
}

/// Writes the changes of headers of a level, after those that are there, and gives the authority they ask for.
pub(crate) fn header_operations(headers: &Value, place: &mut Map<String, Value>) -> Option<String> {
    let is_host = |name: &str| name.eq_ignore_ascii_case("host") || name == ":authority";
    let mut authority = None;
    for direction in ["request", "response"] {
        let mut added = Vec::new();
        for (operation, action) in [("set", "OVERWRITE_IF_EXISTS_OR_ADD"), ("add", "APPEND_IF_EXISTS_OR_ADD")]
        {
            for (name, value) in entries(&headers[direction][operation]) {
                if is_host(name) {
                    authority = authority.or_else(|| value.as_str().map(str::to_owned));
                } else {
                    added.push(json!({"header": {"key": name, "value": value}, "append_action": action}));
                }
            }
        }
        let removed = headers[direction]["remove"].as_array().cloned().unwrap_or_default();
        for (list, more) in [("add", added), ("remove", removed)] {
            let list = place.entry(format!("{direction}_headers_to_{list}")).or_insert(json!([]));
            list.as_array_mut().expect("a list").extend(more);
        }
    }
    authority
}

/// How a forwarded request is changed.
pub(crate) fn rewrite(rewrite: &Value) -> Map<String, Value> {
    let mut action = Map::new();
    let regex = &rewrite["uriRegexRewrite"];
    if regex.is_object() {
        let rewrite = json!({"pattern": {"regex": regex["match"]}, "substitution": regex["rewrite"]});
        action.insert("regex_rewrite".into(), rewrite);
    } else if rewrite["uri"].is_string() {
        action.insert("prefix_rewrite".into(), rewrite["uri"].clone());
    }
    action
}

/// Where a request is sent instead.
pub(crate) fn redirect(redirect: &Value, listener: u16) -> Value {
    let mut action = Map::new();
    for (from, to) in [
        ("authority", "host_redirect"),
        ("uri", "path_redirect"),
        ("prefixRewrite", "prefix_rewrite"),
        ("scheme", "scheme_redirect"),
    ] {
        action.extend(redirect[from].is_string().then(|| (to.to_owned(), redirect[from].clone())));
    }
    let port = match redirect["derivePort"].as_str() {
        Some("FROM_REQUEST_PORT") => Some(u64::from(listener)),
        _ => redirect["port"].as_u64(),
    };
    let scheme = redirect["scheme"].as_str().unwrap_or("http");
    if let Some(port) = port.filter(|port| !matches!((port, scheme), (80, "http") | (443, "https"))) {
        action.insert("port_redirect".into(), json!(port));
    }
    let code = match redirect["redirectCode"].as_u64() {
        Some(302) => "FOUND",
        Some(303) => "SEE_OTHER",
        Some(307) => "TEMPORARY_REDIRECT",
        Some(308) => "PERMANENT_REDIRECT",
        _ => "MOVED_PERMANENTLY",
    };
    action.insert("response_code".into(), json!(code));
    Value::Object(action)
}

/// What a request is answered with.
pub(crate) fn direct_response(response: &Value) -> Value {
    let mut action = json!({"status": response["status"]});
    if response["body"].is_object() {
        action["body"] = json!({"inline_string": response["body"]["string"]});
    }
    action
}

/// The faults of a rule.
pub(crate) fn fault(fault: &Value) -> Value {
    let percentage = |of: &Value| {
        let numerator = of["percentage"]["value"].as_f64().unwrap_or_default() * 10_000.0;
        json!({"numerator": numerator.round(), "denominator": "MILLION"})
    };
    let mut filter = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"});
    let (abort, delay) = (&fault["abort"], &fault["delay"]);
    if abort.is_object() {
        filter["abort"] = match abort["grpcStatus"].as_str() {
            Some("UNAVAILABLE") => json!({"grpc_status": 14}),
            Some(other) => panic!("{other} is generated by nobody"),
            None => json!({"http_status": abort["httpStatus"]}),
        };
        filter["abort"]["percentage"] = percentage(abort);
    }
    if delay.is_object() {
        filter["delay"] = json!({"fixed_delay": delay["fixedDelay"], "percentage": percentage(delay)});
    }
    filter
}

/// A condition on a header or a query parameter.
fn condition(name: &str, asked: &Value) -> Value {
    match kind(asked) {
        _ if is_presence(asked) => json!({"name": name, "present_match": true}),
        Some(("regex", regex)) => json!({"name": name, "string_match": {"safe_regex": {"regex": regex}}}),
        Some((kind, text)) => json!({"name": name, "string_match": {kind: text}}),
        None => unreachable!("asks for presence"),
    }
}

fn is_presence(asked: &Value) -> bool {
    kind(asked).is_none_or(|kind| kind == ("regex", "*"))
}

/// How a text is compared, and with what.
fn kind(asked: &Value) -> Option<(&str, &str)> {
    let (kind, text) = asked.as_object()?.iter().next()?;
    Some((kind, text.as_str()?))
}

/// What a map holds, by name.
fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// What pages of other origins may ask.
pub(crate) fn cors(written: &Value) -> Value {
    let list = |name: &str| {
        let names = written[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(",")
    };
    let origins = written["allowOrigins"].as_array().into_iter().flatten();
    let text_match = |asked: &Value| match kind(asked) {
        Some(("regex", regex)) => json!({"safe_regex": {"regex": regex}}),
        _ => asked.clone(),
    };
    let mut policy = Map::from_iter([
        ("@type".to_owned(), json!("type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy")),
        ("allow_origin_string_match".to_owned(), origins.map(text_match).collect()),
        ("filter_enabled".to_owned(), json!({"default_value": {"numerator": 100}})),
        ("forward_not_matching_preflights".to_owned(), json!(true)),
        ("allow_methods".to_owned(), json!(list("allowMethods"))),
        ("allow_headers".to_owned(), json!(list("allowHeaders"))),
        ("expose_headers".to_owned(), json!(list("exposeHeaders"))),
    ]);
    if let Some(age) = written["maxAge"].as_str() {
        policy.insert("max_age".to_owned(), json!(age.trim_end_matches('s')));
    }
    if let Some(allows) = written["allowCredentials"].as_bool() {
        policy.insert("allow_credentials".to_owned(), json!(allows));
    }
    Value::Object(policy)
}
