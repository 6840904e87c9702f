use storage_core::{Revision, Store, StoreError};

use super::ClientCompaction;
use super::kine::newest_to_compact;

/// Does with a client's wish what `rule` says. Answers the current revision.
///
/// # Errors
/// As [`Store::compact`].
pub(crate) async fn compact_for_client(
    store: &Store,
    rule: ClientCompaction,
    revision: Revision,
    physical: bool,
) -> Result<Revision, StoreError> {
    let status = store.status();
    let allowed = match rule {
        ClientCompaction::Done => revision,
        ClientCompaction::Keeping(newest) => revision.min(newest_to_compact(status.revision, newest)),
        ClientCompaction::Ignored => status.compact_revision,
    };
    let makes_sense = revision > status.compact_revision && revision <= status.revision;
    if !makes_sense || allowed == revision {
        return store.compact(revision, physical).await;
    }
    if allowed <= status.compact_revision {
        store.check_admin()?;
        return Ok(status.revision);
    }
    match store.compact(allowed, physical).await {
        // By another client meanwhile, and further than this one may.
        Err(StoreError::Compacted { .. }) => Ok(status.revision),
        answer => answer,
    }
}
