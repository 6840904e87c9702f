//! Reads.

mod load;
mod scan;
mod values;

use sqlx::postgres::PgConnection;
use storage_core::backend::Bounds;
use storage_core::{Position, Revision};

pub(crate) use self::load::load;
pub(crate) use self::scan::{most, scan};
pub(crate) use self::values::values;
use crate::failure::Result;

const HEAD: &str = "SELECT position, revision FROM auroch.head";

/// Where the log ends.
pub(crate) async fn bounds(connection: &mut PgConnection) -> Result<Bounds> {
    let (position, revision): (i64, i64) = sqlx::query_as(HEAD).fetch_one(connection).await?;
    Ok(Bounds { position: Position(position.cast_unsigned()), revision: Revision(revision) })
}
