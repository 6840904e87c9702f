//! The control records of authentication, and their bytes. DESIGN.md lists them.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::role::{Permission, PermissionKind, Role};
use super::token_key::TokenKey;
use super::user::{PasswordHash, User};
use crate::commit::ControlChange;
use crate::key_range::KeyRange;

const PREFIX: &[u8] = b"auth/";
const STATUS: &[u8] = b"auth/status";
const TOKEN_KEY: &[u8] = b"auth/token_key";
const USER: &[u8] = b"auth/user/";
const ROLE: &[u8] = b"auth/role/";

/// A part of authentication's state as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthRecord {
    /// Whether it is on, and the auth revision.
    Status { enabled: bool, revision: u64 },
    /// What tokens are signed with; `None` if authentication was turned off.
    TokenKey(Option<TokenKey>),
    /// A user by name; `None` if it is gone.
    User(Arc<str>, Option<Arc<User>>),
    /// A role by name; `None` if it is gone.
    Role(Arc<str>, Option<Arc<Role>>),
}

impl AuthRecord {
    /// The change that writes this record, or removes it if it says that something is gone.
    pub(crate) fn change(self) -> ControlChange {
        ControlChange { key: self.key(), value: self.value() }
    }

    fn key(&self) -> Bytes {
        match self {
            Self::Status { .. } => Bytes::from_static(STATUS),
            Self::TokenKey(_) => Bytes::from_static(TOKEN_KEY),
            Self::User(name, _) => [USER, name.as_bytes()].concat().into(),
            Self::Role(name, _) => [ROLE, name.as_bytes()].concat().into(),
        }
    }

    /// `None` for what is gone.
    fn value(&self) -> Option<Bytes> {
        let mut out = BytesMut::new();
        match self {
            Self::Status { enabled, revision } => {
                out.put_u8(u8::from(*enabled));
                out.put_u64(*revision);
            }
            Self::TokenKey(key) => out.put_slice(key.as_ref()?.as_bytes()),
            Self::User(_, user) => put_user(&mut out, user.as_deref()?),
            Self::Role(_, role) => put_role(&mut out, role.as_deref()?),
        }
        Some(out.freeze())
    }

    /// Whether a control record of this name is one of authentication's.
    pub(crate) fn is_named(key: &[u8]) -> bool {
        key.starts_with(PREFIX)
    }

    /// The record that `key` and `value` hold; `None` if they are not one of authentication's, or malformed.
    pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Option<Self> {
        if key == STATUS {
            let mut fields = Fields(value?);
            let record = Self::Status { enabled: fields.flag()?, revision: fields.0.try_get_u64().ok()? };
            return fields.0.is_empty().then_some(record);
        }
        if key == TOKEN_KEY {
            let Some(value) = value else { return Some(Self::TokenKey(None)) };
            return Some(Self::TokenKey(Some(TokenKey::new(value.try_into().ok()?))));
        }
        let (name, is_user) = match key.strip_prefix(USER) {
            Some(name) => (name, true),
            None => (key.strip_prefix(ROLE)?, false),
        };
        let name = Arc::from(std::str::from_utf8(name).ok()?);
        let Some(value) = value else {
            return Some(if is_user { Self::User(name, None) } else { Self::Role(name, None) });
        };
        let mut fields = Fields(value);
        let record = if is_user {
            Self::User(name, Some(Arc::new(fields.user()?)))
        } else {
            Self::Role(name, Some(Arc::new(fields.role()?)))
        };
        fields.0.is_empty().then_some(record)
    }
}

fn put_user(out: &mut BytesMut, user: &User) {
    out.put_u8(u8::from(user.password.is_some()));
    put_bytes(out, user.password.as_ref().map_or(&[], PasswordHash::as_bytes));
    for role in &user.roles {
        put_bytes(out, role.as_bytes());
    }
}

