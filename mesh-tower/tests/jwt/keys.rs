use super::{
    Server, bearing, fault,
    issuer::{Issuer, NOW, claims, jwks},
    layer, remote_rule, rule, send,
};
use bytes::Bytes;
use http::Uri;
use mesh_core::model::{KeySource, RemoteKeys, TokenRule};
use mesh_tower::{
    TokenFault,
    jwt::{ASKED_AGAIN_AFTER, FRESH, Fetch, JwtLayer, KEPT, Keys, RENEWED_AT, RETRIED_AFTER},
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::time::{advance, sleep};

const MOMENT: Duration = Duration::from_millis(1);

/// An issuer whose keys have to be fetched, and where from.
fn remote() -> (Issuer, Server, JwtLayer) {
    let (issuer, server) = (Issuer::new("a"), Server::default());
    server.answers(Some(jwks(&[issuer.jwk()])));
    let layer = layer([remote_rule()], server.keys());
    (issuer, server, layer)
}

/// Tokens that differ each time, so that none is remembered.
fn fresh_token(issuer: &Issuer, number: u32) -> String {
    issuer.token(&claims(&json!({"jti": number.to_string()})))
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_for_all_who_wait() {
    let (issuer, server, layer) = remote();
    server.takes(Duration::from_secs(1));
    let tokens: Vec<_> = (0..20).map(|number| fresh_token(&issuer, number)).collect();
    let all = futures_util::future::join_all(tokens.iter().map(|token| fault(&layer, token))).await;
    assert!(all.iter().all(Option::is_none));
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_token_that_could_be_good_fetches_nothing() {
    let (issuer, server, layer) = remote();
    send(&layer, http::Request::get("/").body(mesh_tower::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(fault(&layer, "nonsense").await, Some(TokenFault::Format));
    let expired = issuer.token(&claims(&json!({"exp": NOW - 999})));
    assert_eq!(fault(&layer, &expired).await, Some(TokenFault::Expired));
    assert_eq!(server.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_whoever_began_it_gives_up() {
    let (issuer, server, layer) = remote();
    server.takes(Duration::from_secs(1));
    let token = fresh_token(&issuer, 0);
    let waits = tokio::time::timeout(Duration::from_millis(10), send(&layer, bearing(&token))).await;
    assert!(waits.is_err());
    assert_eq!(fault(&layer, &token).await, None);
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_in_use_are_renewed_before_anybody_has_to_wait() {
    let (issuer, server, layer) = remote();
    assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, None);
    advance(RENEWED_AT - MOMENT).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 1)).await, None);
    sleep(MOMENT).await;
    assert_eq!(server.asked(), 1);
    // It takes its time, and nobody notices.
    server.takes(Duration::from_secs(3));
    let before = tokio::time::Instant::now();
    assert_eq!(fault(&layer, &fresh_token(&issuer, 2)).await, None);
    assert_eq!(before.elapsed(), Duration::ZERO);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(server.asked(), 2);
    advance(FRESH - Duration::from_secs(70)).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 3)).await, None);
    assert_eq!(server.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_that_nobody_used_for_long_are_fetched_before_they_count_again() {
    let (issuer, server, layer) = remote();
    let token = fresh_token(&issuer, 0);
    assert_eq!(fault(&layer, &token).await, None);
    // The key is taken back meanwhile.
    server.answers(Some(jwks(&[Issuer::new("b").jwk()])));
    advance(FRESH).await;
    assert_eq!(fault(&layer, &token).await, Some(TokenFault::NoKey));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_bridged_for_an_hour_and_then_no_token_is_good() {
    let (issuer, server, layer) = remote();
    assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, None);
    server.answers(None);
    advance(FRESH).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 1)).await, None);
    assert_eq!(server.asked(), 2);
    // Not each request tries again.
    assert_eq!(fault(&layer, &fresh_token(&issuer, 2)).await, None);
    assert_eq!(server.asked(), 2);
    advance(RETRIED_AFTER).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 3)).await, None);
    assert_eq!(server.asked(), 3);
    advance(KEPT).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 4)).await, Some(TokenFault::KeysNotFetched));
    server.answers(Some(jwks(&[issuer.jwk()])));
    advance(RETRIED_AFTER).await;
    assert_eq!(fault(&layer, &fresh_token(&issuer, 5)).await, None);
}

