//! Users.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::ROOT;

/// A password's bcrypt hash. The engine never sees a password itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Bytes);

impl PasswordHash {
    /// Takes the text that bcrypt makes. An empty one is a password that nothing matches.
    #[must_use]
    pub fn new(hash: impl Into<Bytes>) -> Self {
        Self(hash.into())
    }

    /// What to verify a password with.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A hash is a credential: a debug print leaves it out.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(super) password: Option<PasswordHash>,
    /// Sorted.
    pub(super) roles: Vec<Arc<str>>,
}

impl User {
    /// A user as another store had it; roles in any order.
    #[must_use]
    pub fn new(password: Option<PasswordHash>, mut roles: Vec<Arc<str>>) -> Self {
        roles.sort_unstable();
        roles.dedup();
        Self { password, roles }
    }

    /// The password's hash; `None` if the user has none, and so can only be known by a client certificate.
    #[must_use]
    pub fn password_hash(&self) -> Option<&PasswordHash> {
        self.password.as_ref()
    }

    /// The names of the user's roles, sorted. The role root need not exist.
    #[must_use]
    pub fn roles(&self) -> &[Arc<str>] {
        &self.roles
    }

    /// Whether the user has the role of this name.
    #[must_use]
    pub fn has_role(&self, name: &str) -> bool {
        self.roles.binary_search_by(|role| (**role).cmp(name)).is_ok()
    }

    /// Whether the user may do everything.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.has_role(ROOT)
    }
}
