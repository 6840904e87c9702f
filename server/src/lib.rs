//! The etcd v3 gRPC services over the engine, as a library and as the program auroch.