#[tokio::test(start_paused = true)]
async fn without_keys_no_token_is_good() {
    let (issuer, server, layer) = remote();
    for nothing in [None, Some("nonsense".to_owned()), Some(jwks(&[])), Some(jwks(&[json!({"kty": "RSA"})]))]
    {
        server.answers(nothing);
        assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, Some(TokenFault::KeysNotFetched));
        advance(RETRIED_AFTER).await;
    }
    // One that takes too long is none.
    server.takes(Duration::from_secs(6));
    server.answers(Some(jwks(&[issuer.jwk()])));
    assert_eq!(fault(&layer, &fresh_token(&issuer, 1)).await, Some(TokenFault::KeysNotFetched));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_has_the_keys_fetched_but_not_each_time() {
    let (issuer, server, layer) = remote();
    assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, None);
    let next = Issuer::new("b");
    server.answers(Some(jwks(&[issuer.jwk(), next.jwk()])));
    advance(ASKED_AGAIN_AFTER).await;
    assert_eq!(fault(&layer, &next.token(&claims(&json!({})))).await, None);
    assert_eq!(server.asked(), 2);
    // Whoever makes up keys cannot make the mesh ask for each of them.
    let forger = Issuer::new("c");
    for number in 0..100 {
        assert_eq!(fault(&layer, &fresh_token(&forger, number)).await, Some(TokenFault::NoKey));
    }
    assert_eq!(server.asked(), 2);
    advance(ASKED_AGAIN_AFTER).await;
    assert_eq!(fault(&layer, &fresh_token(&forger, 0)).await, Some(TokenFault::NoKey));
    assert_eq!(server.asked(), 3);
    // A key that is known is not asked for again, however wrong a signature is.
    advance(ASKED_AGAIN_AFTER).await;
    let forged = forger.token_with(&json!({"alg": "ES256", "kid": "a"}), &claims(&json!({})));
    assert_eq!(fault(&layer, &forged).await, Some(TokenFault::Signature));
    assert_eq!(server.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_verified_is_forgotten_when_its_key_is_taken_back() {
    let (issuer, server, layer) = remote();
    let token = fresh_token(&issuer, 0);
    for _ in 0..3 {
        assert_eq!(fault(&layer, &token).await, None);
    }
    server.answers(Some(jwks(&[Issuer::new("b").jwk()])));
    advance(RENEWED_AT).await;
    assert_eq!(fault(&layer, &token).await, None);
    sleep(MOMENT).await;
    assert_eq!(fault(&layer, &token).await, Some(TokenFault::NoKey));
}

#[tokio::test]
async fn a_token_that_was_verified_is_good_no_longer_than_it_says() {
    let issuer = Issuer::new("a");
    let now = Arc::new(Mutex::new(NOW));
    let clock = Arc::clone(&now);
    let clock = Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(*clock.lock().unwrap()));
    let layer = layer([rule(&jwks(&[issuer.jwk()]))], Keys::inline()).with_clock(clock);
    let token = issuer.token(&claims(&json!({"exp": NOW + 10})));
    assert_eq!(fault(&layer, &token).await, None);
    *now.lock().unwrap() = NOW + 71;
    assert_eq!(fault(&layer, &token).await, Some(TokenFault::Expired));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_says_itself_where_its_keys_are() {
    let issuer = Issuer::new("a");
    let keys = jwks(&[issuer.jwk()]);
    let answers = move |uri: &Uri| match uri.path() {
        "/.well-known/openid-configuration" => {
            Ok(json!({"jwks_uri": "https://auth.shop.test/keys"}).to_string())
        }
        "/keys" => Ok(keys.clone()),
        other => Err(format!("nothing at {other}")),
    };
    let fetch: Fetch = Arc::new(move |uri, _| {
        let answer = answers(&uri).map(Bytes::from).map_err(Into::into);
        Box::pin(std::future::ready(answer))
    });
    let uri = "https://auth.shop.test/.well-known/openid-configuration".parse().unwrap();
    let at = RemoteKeys { uri, timeout: Duration::from_secs(1) };
    let rule = TokenRule { keys: KeySource::Discovered(at), ..rule("") };
    let layer = layer([rule], Keys::new(fetch));
    assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, None);
}

#[tokio::test(start_paused = true)]
async fn whoever_fetches_and_panics_is_asked_again() {
    let issuer = Issuer::new("a");
    let (set, asked) = (jwks(&[issuer.jwk()]), Arc::new(Mutex::new(0)));
    let fetch: Fetch = Arc::new(move |_, _| {
        let (set, asked) = (Bytes::from(set.clone()), Arc::clone(&asked));
        Box::pin(async move {
            let number = {
                let mut asked = asked.lock().expect("no panic while it is held");
                *asked += 1;
                *asked
            };
            assert_ne!(number, 1, "the first one fails as nobody expects");
            Ok(set)
        })
    });
    let layer = layer([remote_rule()], Keys::new(fetch));
    // Its own waits end with the fetch, and the next one finds the keys.
    assert_eq!(fault(&layer, &fresh_token(&issuer, 0)).await, None);
}
