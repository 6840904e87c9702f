//! The numbers and names that etcd's API speaks of, each with a type of its own.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number that follows this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// etcd's main revision: one for every commit that changes keys. A fresh store is at revision 1.
    Revision(i64)
);
number!(
    /// The order of a mutation inside its commit, from 0.
    Sub(u32)
);
number!(
    /// The place of a commit in the log: dense, from 1; 0 is the empty log.
    Position(u64)
);
number!(
    /// A lease's identity; 0 means "no lease".
    LeaseId(i64)
);
number!(
    /// A watch's identity within its stream.
    WatchId(i64)
);

impl Revision {
    /// What a store answers before its first write.
    pub const FIRST: Self = Self(1);
}

impl LeaseId {
    /// The absence of a lease.
    pub const NONE: Self = Self(0);
}

/// Names a commit for good, so that an append with an unknown outcome can be recognised when read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CommitId(pub u128);

/// Names one version of one key: the mutation `sub` of the commit at `revision`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId {
    /// The commit's main revision.
    pub revision: Revision,
    /// The mutation inside the commit.
    pub sub: Sub,
}

/// A key, shared between the index, events and leases without copies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl Deref for Key {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// Keys may be secrets: a debug print shows a key's length only.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes)", self.0.len())
    }
}

/// What is known of one version of a key without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionMeta {
    /// Where the value is; `id.revision` is the `mod_revision`.
    pub id: VersionId,
    /// Revision of the put that began this life of the key; 0 for a tombstone.
    pub create_revision: Revision,
    /// Number of puts in this life of the key; 0 for a tombstone.
    pub version: i64,
    /// The lease it is attached to, or [`LeaseId::NONE`].
    pub lease: LeaseId,
    value_len: u32,
}

impl VersionMeta {
    const TOMBSTONE: u32 = u32::MAX;

    /// The metadata of a put whose value has `value_len` bytes.
    ///
    /// # Panics
    /// If `value_len` is 4 GiB or more; request limits lie far below.
    #[must_use]
    pub fn put(id: VersionId, create_revision: Revision, version: i64, lease: LeaseId, value_len: usize) -> Self {
        let value_len = u32::try_from(value_len).expect("a value is smaller than 4 GiB");
        assert!(value_len != Self::TOMBSTONE, "a value is smaller than 4 GiB");
        Self { id, create_revision, version, lease, value_len }
    }

    /// The metadata of a deletion.
    #[must_use]
    pub fn tombstone(id: VersionId) -> Self {
        Self { id, create_revision: Revision(0), version: 0, lease: LeaseId::NONE, value_len: Self::TOMBSTONE }
    }

    /// The revision that wrote this version.
    #[must_use]
    pub fn mod_revision(&self) -> Revision {
        self.id.revision
    }

    /// Whether this version is a deletion.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.value_len == Self::TOMBSTONE
    }

    /// Whether this put began a life of its key.
    #[must_use]
    pub fn is_create(&self) -> bool {
        self.create_revision == self.id.revision
    }

    /// Size of the value in bytes; 0 for a tombstone.
    #[must_use]
    pub fn value_bytes(&self) -> usize {
        if self.is_tombstone() { 0 } else { self.value_len as usize }
    }
}
