//! Authentication's state: who the users are, and which keys each may read and write. Source of every rule: etcd 3.7.3,
//! `server/auth`.
//!
//! The state is part of the state machine, so it is as durable and ordered as keys are. Whether a request comes from whom it
//! names is the server's business: it makes a [`Store`](crate::Store) for the [`Caller`] by
//! [`Store::for_client`](crate::Store::for_client), and what that store is asked is checked.

mod caller;
mod change;
mod check;
mod error;
mod intervals;
mod permissions;
mod published;
mod record;
mod role;
mod state;
mod token_key;
mod user;

pub(crate) use self::caller::Access;
pub use self::caller::Caller;
pub use self::change::AuthChange;
pub(crate) use self::check::Check;
pub use self::error::AuthError;
pub(crate) use self::published::{Permit, Published};
pub(crate) use self::record::AuthRecord;
pub use self::role::{Permission, PermissionKind, Role};
pub use self::state::AuthState;
pub use self::token_key::TokenKey;
pub use self::user::{PasswordHash, User};

/// The name of the user that must exist while authentication is on, and of the role that may do everything.
pub const ROOT: &str = "root";
