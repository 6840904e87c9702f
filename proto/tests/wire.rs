//! The wire is the contract: `wire.txt` lists what the descriptors of etcd 3.7.3's own Go modules say, one message,
//! field, enum value or call a line, sorted. Ours must say the same.

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

#[test]
fn every_message_field_enum_and_call_is_etcds() {
    let descriptors = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut ours: Vec<String> = descriptors.file.iter().flat_map(file).collect();
    ours.sort();
    let etcds: Vec<&str> = include_str!("wire.txt").lines().collect();
    let missing: Vec<_> = etcds.iter().filter(|line| !ours.iter().any(|our| our == *line)).collect();
    let extra: Vec<_> = ours.iter().filter(|line| !etcds.contains(&line.as_str())).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}

fn file(file: &FileDescriptorProto) -> Vec<String> {
    let package = file.package();
    let mut lines: Vec<String> = file.message_type.iter().flat_map(|m| message(package, m)).collect();
    lines.extend(file.enum_type.iter().flat_map(|e| enumeration(package, e)));
    for service in &file.service {
        lines.extend(service.method.iter().map(|call| {
            format!(
                "rpc {package}.{}/{} {}{} -> {}{}",
                service.name(),
                call.name(),
                if call.client_streaming() { "stream " } else { "" },
                short(call.input_type()),
                if call.server_streaming() { "stream " } else { "" },
                short(call.output_type()),
            )
        }));
    }
    lines
}

fn message(parent: &str, message_type: &DescriptorProto) -> Vec<String> {
    let name = format!("{parent}.{}", message_type.name());
    let mut lines = vec![format!("message {name}")];
    lines.extend(message_type.field.iter().map(|f| field(&name, message_type, f)));
    lines.extend(message_type.enum_type.iter().flat_map(|e| enumeration(&name, e)));
    lines.extend(message_type.nested_type.iter().flat_map(|m| message(&name, m)));
    lines
}

fn field(message: &str, message_type: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let repeated = if field.label() == Label::Repeated { "repeated " } else { "" };
    let oneof = field
        .oneof_index
        .map(|index| format!(" in {}", message_type.oneof_decl[index as usize].name()))
        .unwrap_or_default();
    format!("field {message}.{} = {} {repeated}{}{oneof}", field.name(), field.number(), kind(field))
}

fn kind(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => short(field.type_name()).to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

fn enumeration(parent: &str, enumeration: &EnumDescriptorProto) -> Vec<String> {
    let line = |name: &str, number: i32| format!("enum {parent}.{} {name} = {number}", enumeration.name());
    enumeration.value.iter().map(|value| line(value.name(), value.number())).collect()
}

/// A full name without its leading dot.
fn short(name: &str) -> &str {
    name.trim_start_matches('.')
}
