use std::time::Duration;

use super::{parsed, refused};
use crate::access::AuthToken;
use crate::config::Config;

fn auroch(args: &[&str]) -> Config {
    parsed(&[&["auroch"], args].concat())
}

#[test]
fn tokens_and_password_hashes_are_etcds_unless_said_otherwise() {
    let auth = auroch(&[]).server.auth;
    assert!(matches!(auth.token, AuthToken::Simple));
    assert_eq!((auth.simple_token_ttl, auth.bcrypt_cost), (Duration::from_secs(300), 10));
    let auth = auroch(&["--auth-token=simple", "--auth-token-ttl=7", "--bcrypt-cost=4"]).server.auth;
    assert_eq!((auth.simple_token_ttl, auth.bcrypt_cost), (Duration::from_secs(7), 4));
    assert_eq!(auroch(&["--auth-token-ttl=0"]).server.auth.simple_token_ttl, Duration::from_secs(300));
}

#[test]
fn a_token_that_cannot_be_had_is_refused_with_what_to_do() {
    let refusal = |flag: &str| refused(&["auroch", flag]);
    assert!(refusal("--bcrypt-cost=32").contains("a number from 4 to 31 is needed"));
    assert!(refusal("--auth-token=jwt").contains("sign-method is missing: name one of RS256"));
    assert!(refusal("--auth-token=paseto").contains("use simple, or jwt with its options"));
}
