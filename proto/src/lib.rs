//! The etcd v3 API: messages, clients and server traits, generated from the .proto files of this crate, whose packages,
//! names and numbers are etcd 3.7's. Keys and values are [`bytes::Bytes`]: decoding a request copies nothing.

/// Users, roles and permissions.
#[allow(clippy::all, unreachable_pub, unused_qualifications)]
pub mod authpb {
    tonic::include_proto!("authpb");
}

/// The services KV, Watch, Lease, Cluster, Maintenance and Auth.
#[allow(clippy::all, unreachable_pub, unused_qualifications)]
pub mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}

/// Keys, values and events.
#[allow(clippy::all, unreachable_pub, unused_qualifications)]
pub mod mvccpb {
    tonic::include_proto!("mvccpb");
}

/// The service Election.
#[allow(clippy::all, unreachable_pub, unused_qualifications)]
pub mod v3electionpb {
    tonic::include_proto!("v3electionpb");
}

/// The service Lock.
#[allow(clippy::all, unreachable_pub, unused_qualifications)]
pub mod v3lockpb {
    tonic::include_proto!("v3lockpb");
}

/// All descriptors, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
