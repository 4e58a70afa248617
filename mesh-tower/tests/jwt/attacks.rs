use super::{
    Server, bearing, fault,
    issuer::{Issuer, Rsa, base64, claims, hs256, jwks},
    layer, remote_rule, rule, send,
};
use http::Request;
use mesh_tower::{
    Body, TokenFault,
    jwt::{InvalidKeySet, KeySet, Keys, LARGEST_KEY_SET, LONGEST_TOKEN, MOST_KEYS, MOST_TOKENS},
};
use serde_json::{Value, json};

#[tokio::test]
async fn what_nobody_signed_is_not_good() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let payload = base64(claims(&json!({})).to_string());
    for name in ["none", "None", "NONE", "nOnE", "", " none", "HS256 ", "es256", "RS1", "A128KW"] {
        let header = base64(json!({"alg": name}).to_string());
        for signature in ["AAAA", "e30"] {
            let token = format!("{header}.{payload}.{signature}");
            assert_eq!(fault(&layer, &token).await, Some(TokenFault::UnknownAlgorithm), "{name}");
        }
        assert_eq!(fault(&layer, &format!("{header}.{payload}.")).await, Some(TokenFault::Format));
    }
    // A signature of another token is no signature of this one.
    let other = issuer.token(&claims(&json!({"sub": "other"})));
    let signature = other.rsplit('.').next().unwrap();
    let header = other.split('.').next().unwrap();
    assert_eq!(fault(&layer, &format!("{header}.{payload}.{signature}")).await, Some(TokenFault::Signature));
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let rsa = Rsa::new();
    let set = jwks(&[rsa.jwk()]);
    let layer = layer([rule(&set)], Keys::inline());
    assert_eq!(fault(&layer, &rsa.token(&claims(&json!({})))).await, None);
    let texts =
        [rsa.modulus(), set.clone().into_bytes(), rsa.jwk().to_string().into_bytes(), b"rsa".to_vec()];
    for secret in texts {
        for header in [json!({"alg": "HS256", "kid": "rsa"}), json!({"alg": "HS256"})] {
            let token = hs256(&secret, &header, &claims(&json!({})));
            assert_eq!(fault(&layer, &token).await, Some(TokenFault::Signature));
        }
    }
}

#[tokio::test]
async fn a_secret_counts_only_where_there_is_nothing_else() {
    let secret = [7; 32];
    let oct = json!({"kty": "oct", "kid": "s", "k": base64(secret)});
    let token = hs256(&secret, &json!({"alg": "HS256", "kid": "s"}), &claims(&json!({})));
    let alone = layer([rule(&jwks(std::slice::from_ref(&oct)))], Keys::inline());
    assert_eq!(fault(&alone, &token).await, None);
    let mixed = layer([rule(&jwks(&[oct, Issuer::new("a").jwk()]))], Keys::inline());
    assert_eq!(fault(&mixed, &token).await, Some(TokenFault::NoKey));
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_is_not_looked_at() {
    let (issuer, forger) = (Issuer::new("a"), Issuer::new("a"));
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let extras = [
        json!({"jwk": forger.jwk()}),
        json!({"jku": "http://evil/keys"}),
        json!({"x5u": "http://evil/chain"}),
        json!({"x5c": ["AAAA"]}),
        json!({"kid": "../../keys/a"}),
        json!({"kid": "a' OR '1'='1"}),
        json!({"kid": "http://evil/keys"}),
        json!({"kid": "a\u{0}"}),
    ];
    for extra in extras {
        let mut header = json!({"alg": "ES256", "kid": "a"});
        extra.as_object().unwrap().iter().for_each(|(name, value)| header[name] = value.clone());
        let got = fault(&layer, &forger.token_with(&header, &claims(&json!({})))).await;
        assert!(matches!(got, Some(TokenFault::Signature | TokenFault::NoKey)), "{header}: {got:?}");
    }
}

#[tokio::test]
async fn the_name_of_a_key_is_compared_and_nothing_else() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let long = "a".repeat(4000);
    for name in [
        "../../../../dev/null",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://evil.test/keys",
        "' OR '1'='1",
        "a' UNION SELECT 'AAAA",
        "a; cat /etc/passwd",
        "$(id)",
        "${jndi:ldap://evil.test/a}",
        "a\u{0}",
        "a\r\nx: y",
        "A",
        "a ",
        "*",
        "\u{430}",
        &long,
    ] {
        let token = issuer.token_with(&json!({"alg": "ES256", "kid": name}), &claims(&json!({})));
        assert_eq!(fault(&layer, &token).await, Some(TokenFault::NoKey), "{name}");
    }
    for name in [json!(1), json!(["a"]), json!({"a": 1}), json!(true), Value::Null] {
        let token = issuer.token_with(&json!({"alg": "ES256", "kid": name}), &claims(&json!({})));
        assert_eq!(fault(&layer, &token).await, Some(TokenFault::KeyId), "{name}");
    }
}

