use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::PREFIX;
use super::paths::PATHS;

/// What the gateway can call. Made at the first request, so that a server that is never asked in JSON has no descriptors in memory.
pub(super) static METHODS: LazyLock<Methods> = LazyLock::new(Methods::new);

pub(super) struct Methods {
    by_path: HashMap<&'static str, Method>,
}

/// One call.
pub(super) struct Method {
    /// Its path as gRPC.
    pub(super) path: String,
    pub(super) descriptor: MethodDescriptor,
}

impl Methods {
    fn new() -> Self {
        let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("this crate's own descriptors are whole");
        let method = |name: &str| {
            let (service, method) = name.split_once('/').expect("the table says service/method");
            let service = pool.get_service_by_name(service).expect("the table names services that exist");
            let descriptor = service.methods().find(|found| found.name() == method);
            Method { path: format!("/{name}"), descriptor: descriptor.expect("the table names methods that exist") }
        };
        Self { by_path: PATHS.iter().map(|&(path, name)| (path, method(name))).collect() }
    }

    /// The call under `path`, which begins with [`PREFIX`].
    pub(super) fn find(&self, path: &str) -> Option<&Method> {
        self.by_path.get(path.strip_prefix(PREFIX)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_call_has_a_path_but_the_one_that_has_none_in_etcd() {
        let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
        let services = pool.services().collect::<Vec<_>>();
        let all = services.iter().flat_map(|service| service.methods());
        let all: HashSet<String> = all.map(|method| method.full_name().to_owned()).collect();
        let with_path = METHODS.by_path.values().map(|method| method.descriptor.full_name().to_owned()).collect();
        let without: Vec<&String> = all.difference(&with_path).collect();
        assert_eq!(without, ["etcdserverpb.KV.RangeStream"]);
    }

    #[test]
    fn every_path_of_the_table_is_found() {
        assert_eq!(METHODS.by_path.len(), PATHS.len(), "no path twice");
        for (path, name) in PATHS {
            assert_eq!(METHODS.find(&format!("/v3/{path}")).unwrap().path, format!("/{name}"));
        }
        assert!(METHODS.find("/v3/kv/rangestream").is_none());
    }

    /// Fields are written in the order of their numbers; etcd writes them in the order of their declaration.
    #[test]
    fn fields_of_answers_are_declared_in_the_order_of_their_numbers() {
        let mut todo: Vec<_> = METHODS.by_path.values().map(|method| method.descriptor.output()).collect();
        let mut seen = HashSet::new();
        while let Some(message) = todo.pop() {
            if !seen.insert(message.full_name().to_owned()) {
                continue;
            }
            let declared: Vec<i32> = message.descriptor_proto().field.iter().map(|field| field.number()).collect();
            assert!(declared.is_sorted(), "{}: {declared:?}", message.full_name());
            let kinds = message.fields().map(|field| field.kind()).collect::<Vec<_>>();
            todo.extend(kinds.iter().filter_map(|kind| kind.as_message().cloned()));
        }
    }
}
