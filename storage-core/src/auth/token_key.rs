//! What tokens are signed with.

use std::fmt;

/// A secret of the store, known to every server on it: what one signs, each can verify. Whoever has it can make tokens, so it is
/// as secret as the passwords' hashes beside which it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// What to sign with.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A debug print leaves the secret out.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}
