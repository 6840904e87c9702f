use std::sync::Arc;

use ::http::{Response, StatusCode};
use storage_core::Store;

use super::response::{error, response};
use crate::metrics::Metrics;
use crate::serve::body::Body;

/// The text form that every scraper reads.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers `/metrics`.
pub(super) async fn metrics(store: &Store, metrics: &Arc<Metrics>) -> Response<Body> {
    match metrics.scrape(store).await {
        Some(page) => response(StatusCode::OK, TEXT, page),
        None => error(StatusCode::INTERNAL_SERVER_ERROR, "metrics could not be collected"),
    }
}
