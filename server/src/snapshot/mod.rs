//! Snapshots: the whole store as a database file of etcd's.
//!
//! `save` writes one, in the [form](bolt) and with the [content](schema) of etcd's own, and `stream` sends it; [`restore`] reads
//! one, ours or a real etcd's.

mod auth;
mod bolt;
pub(crate) mod restore;
mod save;
mod schema;
mod stream;

pub(crate) use self::schema::Origin;
pub(crate) use self::stream::{SnapshotStream, Snapshots};
