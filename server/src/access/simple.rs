//! The tokens that a server gives by default.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use storage_core::Position;
use storage_core::auth::{AuthState, PasswordHash, TokenKey, User};
use tokio::time::Instant;

use super::signed;

/// So many are remembered. Beyond it those go first that nobody uses: unless they are new, their clients authenticate again.
const MAX_TOKENS: usize = 65_536;
/// So many old ones are looked at for each new one, to let go of those that have expired. More than one, so that these are few.
const LOOKED_AT: usize = 8;

/// Tokens that the server remembers for a while after their last use. What it does not remember may have been given by another
/// server, or by this one before it was started anew: it is good for as long a while after it was given.
pub(super) struct SimpleTokens {
    ttl: Duration,
    began: Instant,
    max: usize,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    tokens: HashMap<Arc<str>, Arc<Token>>,
    /// The same ones, those first that are looked at next.
    queue: VecDeque<Arc<Token>>,
}

struct Token {
    text: Arc<str>,
    holder: Holder,
    /// In milliseconds since the tokens began.
    expires: AtomicU64,
    /// Since it was last looked at.
    used: AtomicBool,
}

/// To whom a token was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) user: Arc<str>,
    /// The hash of the password then. A user who has another one by now is not the holder of the token any more.
    pub(super) password: PasswordHash,
    /// What tokens were signed with then. Once authentication has been turned off, nobody holds anything.
    pub(super) key: TokenKey,
}

impl Holder {
    fn still_holds(&self, state: &AuthState) -> bool {
        let password = state.user(&self.user).and_then(User::password_hash);
        password == Some(&self.password) && state.token_key() == Some(&self.key)
    }
}

/// What is known of a token.
enum Known {
    Alive(Holder),
    Expired,
    Nothing,
}

impl SimpleTokens {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, began: Instant::now(), max: MAX_TOKENS, state: RwLock::default() }
    }

    /// A new token, given at the time `given`.
    pub(super) fn issue(&self, holder: Holder, given: Duration, position: Position) -> String {
        let text = signed::sign(&holder, given, position);
        self.keep(&text, holder);
        text
    }

    /// Who has `token`, which now lives for another while. `unix_time` is the clock by which tokens are given.
    pub(super) fn find(
        &self,
        token: &str,
        state: &AuthState,
        unix_time: impl FnOnce() -> Duration,
    ) -> Option<Arc<str>> {
        let holder = match self.known(token) {
            Known::Alive(holder) => holder,
            Known::Expired => return None,
            Known::Nothing => {
                let (holder, given) = signed::verify(token, state)?;
                if unix_time().abs_diff(given) >= self.ttl {
                    return None;
                }
                self.keep(token, holder.clone());
                holder
            }
        };
        holder.still_holds(state).then_some(holder.user)
    }

    fn known(&self, token: &str) -> Known {
        let now = self.now();
        let state = self.state.read();
        let Some(token) = state.tokens.get(token) else { return Known::Nothing };
        if token.has_expired(now) {
            return Known::Expired;
        }
        token.expires.store(self.expiry(now), Ordering::Relaxed);
        token.used.store(true, Ordering::Relaxed);
        Known::Alive(token.holder.clone())
    }

    fn keep(&self, text: &str, holder: Holder) {
        let now = self.now();
        let token = Arc::new(Token {
            text: text.into(),
            holder,
            expires: AtomicU64::new(self.expiry(now)),
            used: AtomicBool::new(false),
        });
        let mut state = self.state.write();
        if state.tokens.contains_key(text) {
            return;
        }
        state.sweep(now);
        while state.queue.len() >= self.max {
            state.evict();
        }
        state.tokens.insert(Arc::clone(&token.text), Arc::clone(&token));
        state.queue.push_back(token);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn expiry(&self, now: u64) -> u64 {
        now.saturating_add(u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX))
    }
}

impl State {
    /// Lets go of a few that have expired, if there are any.
    fn sweep(&mut self, now: u64) {
        for _ in 0..LOOKED_AT.min(self.queue.len()) {
            let Some(token) = self.queue.pop_front() else { return };
            if token.has_expired(now) {
                self.tokens.remove(&token.text);
            } else {
                self.queue.push_back(token);
            }
        }
    }

    /// Lets go of one that was not used since it was last looked at.
    fn evict(&mut self) {
        while let Some(token) = self.queue.pop_front() {
            if token.used.swap(false, Ordering::Relaxed) {
                self.queue.push_back(token);
            } else {
                self.tokens.remove(&token.text);
                return;
            }
        }
    }
}

