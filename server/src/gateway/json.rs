use bytes::Bytes;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use tonic::Status;

use crate::encode::frame_of;

/// A message in JSON as gRPC frames it.
pub(super) fn to_frame(kind: &MessageDescriptor, json: &[u8]) -> Result<Bytes, Status> {
    frame_of(&decode(kind, json)?)
}

fn decode(kind: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Status> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize_with_options(kind.clone(), &mut deserializer, &options);
    // The value ends where it is cut off, so nothing can be behind it.
    message.map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => Status::invalid_argument("unexpected EOF"),
        _ => Status::invalid_argument(error.to_string()),
    })
}

/// Writes a message in JSON to `out`: fields under the names of the .proto files, and without those that have their default.
pub(super) fn write(kind: &MessageDescriptor, message: Bytes, out: &mut Vec<u8>) -> Result<(), Status> {
    let failed = |error: &dyn std::fmt::Display| Status::internal(format!("cannot write the answer as JSON: {error}"));
    let message = DynamicMessage::decode(kind.clone(), message).map_err(|error| failed(&error))?;
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(true);
    let mut serializer = serde_json::Serializer::new(out);
    message.serialize_with_options(&mut serializer, &options).map_err(|error| failed(&error))
}

/// Replaces what HTML gives a meaning to by escapes: Go does so in what it writes of its own, such as the parts of a stream.
pub(super) fn escape_html(json: Vec<u8>) -> Vec<u8> {
    let is_special = |byte: &u8| matches!(byte, b'<' | b'>' | b'&');
    if !json.iter().any(is_special) {
        return json;
    }
    let mut out = Vec::with_capacity(json.len() + 64);
    for byte in json {
        if is_special(&byte) {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    out
}
