//! Compiles the .proto files in pure Rust, and generates the messages, clients and servers; for the services in
//! [`HOT`] a second set of servers whose large answers are `encoded::Message` (see `src/encoded.rs`).

use std::{env, error::Error, fs, path::Path};

use prost::Message;
use tonic_prost_build::{
    FileDescriptorSet,
    manual::{self, Method, Service},
};

const FILES: [&str; 5] = [
    "authpb/auth.proto",
    "etcdserverpb/rpc.proto",
    "mvccpb/kv.proto",
    "v3electionpb/v3election.proto",
    "v3lockpb/v3lock.proto",
];

/// Services of `etcdserverpb` on the hot path, and the methods of theirs whose answers arrive encoded.
const HOT: [(&str, &[&str]); 2] = [("KV", &["Range", "RangeStream", "Txn"]), ("Watch", &["Watch"])];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out_dir = env::var("OUT_DIR")?;
    fs::write(Path::new(&out_dir).join("descriptors.bin"), descriptors.encode_to_vec())?;
    let hot: Vec<Service> = HOT.iter().map(|(service, encoded)| hot_service(&descriptors, service, encoded)).collect();
    manual::Builder::new().build_client(false).compile(&hot);
    tonic_prost_build::configure().bytes(".").build_transport(false).compile_fds(descriptors)?;
    Ok(())
}

/// The service as the descriptors have it, but for the answers of the methods in `encoded`.
fn hot_service(descriptors: &FileDescriptorSet, name: &str, encoded: &[&str]) -> Service {
    let service = descriptors
        .file
        .iter()
        .filter(|file| file.package() == "etcdserverpb")
        .flat_map(|file| &file.service)
        .find(|service| service.name() == name)
        .expect("every hot service is in the .proto files");
    let mut builder = Service::builder().name(name).package("etcdserverpb");
    for method in &service.method {
        let output = match encoded.contains(&method.name()) {
            true => "crate::encoded::Message".to_owned(),
            false => rust_path(method.output_type()),
        };
        let mut hot = Method::builder()
            .name(snake_case(method.name()))
            .route_name(method.name())
            .input_type(rust_path(method.input_type()))
            .output_type(output)
            .codec_path("tonic_prost::ProstCodec");
        if method.client_streaming() {
            hot = hot.client_streaming();
        }
        if method.server_streaming() {
            hot = hot.server_streaming();
        }
        builder = builder.method(hot.build());
    }
    builder.build()
}

/// `.etcdserverpb.PutRequest` to `crate::etcdserverpb::PutRequest`.
fn rust_path(proto_type: &str) -> String {
    format!("crate{}", proto_type.replace('.', "::"))
}

/// `RangeStream` to `range_stream`.
fn snake_case(camel_case: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in camel_case.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
