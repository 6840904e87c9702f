//! Values by version.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::postgres::PgConnection;
use storage_core::commit::decode_metas;
use storage_core::{Revision, VersionId};

use crate::failure::Result;

const SELECT: &str = "SELECT revision, data FROM auroch.commits WHERE revision = ANY($1)";

/// The values of `ids` in the order asked.
pub(crate) async fn values(connection: &mut PgConnection, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>> {
    let mut revisions: Vec<i64> = ids.iter().map(|id| id.revision.0).collect();
    revisions.sort_unstable();
    revisions.dedup();
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(SELECT).bind(revisions).fetch_all(connection).await?;
    let mut found: HashMap<VersionId, Option<Bytes>> = ids.iter().map(|id| (*id, None)).collect();
    for (revision, stored) in rows {
        decode_metas(Revision(revision), &stored, |_, meta, value| {
            if let Some(wanted) = found.get_mut(&meta.id) {
                *wanted = Some(Bytes::copy_from_slice(value));
            }
        })?;
    }
    Ok(ids.iter().map(|id| found[id].clone()).collect())
}
