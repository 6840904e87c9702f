//! Updates at a fixed rate while all old revisions are compacted: the same load as without, so the two can be compared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::etcdserverpb::CompactionRequest;

use super::{Done, update};
use crate::error::HarnessError;
use crate::session::Session;
use crate::shape;

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let (compaction, updates) = tokio::join!(compact(session), update::run_open(session));
    Ok(Done { beside: Some(compaction?), ..updates? })
}

/// Compacts up to now, and waits until the revisions are gone; answers how long that took.
async fn compact(session: &Session) -> Result<Duration, HarnessError> {
    let mut kv = session.kv(0);
    let header = kv.range(shape::count()).await?.into_inner().header;
    let request = CompactionRequest { revision: header.unwrap_or_default().revision, physical: true };
    let begin = Instant::now();
    kv.compact(request).await?;
    Ok(begin.elapsed())
}
