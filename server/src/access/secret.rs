use std::fmt;

use zeroize::Zeroizing;

/// A password, which is never printed, and wiped from memory once it is done with.
#[derive(Clone)]
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
