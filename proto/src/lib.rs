//! The etcd v3 API: messages, clients and server traits.
