//! The engine's own encodings are what the messages of the API decode to.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use prost::Message as _;
use proto::mvccpb;
use storage_core::{Event, LeaseId, PrevKv, Revision, Sub, VersionId, VersionMeta, wire};

use crate::support::seed::{self, Time};

type Kv = (Vec<u8>, VersionMeta, Vec<u8>);

/// Numbers of every length that a varint has.
fn number() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0..64u32).prop_map(|(n, shift)| n >> shift)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..20), prop::collection::vec(any::<u8>(), 120..300)]
}

fn kv() -> impl Strategy<Value = Kv> {
    (bytes(), number(), number(), number(), number(), bytes()).prop_map(
        |(key, create, modified, version, lease, value)| {
            let id = VersionId { revision: Revision(modified), sub: Sub(0) };
            (key, VersionMeta::put(id, Revision(create), version, LeaseId(lease), value.len()), value)
        },
    )
}

fn message((key, meta, value): &Kv) -> mvccpb::KeyValue {
    mvccpb::KeyValue {
        key: Bytes::copy_from_slice(key),
        create_revision: meta.create_revision.0,
        mod_revision: meta.mod_revision().0,
        version: meta.version,
        value: Bytes::copy_from_slice(value),
        lease: meta.lease.0,
    }
}

fn check_event(kv: &Kv, prev: Option<&Kv>, deleted: bool) {
    let (key, meta, value) = kv;
    let (meta, value) = if deleted { (VersionMeta::tombstone(meta.id), &Vec::new()) } else { (*meta, value) };
    let known = prev.map(|(_, meta, value)| PrevKv::known(*meta, Bytes::copy_from_slice(value)));
    let event = Event::new(key.as_slice().into(), meta, Bytes::copy_from_slice(value), known);
    let kind = if deleted { mvccpb::event::EventType::Delete } else { mvccpb::event::EventType::Put };
    for prev_kv in [false, true] {
        let decoded = mvccpb::Event::decode(event.encoded(prev_kv).clone()).expect("it is an event");
        let prev = prev.filter(|_| prev_kv).map(|(_, meta, value)| message(&(key.clone(), *meta, value.clone())));
        let wanted = mvccpb::Event {
            r#type: kind.into(),
            kv: Some(message(&(key.clone(), meta, value.clone()))),
            prev_kv: prev,
        };
        assert_eq!(decoded, wanted);
        assert_eq!(event.encoded(prev_kv).len(), wanted.encoded_len());
    }
}

#[test]
fn key_values_are_encoded_as_their_message_is() {
    let test = "wire::key_values_are_encoded_as_their_message_is";
    seed::check(test, 500, Time::Paused, &kv(), async |kv| {
        let (key, meta, value) = &kv;
        let mut encoded = BytesMut::new();
        wire::put_key_value(&mut encoded, key, meta, value);
        assert_eq!(encoded.len(), wire::key_value_len(key, meta, value.len()));
        assert_eq!(&encoded[..], &message(&kv).encode_to_vec()[..]);
        let decoded = mvccpb::KeyValue::decode(encoded.freeze()).expect("it is a key-value");
        assert_eq!(decoded, message(&kv));
        Ok(())
    });
}

#[test]
fn events_are_encoded_as_their_message_is() {
    let test = "wire::events_are_encoded_as_their_message_is";
    let input = (kv(), prop::option::of(kv()), any::<bool>());
    seed::check(test, 500, Time::Paused, &input, async |(kv, prev, deleted)| {
        check_event(&kv, prev.as_ref(), deleted);
        Ok(())
    });
}