#[tokio::test]
async fn what_has_to_be_understood_and_is_not_is_refused() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let header = json!({"alg": "ES256", "kid": "a", "crit": ["b64"], "b64": false});
    assert_eq!(
        fault(&layer, &issuer.token_with(&header, &claims(&json!({})))).await,
        Some(TokenFault::Critical)
    );
}

#[tokio::test]
async fn what_two_readers_could_read_differently_is_refused() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let twice = format!("{}.e30.AAAA", base64(r#"{"alg":"ES256","alg":"none"}"#));
    assert_eq!(fault(&layer, &twice).await, Some(TokenFault::HeaderJson));
    let head = base64(r#"{"alg":"ES256"}"#);
    let twice = format!("{head}.{}.AAAA", base64(r#"{"iss":"https://auth.shop.test","iss":"x"}"#));
    assert_eq!(fault(&layer, &twice).await, Some(TokenFault::PayloadJson));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(4000), "]".repeat(4000));
    assert_eq!(fault(&layer, &format!("{head}.{}.AAAA", base64(deep))).await, Some(TokenFault::PayloadJson));
}

#[tokio::test]
async fn a_huge_token_is_not_even_read() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let token = issuer.token(&claims(&json!({"a": "x".repeat(LONGEST_TOKEN)})));
    assert_eq!(fault(&layer, &token).await, Some(TokenFault::TooLong));
    let token = issuer.token(&claims(&json!({"a": "x".repeat(8000)})));
    assert_eq!(fault(&layer, &token).await, None);
}

#[tokio::test]
async fn two_headers_are_not_two_chances() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let good = format!("Bearer {}", issuer.token(&claims(&json!({}))));
    for other in ["Bearer x", "Basic x", good.as_str()] {
        for lines in [[good.as_str(), other], [other, good.as_str()]] {
            let request =
                lines.iter().fold(Request::get("/"), |request, line| request.header("authorization", *line));
            let sent = send(&layer, request.body(Body::empty()).unwrap()).await;
            // Basic before it is what stands before a prefix in one text.
            let is_one_text = lines[0].starts_with("Basic");
            assert_eq!(sent.is_ok(), is_one_text, "{lines:?}");
        }
    }
    let mut smuggled = bearing(&issuer.token(&claims(&json!({}))));
    smuggled
        .headers_mut()
        .insert("authorization", http::HeaderValue::from_bytes(b"Bearer \xff.\xff.\xff").unwrap());
    assert!(send(&layer, smuggled).await.is_err());
}

#[test]
fn key_sets_are_bounded_and_weak_keys_count_for_nothing() {
    let key = Issuer::new("a").jwk();
    let many = vec![key.clone(); MOST_KEYS + 1];
    assert_eq!(KeySet::parse(jwks(&many).as_bytes()).unwrap_err(), InvalidKeySet::TooMany);
    assert!(KeySet::parse(jwks(&many[..MOST_KEYS]).as_bytes()).is_ok());
    let large = format!("{{\"keys\": [{key}], \"a\": \"{}\"}}", "x".repeat(LARGEST_KEY_SET));
    assert_eq!(KeySet::parse(large.as_bytes()).unwrap_err(), InvalidKeySet::TooLarge);
    let with = |changes: Value, of: &Value| {
        let mut key = of.clone();
        changes.as_object().unwrap().iter().for_each(|(name, value)| key[name] = value.clone());
        key
    };
    let rsa = Rsa::new();
    for weak in [
        with(json!({"use": "enc"}), &key),
        with(json!({"key_ops": ["encrypt"]}), &key),
        with(json!({"alg": "RS256"}), &key),
        with(json!({"alg": "ES384"}), &key),
        with(json!({"crv": "P-384"}), &key),
        with(json!({"y": key["x"].clone()}), &key),
        with(json!({"e": "AQ"}), &rsa.jwk()),
        with(json!({"e": "AAAB"}), &rsa.jwk()),
        with(json!({"n": base64(&rsa.modulus()[..128])}), &rsa.jwk()),
        json!({"kty": "oct", "k": ""}),
        json!({"kty": "oct", "alg": "HS256", "k": base64([7; 31])}),
    ] {
        assert_eq!(
            KeySet::parse(jwks(std::slice::from_ref(&weak)).as_bytes()).unwrap_err(),
            InvalidKeySet::NoneUsable,
            "{weak}"
        );
    }
}

#[tokio::test]
async fn of_different_keys_with_one_name_none_counts() {
    let (one, other) = (Issuer::new("a"), Issuer::new("a"));
    let token = one.token(&claims(&json!({})));
    let of = |keys: &[Value]| layer([rule(&jwks(keys))], Keys::inline());
    assert_eq!(fault(&of(&[one.jwk(), other.jwk()]), &token).await, Some(TokenFault::NoValidKey));
    // One key that is there for each of its algorithms is one key.
    let mut again = one.jwk();
    again["alg"] = "ES256".into();
    assert_eq!(fault(&of(&[one.jwk(), again]), &token).await, None);
}

#[test]
fn keys_are_told_to_nobody() {
    let set = KeySet::parse(jwks(&[json!({"kty": "oct", "k": base64([7; 32])})]).as_bytes()).unwrap();
    assert_eq!(format!("{set:?}"), "KeySet { keys: 1, .. }");
}

#[tokio::test(start_paused = true)]
async fn keys_of_ten_megabytes_are_no_keys() {
    let (issuer, server) = (Issuer::new("a"), Server::default());
    server.answers(Some(format!("{{\"keys\": [{}], \"a\": \"{}\"}}", issuer.jwk(), "x".repeat(10 << 20))));
    let layer = layer([remote_rule()], server.keys());
    assert_eq!(fault(&layer, &issuer.token(&claims(&json!({})))).await, Some(TokenFault::KeysNotFetched));
    server.answers(Some(jwks(&vec![issuer.jwk(); 10_000])));
    tokio::time::advance(mesh_tower::jwt::RETRIED_AFTER).await;
    assert_eq!(fault(&layer, &issuer.token(&claims(&json!({})))).await, Some(TokenFault::KeysNotFetched));
}

#[tokio::test]
async fn a_request_with_more_tokens_than_anybody_sends_is_refused() {
    let issuer = Issuer::new("a");
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline());
    let token = issuer.token(&claims(&json!({})));
    for (count, expected) in [(MOST_TOKENS, None), (MOST_TOKENS + 1, Some(TokenFault::TooMany))] {
        let query = vec![format!("access_token={token}"); count].join("&");
        let request = Request::get(format!("/?{query}")).body(Body::empty()).unwrap();
        let refused = send(&layer, request).await.err();
        let fault = refused.map(|error| error.kind());
        assert_eq!(fault, expected.map(mesh_tower::Kind::BadToken), "{count}");
    }
    // However many there are, a few are looked at.
    let flood = "access_token=&".repeat(4000);
    let request = Request::get(format!("/?{flood}")).body(Body::empty()).unwrap();
    assert!(send(&layer, request).await.is_err());
}
