//! Snapshots: the whole store as a database file of etcd's.
//!
//! `save` writes one, in the [form](bolt) and with the [content](schema) of etcd's own, and `stream` sends it.

mod auth;
mod bolt;
mod save;
mod schema;
mod stream;

pub(crate) use self::schema::Origin;
pub(crate) use self::stream::{SnapshotStream, Snapshots};
