use proto::etcdserverpb::WatchCreateRequest;
use proto::etcdserverpb::watch_create_request::FilterType;
use storage_core::watch::WatchRequest;
use storage_core::{KeyRange, Revision, WatchId};

/// A watch. An empty key is the lowest one; id 0 leaves the choice to the server.
pub(crate) fn watch_create(request: &WatchCreateRequest) -> WatchRequest {
    let key: &[u8] = if request.key.is_empty() { b"\0" } else { &request.key };
    let filters = |wanted: FilterType| request.filters.contains(&(wanted as i32));
    WatchRequest {
        keys: KeyRange::new(key, &request.range_end),
        start_revision: Revision(request.start_revision),
        id: (request.watch_id != 0).then_some(WatchId(request.watch_id)),
        prev_kv: request.prev_kv,
        progress_notify: request.progress_notify,
        no_put: filters(FilterType::Noput),
        no_delete: filters(FilterType::Nodelete),
    }
}
