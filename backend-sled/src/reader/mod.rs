//! Reads, which never wait for a flush.

pub(crate) mod load;
pub(crate) mod scan;
mod values;

use backend_embedded::{Query, Queue};
use sled::Tree;
use storage_core::backend::{BackendError, Bounds};

pub(crate) use self::load::{bounds, load};
use crate::failure::{Failure, Result, guarded};
use crate::shared::Shared;

/// The body of a reader thread.
pub(crate) fn run(shared: &Shared, queries: &Queue<Query>) {
    queries.answer(
        |ids| read(shared, |tree, end| values::values(tree, ids, end)),
        |from, limits| read(shared, |tree, end| scan::scan(tree, from, limits, end)),
    );
}

/// Reads what is known to be durable.
fn read<T>(shared: &Shared, work: impl FnOnce(&Tree, Bounds) -> Result<T>) -> std::result::Result<T, BackendError> {
    let end = shared.known.bounds();
    let database = shared.read()?;
    guarded(|| work(database.tree(), end)).map_err(Failure::of_read)
}
