//! Whatever comes as JSON.

use bytes::Bytes;
use proptest::prelude::*;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::json;
use super::methods::METHODS;
use super::values::Values;
use crate::encode::FRAME_HEAD_BYTES;

/// Pieces of JSON as requests have it, and of what only looks like it.
const PIECES: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\"",
    "\\",
    "\"key\":",
    "\"value\":",
    "\"success\":",
    "\"request_put\":",
    "\"request_txn\":",
    "\"compare\":",
    "\"target\":",
    "\"create_request\":",
    "\"ID\":",
    "\"Zm9v\"",
    "\"MOD\"",
    "\"7\"",
    "-1",
    "1e9",
    "null",
    "true",
    "\u{fe}",
    "\\u00",
];

fn kinds() -> [MessageDescriptor; 4] {
    let input = |path: &str| METHODS.find(path).expect("a path").descriptor.input();
    ["/v3/kv/txn", "/v3/watch", "/v3/lease/grant", "/v3/auth/role/grant"].map(input)
}

/// Pieces in any order, with bytes that are no text among them.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => proptest::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn cut(bytes: &[u8], step: usize) -> Vec<Bytes> {
    let (mut values, mut found) = (Values::default(), Vec::new());
    for part in bytes.chunks(step) {
        values.push(part);
        found.extend(std::iter::from_fn(|| values.next()));
    }
    found.extend(values.rest());
    found
}

proptest! {
    #[test]
    fn values_do_not_depend_on_how_the_bytes_come(bytes in jsonish(), step in 1..9_usize) {
        prop_assert_eq!(cut(&bytes, step), cut(&bytes, bytes.len().max(1)));
    }

    #[test]
    fn what_is_read_is_a_message_that_is_written_and_read_again(bytes in jsonish()) {
        for (value, kind) in cut(&bytes, 64).iter().flat_map(|value| kinds().map(|kind| (value, kind))) {
            let Ok(frame) = json::to_frame(&kind, value) else { continue };
            let message = frame.slice(FRAME_HEAD_BYTES..);
            let mut written = Vec::new();
            json::write(&kind, message.clone(), &mut written).expect("it is a message of this kind");
            let again = json::to_frame(&kind, &written).expect("what is written can be read");
            let decode = |bytes| DynamicMessage::decode(kind.clone(), bytes).expect("a message");
            prop_assert_eq!(decode(message), decode(again.slice(FRAME_HEAD_BYTES..)));
        }
    }

    #[test]
    fn bytes_that_are_no_message_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for kind in kinds() {
            let readable = DynamicMessage::decode(kind.clone(), &bytes[..]).is_ok();
            prop_assert_eq!(json::write(&kind, Bytes::from(bytes.clone()), &mut Vec::new()).is_ok(), readable);
        }
    }
}
