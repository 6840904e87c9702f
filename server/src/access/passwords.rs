use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::secret::Password;

/// Passwords that were found right are remembered, this many.
const REMEMBERED: usize = 4096;
/// So many may wait to be hashed; each takes a good part of a second's tenth.
const MAX_WAITING: usize = 256;
/// What bcrypt looks at; it takes more for a mistake.
const MAX_PASSWORD_BYTES: usize = 72;

/// Hashes and verifies passwords, off the threads that serve requests.
///
/// A password that was right once is found by its digest from then on. The digest covers the stored hash, so one that
/// was changed or whose user is gone is not found; and a key of the process, so that it tells nothing about the password.
pub(super) struct Passwords {
    cost: u32,
    key: [u8; 32],
    right: Cache<[u8; 32], ()>,
    /// Half of the cores, so that the others are left to requests.
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// A hash that no password has, of the cost that others have.
    nobodys: tokio::sync::OnceCell<Arc<[u8]>>,
}

/// Why a password was not looked at.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PasswordError {
    #[error("too many requests")]
    Busy,
    /// etcd's text, which is that of the library it uses.
    #[error("bcrypt: password length exceeds 72 bytes")]
    TooLong,
    #[error("cannot hash a password: {0}")]
    Hash(String),
}

impl Passwords {
    /// New hashes take the work of `cost`.
    pub(super) fn new(cost: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            cost,
            key: rand::random(),
            right: Cache::new(REMEMBERED),
            running: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Semaphore::new(MAX_WAITING),
            nobodys: tokio::sync::OnceCell::new(),
        }
    }

    /// The hash to be stored for a new password.
    pub(super) async fn hash(&self, password: Password) -> Result<Vec<u8>, PasswordError> {
        if password.as_bytes().len() > MAX_PASSWORD_BYTES {
            return Err(PasswordError::TooLong);
        }
        let cost = self.cost;
        let hashed = self.work(move || bcrypt::hash_bytes(password.as_bytes(), cost)).await?;
        hashed.map(|hash| hash.to_vec()).map_err(|error| PasswordError::Hash(error.to_string()))
    }

    /// Whether `password` is that of `user`, of whom `stored` is the hash. A user without one takes as long, and is refused.
    pub(super) async fn verify(
        &self,
        user: &str,
        stored: Option<&[u8]>,
        password: Password,
    ) -> Result<bool, PasswordError> {
        let Some(stored) = stored else {
            let stored = self.nobodys().await?;
            self.compare(stored, password).await?;
            return Ok(false);
        };
        let digest = self.digest(user, stored, &password);
        if self.right.get(&digest).is_some() {
            return Ok(true);
        }
        let right = self.compare(stored.into(), password).await?;
        if right {
            self.right.insert(digest, ());
        }
        Ok(right)
    }

    async fn compare(&self, stored: Arc<[u8]>, password: Password) -> Result<bool, PasswordError> {
        self.work(move || {
            let stored = str::from_utf8(&stored).unwrap_or_default();
            bcrypt::verify(password.as_bytes(), stored).unwrap_or(false)
        })
        .await
    }

    async fn nobodys(&self) -> Result<Arc<[u8]>, PasswordError> {
        let hash = async || self.hash(Password::from("nobody's".to_owned())).await.map(Arc::from);
        self.nobodys.get_or_try_init(hash).await.cloned()
    }

    /// Runs what takes long on a thread of its own.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let worked = tokio::task::spawn_blocking(move || {
            // Held until the work is done, though nobody may be waiting for it any more.
            let _running = running;
            work()
        });
        worked.await.map_err(|error| PasswordError::Hash(error.to_string()))
    }

    fn digest(&self, user: &str, stored: &[u8], password: &Password) -> [u8; 32] {
        let mut digest = Sha256::new_with_prefix(self.key);
        for part in [user.as_bytes(), stored, password.as_bytes()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        text.to_owned().into()
    }

    fn passwords() -> Passwords {
        Passwords::new(4)
    }

    #[tokio::test]
    async fn a_password_is_right_the_first_and_the_second_time() {
        let passwords = passwords();
        let hash = passwords.hash(password("secret")).await.unwrap();
        assert!(hash.starts_with(b"$2b$04$"));
        for _ in 0..2 {
            assert_eq!(passwords.verify("u", Some(&hash), password("secret")).await, Ok(true));
            assert_eq!(passwords.verify("u", Some(&hash), password("wrong")).await, Ok(false));
        }
        assert_eq!(passwords.right.len(), 1, "what is wrong is not remembered");
    }

    #[tokio::test]
    async fn a_changed_password_is_not_remembered_as_right() {
        let passwords = passwords();
        let (old, new) =
            (passwords.hash(password("old")).await.unwrap(), passwords.hash(password("new")).await.unwrap());
        assert_eq!(passwords.verify("u", Some(&old), password("old")).await, Ok(true));
        assert_eq!(passwords.verify("u", Some(&new), password("old")).await, Ok(false));
    }

    #[tokio::test]
    async fn nobodys_password_and_a_hash_that_is_none_are_never_right() {
        let passwords = passwords();
        for stored in [None, Some(&b""[..]), Some(b"\xff"), Some(b"$2a$10$short")] {
            assert_eq!(passwords.verify("u", stored, password("nobody's")).await, Ok(false), "{stored:?}");
        }
    }

    #[tokio::test]
    async fn gos_hashes_are_understood() {
        const HASH: &[u8] = b"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let passwords = passwords();
        assert_eq!(passwords.verify("u", Some(HASH), password("1234")).await, Ok(false));
        let hash = bcrypt::hash_with_salt("1234", 4, [7; 16]).unwrap().format_for_version(bcrypt::Version::TwoA);
        assert_eq!(passwords.verify("u", Some(hash.as_bytes()), password("1234")).await, Ok(true));
    }

    #[tokio::test]
    async fn a_password_that_is_too_long_is_refused_in_gos_words() {
        let passwords = passwords();
        assert!(passwords.hash(password(&"x".repeat(72))).await.is_ok());
        let refused = passwords.hash(password(&"x".repeat(73))).await.unwrap_err();
        assert_eq!(refused.to_string(), "bcrypt: password length exceeds 72 bytes");
    }

    #[tokio::test]
    async fn more_than_a_few_hashes_do_not_wait() {
        let passwords = passwords();
        let _all = passwords.waiting.acquire_many(MAX_WAITING as u32).await.unwrap();
        assert_eq!(passwords.hash(password("x")).await, Err(PasswordError::Busy));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", password("secret")), "Password(..)");
    }
}
