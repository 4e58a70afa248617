use super::{
    bearing, fault,
    issuer::{ISSUER, Issuer, NOW, base64, claims, jwks},
    layer, rule, send,
};
use http::{Request, header::WWW_AUTHENTICATE};
use mesh_core::model::{ClaimHeader, TokenPlace, TokenRule};
use mesh_tower::{
    Body, Kind, Token, TokenFault,
    jwt::{JwtLayer, Keys},
};
use serde_json::{Value, json};

fn of(issuer: &Issuer) -> JwtLayer {
    layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline())
}

#[tokio::test]
async fn a_good_token_says_who_sent_the_request_and_is_taken_off() {
    let issuer = Issuer::new("a");
    let token = issuer.token(&claims(&json!({"scope": "read write"})));
    let seen = send(&of(&issuer), bearing(&token)).await.unwrap();
    let said = seen.extensions().get::<Token>().expect("a token");
    assert_eq!(said.principal(), Some(&*format!("{ISSUER}/magnus")));
    assert_eq!(said.get(&["scope"]), Some(&json!(["read", "write"])));
    assert!(!seen.headers().contains_key("authorization"));
}

#[tokio::test]
async fn a_request_without_a_token_passes_and_is_nobodys() {
    let issuer = Issuer::new("a");
    let seen = send(&of(&issuer), Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert!(seen.extensions().get::<Token>().is_none());
}

#[tokio::test]
async fn a_token_is_good_at_its_time_for_its_audience_by_its_issuer() {
    let issuer = Issuer::new("a");
    let rule =
        TokenRule { audiences: vec!["http://shop/".into(), "b".into()], ..rule(&jwks(&[issuer.jwk()])) };
    let layer = layer([rule], Keys::inline());
    for (changes, expected) in [
        (json!({}), None),
        (json!({"exp": NOW - 60}), None),
        (json!({"exp": NOW - 61}), Some(TokenFault::Expired)),
        (json!({"exp": 0}), Some(TokenFault::Expired)),
        (json!({"nbf": NOW + 60}), None),
        (json!({"nbf": NOW + 61}), Some(TokenFault::NotYetValid)),
        (json!({"exp": NOW as f64 + 0.5}), None),
        (json!({"iss": "https://other"}), Some(TokenFault::UnknownIssuer)),
        (json!({"aud": "c"}), Some(TokenFault::Audience)),
        (json!({"aud": []}), Some(TokenFault::Audience)),
        (json!({"aud": ["c", "b"]}), None),
        (json!({"aud": "https://shop"}), None),
        // As in Envoy, the time comes before the audience.
        (json!({"aud": "c", "exp": 1}), Some(TokenFault::Expired)),
    ] {
        let mut all = claims(&json!({"aud": "shop"}));
        changes.as_object().unwrap().iter().for_each(|(name, value)| all[name] = value.clone());
        assert_eq!(fault(&layer, &issuer.token(&all)).await, expected, "{changes}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_in_envoys_words() {
    let issuer = Issuer::new("a");
    let layer = of(&issuer);
    let head = base64(r#"{"alg":"ES256"}"#);
    let with = |claims: Value| format!("{head}.{}.AAAA", base64(claims.to_string()));
    for (token, expected) in [
        ("abc".to_owned(), "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
        (
            "a.b.c.d".to_owned(),
            "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        ),
        (
            format!("{head}..AAAA"),
            "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        ),
        ("a.b.c".to_owned(), "Jwt header is an invalid Base64url encoded"),
        (format!("{}.b.c", base64("x")), "Jwt header is an invalid JSON"),
        (format!("{}.b.c", base64("{}")), "Jwt header [alg] field is required and must be a string"),
        (format!("{}.b.c", base64(r#"{"alg":"none"}"#)), "Jwt header [alg] is not supported"),
        (format!("{}.b.c", base64(r#"{"alg":"ES256","kid":1}"#)), "Jwt header [kid] field is not a string"),
        (format!("{head}.#.AAAA"), "Jwt payload is an invalid Base64url encoded"),
        (format!("{head}.{}.AAAA", base64("[1]")), "Jwt payload is an invalid JSON"),
        (format!("{head}.e30.A"), "Jwt signature is an invalid Base64url encoded"),
        (format!("{head}.e30.AAAA="), "Jwt signature is an invalid Base64url encoded"),
        (with(json!({"iss": 1})), "Jwt payload [iss] field is not a string"),
        (with(json!({"aud": [1]})), "Jwt payload [aud] field is not a string or string list"),
        (with(json!({"exp": "1"})), "Jwt payload [exp] field is not an integer"),
        (with(json!({"exp": -1})), "Jwt payload [exp] field is not a positive 64 bit integer"),
        (with(json!({"exp": 1e300})), "Jwt payload [exp] field is not a positive 64 bit integer"),
        (with(claims(&json!({}))), "Jwt verification fails"),
        (
            issuer.token_with(&json!({"alg": "ES256", "kid": "b"}), &claims(&json!({}))),
            "Jwks doesn't have key to match kid or alg from Jwt",
        ),
    ] {
        let got = fault(&layer, &token).await.map(|fault| fault.to_string());
        assert_eq!(got.as_deref(), Some(expected), "{token}");
    }
}

#[tokio::test]
async fn a_refusal_challenges_the_client() {
    let issuer = Issuer::new("a");
    let request = Request::get("/a?b=c").header("host", "shop.test").header("authorization", "Bearer x");
    let mut error = send(&of(&issuer), request.body(Body::empty()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::BadToken(TokenFault::Format));
    let expected = "Bearer realm=\"http://shop.test/a?b=c\", error=\"invalid_token\"";
    assert_eq!(error.headers_mut()[WWW_AUTHENTICATE], expected);
}

#[tokio::test]
async fn a_token_that_names_no_key_is_tried_with_all_that_it_can_be() {
    let (one, other) = (Issuer::new("a"), Issuer::new("b"));
    let layer = layer([rule(&jwks(&[one.jwk(), other.jwk()]))], Keys::inline());
    for issuer in [&one, &other] {
        let token = issuer.token_with(&json!({"alg": "ES256"}), &claims(&json!({})));
        assert_eq!(fault(&layer, &token).await, None);
    }
    // One that names a key is tried with that alone.
    let token = one.token_with(&json!({"alg": "ES256", "kid": "b"}), &claims(&json!({})));
    assert_eq!(fault(&layer, &token).await, Some(TokenFault::Signature));
}

#[tokio::test]
async fn a_token_is_found_where_a_rule_looks() {
    let issuer = Issuer::new("a");
    let places = vec![
        TokenPlace::Header { name: "x-token".parse().unwrap(), prefix: Some("Token ".into()) },
        TokenPlace::Parameter("token".into()),
        TokenPlace::Cookie("session".into()),
    ];
    let layer = layer([TokenRule { places, ..rule(&jwks(&[issuer.jwk()])) }], Keys::inline());
    let token = issuer.token(&claims(&json!({})));
    for (uri, header, is_found, left) in [
        ("/a?b=c", ("x-token", format!("Token {token}")), true, "/a?b=c"),
        (&*format!("/a?token={token}&b=c"), ("x-other", String::new()), true, "/a?b=c"),
        ("/a", ("cookie", format!("a=b; session={token}")), true, "/a"),
        ("/a", ("authorization", format!("Bearer {token}")), false, "/a"),
        ("/a", ("x-token", token.clone()), false, "/a"),
    ] {
        let request = Request::get(uri).header(header.0, &header.1).body(Body::empty()).unwrap();
        let seen = send(&layer, request).await.unwrap();
        assert_eq!(seen.extensions().get::<Token>().is_some(), is_found, "{uri} {header:?}");
        assert_eq!(seen.uri().to_string(), left);
        assert_eq!(seen.headers().contains_key("x-token"), header.0 == "x-token" && !is_found);
    }
}

#[tokio::test]
async fn the_service_is_told_what_the_rule_says_and_nobody_else_can_tell_it() {
    let issuer = Issuer::new("a");
    let told = |name: &str, claim: &[&str]| ClaimHeader {
        name: name.parse().unwrap(),
        claim: claim.iter().map(|name| (*name).into()).collect(),
    };
    let rule = TokenRule {
        payload_header: Some("x-payload".parse().unwrap()),
        claim_headers: vec![
            told("x-user", &["sub"]),
            told("x-nested", &["a", "b"]),
            told("x-scope", &["scope"]),
        ],
        forwards: true,
        ..rule(&jwks(&[issuer.jwk()]))
    };
    let layer = layer([rule], Keys::inline());
    let token = issuer.token(&claims(&json!({"a": {"b": 7}, "scope": "x y"})));
    let spoofed = |request: Request<Body>| {
        let mut request = request;
        for name in ["x-payload", "x-user", "x-nested"] {
            request.headers_mut().insert(name, "evil".parse().unwrap());
        }
        request
    };
    let seen = send(&layer, spoofed(bearing(&token))).await.unwrap();
    let header = |name: &str| seen.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-payload"), token.split('.').nth(1).unwrap());
    assert_eq!(
        (header("x-user"), header("x-nested"), header("x-scope")),
        ("magnus".into(), "7".into(), "x y".into())
    );
    assert_eq!(header("authorization"), format!("Bearer {token}"));

    let without = send(&layer, spoofed(Request::get("/").body(Body::empty()).unwrap())).await.unwrap();
    assert!(without.headers().is_empty(), "{:?}", without.headers());
    let mut preflight = spoofed(bearing("nonsense"));
    *preflight.method_mut() = http::Method::OPTIONS;
    preflight.headers_mut().insert("origin", "https://shop.test".parse().unwrap());
    preflight.headers_mut().insert("access-control-request-method", "GET".parse().unwrap());
    let seen = send(&layer, preflight).await.unwrap();
    assert!(!seen.headers().contains_key("x-user") && seen.extensions().get::<Token>().is_none());
}

#[tokio::test]
async fn a_token_is_good_by_one_of_the_rules_that_look_there() {
    let (one, other) = (Issuer::new("a"), Issuer::new("b"));
    let second = |audience: &str| TokenRule {
        issuer: Some("https://other".into()),
        audiences: vec![audience.into()],
        ..rule(&jwks(&[other.jwk()]))
    };
    let layer = layer([rule(&jwks(&[one.jwk()])), second("x"), second("y")], Keys::inline());
    let by_other = |changes: Value| {
        let mut all = claims(&json!({"iss": "https://other"}));
        changes.as_object().unwrap().iter().for_each(|(name, value)| all[name] = value.clone());
        other.token(&all)
    };
    assert_eq!(fault(&layer, &one.token(&claims(&json!({})))).await, None);
    assert_eq!(fault(&layer, &by_other(json!({"aud": "y"}))).await, None);
    assert_eq!(fault(&layer, &by_other(json!({"aud": "z"}))).await, Some(TokenFault::Audience));
    assert_eq!(
        fault(&layer, &one.token(&claims(&json!({"iss": "https://third"})))).await,
        Some(TokenFault::UnknownIssuer)
    );
    assert_eq!(
        fault(&layer, &one.token(&claims(&json!({"iss": "https://other", "aud": "y"})))).await,
        Some(TokenFault::NoKey)
    );
}

#[tokio::test]
async fn a_rule_without_an_issuer_takes_any_whose_key_it_is() {
    let issuer = Issuer::new("a");
    let layer = layer([TokenRule { issuer: None, ..rule(&jwks(&[issuer.jwk()])) }], Keys::inline());
    let token = issuer.token(&json!({"iss": "https://whoever", "sub": "a"}));
    assert_eq!(fault(&layer, &token).await, None);
}

#[tokio::test]
async fn of_several_tokens_each_has_to_be_good_and_the_first_says_who_it_is() {
    let issuer = Issuer::new("a");
    let token = |subject: &str| issuer.token(&claims(&json!({"sub": subject})));
    let request = |bearer: &str, parameter: &str| {
        let request = Request::get(format!("/?access_token={parameter}"));
        request.header("authorization", format!("Bearer {bearer}")).body(Body::empty()).unwrap()
    };
    let layer = of(&issuer);
    let seen = send(&layer, request(&token("first"), &token("second"))).await.unwrap();
    assert_eq!(seen.extensions().get::<Token>().unwrap().get(&["sub"]), Some(&json!("first")));
    assert_eq!((seen.uri().to_string(), seen.headers().len()), ("/".to_owned(), 0));
    for (bearer, parameter) in [(token("a"), "x".to_owned()), ("x".to_owned(), token("a"))] {
        assert!(send(&layer, request(&bearer, &parameter)).await.is_err());
    }
}
