//! What is in a simple token, so that every server on a storage knows those of the others.
//!
//! It has etcd's form, `<text>.<position of the log>`. The text is base64url of: u64 ms since the Unix epoch at which it was given, 8
//! random bytes, 32 bytes of HMAC-SHA-256, the user's name. The HMAC is by the key of the store, which is another one each time that
//! authentication is turned on, and covers all of the token and the hash of the user's password: who gets another one, or is
//! removed, has no tokens any more.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use storage_core::Position;
use storage_core::auth::{AuthState, PasswordHash, TokenKey, User};

use super::simple::Holder;

const TIME_BYTES: usize = 8;
const RANDOM_BYTES: usize = 8;
const HEAD_BYTES: usize = TIME_BYTES + RANDOM_BYTES;
const TAG_BYTES: usize = 32;
/// A longer name is left out, since a header has no room for it. The token is good at the server alone that gave it.
const MAX_NAME_BYTES: usize = 1024;

/// A new token for `holder`, given at the time `given`, at which the log ended at `position`.
pub(super) fn sign(holder: &Holder, given: Duration, position: Position) -> String {
    let given_ms = u64::try_from(given.as_millis()).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + TAG_BYTES + holder.user.len());
    bytes.extend_from_slice(&given_ms.to_be_bytes());
    bytes.extend_from_slice(&rand::random::<[u8; RANDOM_BYTES]>());
    let position = position.0.to_string();
    let covered = covered(&bytes, &holder.user, holder.password.as_bytes(), &position);
    bytes.extend_from_slice(hmac::sign(&key(&holder.key), &covered).as_ref());
    if holder.user.len() <= MAX_NAME_BYTES {
        bytes.extend_from_slice(holder.user.as_bytes());
    }
    format!("{}.{position}", URL_SAFE_NO_PAD.encode(bytes))
}

/// To whom a server on this storage has given `token`, and when; `None` if none has, or the user has another password by now.
pub(super) fn verify(token: &str, state: &AuthState) -> Option<(Holder, Duration)> {
    let (text, position) = token.split_once('.')?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let (tag, name) = rest.split_at_checked(TAG_BYTES)?;
    let name = str::from_utf8(name).ok()?;
    // Whoever guesses names does not learn by the time that it takes which of them there are.
    let password = state.user(name).and_then(User::password_hash);
    let covered = covered(head, name, password.map_or(&[], PasswordHash::as_bytes), position);
    let token_key = state.token_key()?;
    hmac::verify(&key(token_key), &covered, tag).ok()?;
    let holder = Holder { user: name.into(), password: password?.clone(), key: token_key.clone() };
    let (time, _) = head.split_first_chunk::<TIME_BYTES>()?;
    Some((holder, Duration::from_millis(u64::from_be_bytes(*time))))
}

/// How far a server must have read the log to know the holder of `token`, whether it is good or not.
pub(super) fn position(token: &str) -> Option<Position> {
    let (_, position) = token.split_once('.')?;
    position.parse().ok().map(Position)
}

fn key(key: &TokenKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())
}

fn covered(head: &[u8], name: &str, password: &[u8], position: &str) -> Vec<u8> {
    let mut covered = head.to_vec();
    for part in [name.as_bytes(), password, position.as_bytes()] {
        covered.extend_from_slice(&(part.len() as u64).to_be_bytes());
        covered.extend_from_slice(part);
    }
    covered
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use storage_core::auth::{AuthChange, ROOT};
    use storage_core::{MemoryBackend, Store, StoreOptions};

    use super::*;

    const GIVEN: Duration = Duration::from_millis(1_234_567_890_123);

    fn hash_of(user: &str) -> PasswordHash {
        PasswordHash::new(format!("the hash of {user}"))
    }

    /// A store's users, with authentication on and a key that no other store has.
    pub(in super::super) async fn enabled(users: &[&str]) -> AuthState {
        let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
        for name in [ROOT].iter().chain(users) {
            let add = AuthChange::UserAdd { name: (*name).into(), password: Some(hash_of(name)) };
            store.change_auth(add).await.unwrap();
        }
        store.change_auth(AuthChange::UserGrantRole { user: ROOT.into(), role: ROOT.into() }).await.unwrap();
        store.change_auth(AuthChange::Enable).await.unwrap();
        AuthState::clone(&store.auth())
    }

    pub(in super::super) fn holder(state: &AuthState, user: &str) -> Holder {
        Holder { user: user.into(), password: hash_of(user), key: state.token_key().unwrap().clone() }
    }

    #[tokio::test]
    async fn a_token_is_a_header_s_value_of_etcds_two_parts_and_has_no_twin() {
        let state = enabled(&["\u{fc}ser/\n"]).await;
        let holder = holder(&state, "\u{fc}ser/\n");
        let token = sign(&holder, GIVEN, Position(42));
        let (text, index) = token.split_once('.').unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{text}");
        assert_eq!(index, "42");
        assert_eq!(position(&token), Some(Position(42)));
        assert_eq!(verify(&token, &state), Some((holder.clone(), GIVEN)));
        assert_ne!(sign(&holder, GIVEN, Position(42)), token);
    }

    #[tokio::test]
    async fn a_token_that_was_changed_anywhere_or_cut_is_refused() {
        let state = enabled(&["alice", "alic"]).await;
        let token = sign(&holder(&state, "alice"), GIVEN, Position(42));
        for place in 0..token.len() {
            assert_eq!(verify(&token[..place], &state), None, "cut at {place}");
            for other in ["A", "B", "_", ".", "=", "1", "+"] {
                let mut changed = token.clone();
                changed.replace_range(place..=place, other);
                assert_eq!(verify(&changed, &state).is_some(), changed == token, "{other} at {place}");
            }
        }
        for changed in
            [format!("{token}0"), format!("{token}.1"), token.replace(".42", ".042"), token.replace(".42", ".+42")]
        {
            assert_eq!(verify(&changed, &state), None);
        }
    }

    #[tokio::test]
    async fn a_token_of_another_store_password_or_nobody_is_refused() {
        let (state, other) = (enabled(&["alice"]).await, enabled(&["alice"]).await);
        let alice = holder(&state, "alice");
        assert_eq!(verify(&sign(&alice, GIVEN, Position(42)), &other), None, "its key is another one");
        let before = Holder { password: PasswordHash::new("what was its hash"), ..alice.clone() };
        assert_eq!(verify(&sign(&before, GIVEN, Position(42)), &state), None);
        for password in ["", "the hash of mallory"] {
            let nobody = Holder { user: "mallory".into(), password: PasswordHash::new(password), ..alice.clone() };
            assert_eq!(verify(&sign(&nobody, GIVEN, Position(42)), &state), None);
        }
        assert_eq!(verify(&sign(&alice, GIVEN, Position(42)), &AuthState::default()), None, "there is no key");
    }

    #[tokio::test]
    async fn a_name_that_is_too_long_for_a_header_is_left_out() {
        let names = [MAX_NAME_BYTES, MAX_NAME_BYTES + 1].map(|bytes| "n".repeat(bytes));
        let state = enabled(&[&names[0], &names[1]]).await;
        let [longest, longer] = names.map(|name| sign(&holder(&state, &name), GIVEN, Position(42)));
        assert!(verify(&longest, &state).is_some());
        assert_eq!((verify(&longer, &state), longer.len()), (None, 64 + ".42".len()));
    }
}
