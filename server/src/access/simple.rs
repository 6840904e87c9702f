use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use rand::RngExt as _;
use storage_core::Position;
use storage_core::auth::PasswordHash;
use tokio::time::Instant;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS_PER_TOKEN: usize = 16;
/// So many are remembered. Beyond it those go first that nobody uses: their clients authenticate again.
const MAX_TOKENS: usize = 65_536;
/// So many old ones are looked at for each new one, to let go of those that have expired. More than one, so that these are few.
const LOOKED_AT: usize = 8;

/// Tokens that are random letters, which the server remembers for a while after their last use.
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
    /// The auth revision then. Once authentication has been turned off, nobody holds anything.
    pub(super) auth_revision: u64,
}

impl SimpleTokens {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, began: Instant::now(), max: MAX_TOKENS, state: RwLock::default() }
    }

    /// A new token. etcd ends it with the log's position, so that it is unique, and some clients look for two parts.
    pub(super) fn issue(&self, holder: Holder, position: Position) -> String {
        let mut rng = rand::rng();
        let letter = |_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]);
        let letters: String = (0..LETTERS_PER_TOKEN).map(letter).collect();
        let text = format!("{letters}.{}", position.0);
        let now = self.now();
        let token = Arc::new(Token {
            text: text.as_str().into(),
            holder,
            expires: AtomicU64::new(self.expiry(now)),
            used: AtomicBool::new(false),
        });
        let mut state = self.state.write();
        state.sweep(now);
        while state.queue.len() >= self.max {
            state.evict();
        }
        state.tokens.insert(Arc::clone(&token.text), Arc::clone(&token));
        state.queue.push_back(token);
        text
    }

    /// Who has `token`, which now lives for another while.
    pub(super) fn find(&self, token: &str) -> Option<Holder> {
        let now = self.now();
        let state = self.state.read();
        let token = state.tokens.get(token).filter(|token| !token.has_expired(now))?;
        token.expires.store(self.expiry(now), Ordering::Relaxed);
        token.used.store(true, Ordering::Relaxed);
        Some(token.holder.clone())
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

    use super::*;

    const TTL: Duration = Duration::from_secs(300);

    fn holder(user: &str) -> Holder {
        Holder { user: user.into(), password: PasswordHash::new("hash"), auth_revision: 5 }
    }

    fn issue(tokens: &SimpleTokens, user: &str) -> String {
        tokens.issue(holder(user), Position(42))
    }

    #[tokio::test]
    async fn a_token_has_etcds_form_and_no_twin() {
        let tokens = SimpleTokens::new(TTL);
        let token = issue(&tokens, "a");
        let (letters, position) = token.split_once('.').unwrap();
        assert!(letters.len() == 16 && letters.bytes().all(|letter| letter.is_ascii_alphabetic()), "{letters}");
        assert_eq!(position, "42");
        assert_ne!(issue(&tokens, "a"), token);
        assert_eq!(tokens.find(&token), Some(holder("a")));
        assert_eq!(tokens.find(letters), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_lives_as_long_as_it_is_used() {
        let tokens = SimpleTokens::new(TTL);
        let (used, idle) = (issue(&tokens, "a"), issue(&tokens, "b"));
        for _ in 0..3 {
            advance(TTL - Duration::from_secs(1)).await;
            assert_eq!(tokens.find(&used), Some(holder("a")));
        }
        assert_eq!(tokens.find(&idle), None);
        advance(TTL).await;
        assert_eq!(tokens.find(&used), None);
    }

    #[tokio::test(start_paused = true)]
    async fn expired_tokens_take_no_memory_for_long() {
        let tokens = SimpleTokens::new(TTL);
        for _ in 0..1000 {
            issue(&tokens, "a");
        }
        advance(TTL).await;
        for _ in 0..1000 / (LOOKED_AT - 1) + 1 {
            issue(&tokens, "a");
        }
        let state = tokens.state.read();
        assert_eq!((state.tokens.len(), state.queue.len()), (143, 143));
    }

    #[tokio::test]
    async fn whoever_authenticates_without_end_loses_what_is_not_used() {
        let tokens = SimpleTokens { max: 100, ..SimpleTokens::new(TTL) };
        let (idle, used) = (issue(&tokens, "a"), issue(&tokens, "a"));
        for _ in 0..1000 {
            issue(&tokens, "b");
            assert_eq!(tokens.find(&used), Some(holder("a")));
        }
        assert_eq!(tokens.find(&idle), None);
        assert_eq!(tokens.state.read().tokens.len(), 100);
    }
}