impl Token {
    fn has_expired(&self, now: u64) -> bool {
        now >= self.expires.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::super::signed::tests::{enabled, holder};
    use super::*;

    const TTL: Duration = Duration::from_secs(300);
    const GIVEN: Duration = Duration::from_secs(1_000_000);

    fn give(tokens: &SimpleTokens, state: &AuthState, user: &str) -> String {
        tokens.issue(holder(state, user), GIVEN, Position(42))
    }

    /// Who has a token, at so long after it was given by the clock of the storage.
    fn find(tokens: &SimpleTokens, state: &AuthState, token: &str, after: Duration) -> Option<String> {
        tokens.find(token, state, || GIVEN + after).map(|user| user.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_lives_as_long_as_it_is_used() {
        let (tokens, state) = (SimpleTokens::new(TTL), enabled(&["a", "b"]).await);
        let (used, idle) = (give(&tokens, &state, "a"), give(&tokens, &state, "b"));
        for _ in 0..3 {
            advance(TTL - Duration::from_secs(1)).await;
            assert_eq!(find(&tokens, &state, &used, TTL * 3).as_deref(), Some("a"));
        }
        assert_eq!(find(&tokens, &state, &idle, Duration::ZERO), None, "whatever the storage's clock says");
        advance(TTL).await;
        assert_eq!(find(&tokens, &state, &used, TTL * 4), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_of_another_server_is_taken_in_while_it_is_new_and_lives_on_with_its_use() {
        let (one, two, state) = (SimpleTokens::new(TTL), SimpleTokens::new(TTL), enabled(&["a"]).await);
        let token = give(&one, &state, "a");
        assert_eq!(find(&two, &state, &token, TTL), None, "it is too old");
        assert_eq!(two.state.read().tokens.len(), 0);
        let new = TTL - Duration::from_millis(1);
        for after in [new, TTL * 2] {
            assert_eq!(find(&two, &state, &token, after).as_deref(), Some("a"));
        }
        assert_eq!(two.state.read().queue.len(), 1, "it is known by now");
        advance(TTL).await;
        assert_eq!(find(&two, &state, &token, TTL * 3), None);
    }

    #[tokio::test]
    async fn a_token_from_a_future_that_is_too_far_is_refused() {
        let (one, two, state) = (SimpleTokens::new(TTL), SimpleTokens::new(TTL), enabled(&["a"]).await);
        let token = give(&one, &state, "a");
        let at = |now: Duration| two.find(&token, &state, || now).is_some();
        assert!(!at(GIVEN - TTL), "its clock was wrong");
        assert!(at(GIVEN - Duration::from_millis(1)), "this one is slow");
    }

    #[tokio::test]
    async fn who_has_another_password_or_another_key_has_no_token_that_is_known() {
        let (tokens, state) = (SimpleTokens::new(TTL), enabled(&["a"]).await);
        let token = give(&tokens, &state, "a");
        assert_eq!(
            find(&tokens, &enabled(&["a"]).await, &token, Duration::ZERO),
            None,
            "authentication was turned on anew"
        );
        assert_eq!(find(&tokens, &state, &token, Duration::ZERO).as_deref(), Some("a"));
        assert_eq!(find(&tokens, &AuthState::default(), &token, Duration::ZERO), None);
    }

    #[tokio::test(start_paused = true)]
    async fn expired_tokens_take_no_memory_for_long() {
        let (tokens, state) = (SimpleTokens::new(TTL), enabled(&["a"]).await);
        for _ in 0..1000 {
            give(&tokens, &state, "a");
        }
        advance(TTL).await;
        for _ in 0..1000 / (LOOKED_AT - 1) + 1 {
            give(&tokens, &state, "a");
        }
        let state = tokens.state.read();
        assert_eq!((state.tokens.len(), state.queue.len()), (143, 143));
    }

    #[tokio::test]
    async fn whoever_authenticates_without_end_loses_what_is_not_used() {
        let (tokens, state) = (SimpleTokens { max: 100, ..SimpleTokens::new(TTL) }, enabled(&["a", "b"]).await);
        let (idle, used) = (give(&tokens, &state, "a"), give(&tokens, &state, "a"));
        for _ in 0..1000 {
            give(&tokens, &state, "b");
            assert_eq!(find(&tokens, &state, &used, TTL).as_deref(), Some("a"));
        }
        assert_eq!(find(&tokens, &state, &idle, TTL), None);
        assert_eq!(tokens.state.read().tokens.len(), 100);
    }
}
