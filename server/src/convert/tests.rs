use proto::etcdserverpb as pb;
use proto::etcdserverpb::range_request::{SortOrder as WireOrder, SortTarget as WireTarget};
use storage_core::{Sort, SortOrder, SortTarget, StoreError};

use super::{range, range_stream, watch_create};

fn sorted(target: WireTarget, order: WireOrder) -> pb::RangeRequest {
    let (sort_target, sort_order) = (target as i32, order as i32);
    pb::RangeRequest { key: "k".into(), sort_target, sort_order, ..Default::default() }
}

#[test]
fn the_order_of_keys_is_no_order() {
    for order in [WireOrder::None, WireOrder::Ascend] {
        assert_eq!(range(&sorted(WireTarget::Key, order)).unwrap().sort, None);
    }
    let descending = Sort { target: SortTarget::Key, order: Some(SortOrder::Descend) };
    assert_eq!(range(&sorted(WireTarget::Key, WireOrder::Descend)).unwrap().sort, Some(descending));
}

#[test]
fn another_target_without_an_order_is_kept_apart() {
    let sort = range(&sorted(WireTarget::Mod, WireOrder::None)).unwrap().sort;
    assert_eq!(sort, Some(Sort { target: SortTarget::Mod, order: None }));
}

#[test]
fn a_stream_takes_a_target_without_an_order_alone() {
    let sort = range_stream(&sorted(WireTarget::Mod, WireOrder::None)).unwrap().sort;
    assert_eq!(sort, Some(Sort { target: SortTarget::Mod, order: None }));
    assert_eq!(range_stream(&sorted(WireTarget::Mod, WireOrder::Ascend)).unwrap_err(), StoreError::StreamSort);
}

#[test]
fn a_negative_limit_is_none() {
    let limit = |limit| range(&pb::RangeRequest { key: "k".into(), limit, ..Default::default() }).unwrap().limit;
    assert_eq!([limit(-5), limit(0), limit(5)], [0, 0, 5]);
}

#[test]
fn a_watch_without_a_key_begins_at_the_lowest_one() {
    let all = watch_create(&pb::WatchCreateRequest { range_end: b"\0"[..].into(), ..Default::default() });
    assert!(all.keys.contains(b"\0") && all.keys.contains(b"z"));
    let one = watch_create(&pb::WatchCreateRequest::default());
    assert!(one.keys.contains(b"\0") && !one.keys.contains(b"\0\0"));
}

#[test]
fn a_watch_chooses_its_id_unless_it_is_zero() {
    let id = |watch_id| watch_create(&pb::WatchCreateRequest { watch_id, ..Default::default() }).id;
    assert_eq!((id(0), id(9).map(|id| id.0)), (None, Some(9)));
}
