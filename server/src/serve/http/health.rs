use ::http::{Response, StatusCode};
use serde::Serialize;
use storage_core::{KeyRange, RangeRequest, Store, StoreError};

use super::query::Query;
use super::response::{error, json_as_text, to_json};
use crate::convert;
use crate::metrics;
use crate::serve::body::Body;

/// etcd's answer of `/health`; a string, not a boolean.
#[derive(Serialize)]
struct Health {
    health: &'static str,
    reason: String,
}

/// Answers `/health`.
pub(super) async fn health(store: &Store, counts: &metrics::Health, query: Query<'_>) -> Response<Body> {
    let sickness = sickness(store, query).await;
    let is_news = counts.answered(sickness.is_none(), query.has("exclude"));
    match sickness {
        None => {
            if is_news {
                tracing::info!("/health answers that the server is healthy again");
            }
            json_as_text(&Health { health: "true", reason: String::new() })
        }
        Some(reason) => {
            if is_news {
                tracing::warn!(reason, "/health answers that the server is not healthy");
            } else {
                tracing::debug!(reason, "/health answers that the server is still not healthy");
            }
            error(StatusCode::SERVICE_UNAVAILABLE, &to_json(&Health { health: "false", reason }))
        }
    }
}

/// What is wrong, if something is: an alarm that `query` does not exclude, the storage, or reading.
async fn sickness(store: &Store, query: Query<'_>) -> Option<String> {
    let status = store.status();
    for alarm in status.alarms {
        let name = convert::alarm_type(alarm.kind).as_str_name();
        if !query.excludes(name) {
            return Some(format!("ALARM {name}"));
        }
    }
    if let Some(cause) = status.failure {
        return Some(format!("STORAGE ERROR:{cause}"));
    }
    let serializable = query.values("serializable").next() == Some("true");
    read(store, serializable).await.err().map(|error| format!("RANGE ERROR:{error}"))
}

/// Whether anything can be read.
pub(super) async fn read(store: &Store, serializable: bool) -> Result<(), StoreError> {
    let probe = KeyRange::new(b"\0", b"");
    let read = RangeRequest { serializable, keys_only: true, limit: 1, ..RangeRequest::new(probe) };
    store.range(read).await.map(drop)
}
