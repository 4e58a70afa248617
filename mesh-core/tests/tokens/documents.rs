use super::faults;

fn document(spec: &str) -> String {
    format!(
        "{{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {{name: tokens}}, spec: {spec}}}"
    )
}

/// Checks that one rule for tokens is refused for exactly one reason.
#[track_caller]
fn is_refused(rule: &str, expected: &str) {
    let (errors, _) = faults(&document(&format!("{{jwtRules: [{rule}]}}")));
    assert_eq!(errors, [format!("spec.jwtRules[0]{expected}")], "{rule}");
}

#[test]
fn what_is_right_is_accepted_without_a_word() {
    for spec in [
        "{}",
        "{selector: {matchLabels: {app: catalog}}}",
        "{jwtRules: [{issuer: 'https://a'}]}",
        "{jwtRules: [{jwksUri: 'https://a/keys'}]}",
        "{jwtRules: [{issuer: a, jwks: '{\"keys\": []}', fromHeaders: [{name: x-a, prefix: 'Token '}], fromParams: [t], \
          fromCookies: [c], audiences: [a], outputPayloadToHeader: x-p, forwardOriginalToken: true, timeout: 2s, \
          outputClaimToHeaders: [{header: x-sub, claim: sub}], spaceDelimitedClaims: [roles]}]}",
    ] {
        assert_eq!(faults(&document(spec)), (vec![], vec![]), "{spec}");
    }
}

#[test]
fn a_rule_says_whose_tokens_they_are() {
    is_refused("{issuer: ''}", ": issuer or jwksUri must be non-empty string");
    is_refused("{audiences: [a]}", ": issuer or jwksUri must be non-empty string");
    let (errors, warnings) = faults(&document("{jwtRules: [{issuer: me@a}]}"));
    let reason = "spec.jwtRules[0]: nobody can tell where the keys of me@a are, so no token is good";
    assert_eq!((errors, warnings), (vec![], vec![reason.to_owned()]));
}

#[test]
fn names_are_not_empty() {
    for (field, expected) in [
        ("audiences: ['']", ".audiences[0]: audience must be non-empty string"),
        ("fromHeaders: [{prefix: a}]", ".fromHeaders[0].name: location header name must be non-empty string"),
        ("fromParams: ['']", ".fromParams[0]: location query must be non-empty string"),
        ("fromCookies: [a, '']", ".fromCookies[1]: cookie name must be non-empty string"),
        ("spaceDelimitedClaims: ['']", ".spaceDelimitedClaims[0]: claim must be non-empty string"),
        (
            "outputClaimToHeaders: [{header: a}]",
            ".outputClaimToHeaders[0]: outputClaimToHeaders header and claim value must be non-empty string",
        ),
    ] {
        is_refused(&format!("{{issuer: 'https://a', {field}}}"), expected);
    }
}

#[test]
fn headers_are_headers() {
    for (field, expected) in [
        (
            "fromHeaders: [{name: 'a b'}]",
            ".fromHeaders[0].name: header name \"a b\" is not a valid header name",
        ),
        (
            "outputPayloadToHeader: ':path'",
            ".outputPayloadToHeader: header name \":path\" is not a valid header name",
        ),
        (
            "outputClaimToHeaders: [{header: a%b, claim: sub}]",
            ".outputClaimToHeaders[0].header: header \"a%b\" has other characters than letters, digits, - and _",
        ),
    ] {
        is_refused(&format!("{{issuer: 'https://a', {field}}}"), expected);
    }
}

#[test]
fn keys_are_keys_and_their_address_is_one() {
    for (keys, expected) in [
        ("jwksUri: 'ftp://a'", ".jwksUri: URI scheme \"ftp\" is not supported"),
        ("jwksUri: a.b", ".jwksUri: url must have scheme: \"a.b\""),
        ("jwksUri: 'https://a:x/'", ".jwksUri: invalid host or port in \"https://a:x/\""),
        ("jwks: '{}'", ".jwks: jwks parse error: it does not have keys"),
        ("jwks: '{\"keys\": [1]}'", ".jwks: jwks parse error: keys is no list of keys"),
        ("timeout: 100us", ".timeout: duration must be greater than 1ms"),
    ] {
        is_refused(
            &format!("{{issuer: a, {keys}}}").replace("issuer: a, timeout", "issuer: 'https://a', timeout"),
            expected,
        );
    }
    let (errors, _) = faults(&document("{jwtRules: [{issuer: a, jwks: nonsense}]}"));
    assert!(errors[0].starts_with("spec.jwtRules[0].jwks: jwks parse error: "), "{errors:?}");
    let (_, warnings) = faults(&document("{jwtRules: [{issuer: a, jwks: '{\"keys\": [{\"d\": \"\"}]}'}]}"));
    let reason =
        "spec.jwtRules[0].jwks: holds a private key, which whoever reads the document can sign tokens with";
    assert_eq!(warnings, [reason]);
}

#[test]
fn it_is_for_workloads_or_for_others_who_are_told_apart() {
    let gateway = "group: gateway.networking.k8s.io, kind: Gateway, name: a";
    for (field, spec) in [
        ("targetRef", format!("{{targetRef: {{{gateway}}}}}")),
        ("targetRefs", format!("{{targetRefs: [{{{gateway}}}]}}")),
    ] {
        let (errors, warnings) = faults(&document(&spec));
        assert!(errors.is_empty() && warnings.len() == 1, "{errors:?} {warnings:?}");
        let expected = format!("spec.{field}: is for waypoints and for gateways of the Gateway API");
        assert!(warnings[0].starts_with(&expected), "{warnings:?}");
    }
    let both = format!("{{selector: {{matchLabels: {{a: b}}}}, targetRef: {{{gateway}}}}}");
    let reason = "spec: only one of targetRefs or workloadSelector can be set";
    assert_eq!(faults(&document(&both)).0, [reason]);
}

#[test]
fn it_cannot_be_tried_only() {
    let text = "{apiVersion: security.istio.io/v1, kind: RequestAuthentication, \
                metadata: {name: tokens, annotations: {istio.io/dry-run: 'true'}}, spec: {}}";
    let expected = "metadata.annotations[\"istio.io/dry-run\"]: shop/tokens has unsupported annotation \
                    istio.io/dry-run, please remove the annotation";
    assert_eq!(faults(text).0, [expected]);
}