fn put_role(out: &mut BytesMut, role: &Role) {
    for Permission { kind, keys } in &role.permissions {
        // etcd's own numbers.
        out.put_u8(match kind {
            PermissionKind::Read => 0,
            PermissionKind::Write => 1,
            PermissionKind::ReadWrite => 2,
        });
        put_bytes(out, keys.start());
        put_bytes(out, keys.end_bytes());
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32(u32::try_from(bytes.len()).expect("requests are far smaller than 4 GiB"));
    out.put_slice(bytes);
}

/// What is left of a record.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn flag(&mut self) -> Option<bool> {
        match self.0.try_get_u8().ok()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.0.try_get_u32().ok()? as usize;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn user(&mut self) -> Option<User> {
        let has_password = self.flag()?;
        let hash = self.bytes()?;
        if !has_password && !hash.is_empty() {
            return None;
        }
        let mut roles = Vec::new();
        while !self.0.is_empty() {
            roles.push(Arc::from(std::str::from_utf8(self.bytes()?).ok()?));
        }
        let password = has_password.then(|| PasswordHash::new(Bytes::copy_from_slice(hash)));
        Some(User { password, roles })
    }

    fn role(&mut self) -> Option<Role> {
        let mut permissions = Vec::new();
        while !self.0.is_empty() {
            let kind = match self.0.try_get_u8().ok()? {
                0 => PermissionKind::Read,
                1 => PermissionKind::Write,
                2 => PermissionKind::ReadWrite,
                _ => return None,
            };
            permissions.push(Permission { kind, keys: KeyRange::new(self.bytes()?, self.bytes()?) });
        }
        Some(Role { permissions })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn records() -> Vec<AuthRecord> {
        let user = User { password: Some(PasswordHash::new("$2b$10$x")), roles: vec!["a".into(), "root".into()] };
        let unnamed = User { password: None, roles: vec![] };
        let permissions = vec![
            Permission { kind: PermissionKind::ReadWrite, keys: KeyRange::new(b"\0", b"\0") },
            Permission { kind: PermissionKind::Read, keys: KeyRange::new(b"a", b"") },
            Permission { kind: PermissionKind::Write, keys: KeyRange::new(b"a/", b"a0") },
        ];
        vec![
            AuthRecord::Status { enabled: true, revision: u64::MAX },
            AuthRecord::TokenKey(Some(TokenKey::new([b'!'; 32]))),
            AuthRecord::TokenKey(None),
            AuthRecord::User("alice".into(), Some(Arc::new(user))),
            AuthRecord::User("certified/only".into(), Some(Arc::new(unnamed))),
            AuthRecord::User("gone".into(), None),
            AuthRecord::Role("r".into(), Some(Arc::new(Role { permissions }))),
            AuthRecord::Role("empty".into(), Some(Arc::default())),
            AuthRecord::Role("gone".into(), None),
        ]
    }

    #[test]
    fn every_record_comes_back_as_it_was_stored() {
        for record in records() {
            let value = record.value();
            assert_eq!(AuthRecord::decode(&record.key(), value.as_deref()), Some(record));
        }
    }

    proptest! {
        /// Mostly small numbers, as lengths and flags are.
        #[test]
        fn whatever_is_stored_is_refused_or_read_whole(
            key in select(vec!["auth/status", "auth/token_key", "auth/user/a", "auth/role/a", "auth/"]),
            value in vec(prop_oneof![4 => Just(0), 4 => 0..4u8, 1 => any::<u8>()], 0..40),
        ) {
            if let Some(record) = AuthRecord::decode(key.as_bytes(), Some(&value)) {
                prop_assert_eq!(record.value(), Some(value.into()));
            }
        }
    }

    #[test]
    fn a_record_that_is_cut_short_is_refused_or_another_but_never_a_panic() {
        for record in records() {
            let value = record.value().unwrap_or_default();
            for end in 0..value.len() {
                let cut = AuthRecord::decode(&record.key(), Some(&value[..end]));
                assert_ne!(cut, Some(record.clone()));
            }
        }
        assert_eq!(AuthRecord::decode(b"auth/other", Some(b"")), None);
        assert_eq!(AuthRecord::decode(b"auth/user/\xff", None), None);
        assert_eq!(AuthRecord::decode(b"auth/user/a", Some(&[1, 0xff, 0xff, 0xff, 0xff])), None);
    }

    #[test]
    fn no_debug_print_shows_a_hash_or_a_key() {
        let shown = format!("{:?}", records());
        assert!(
            shown.contains("alice") && !shown.contains("$2b$") && !shown.contains("33, 33") && !shown.contains("a/"),
            "{shown}"
        );
    }
}
