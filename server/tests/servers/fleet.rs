//! Three servers on one database.

use etcd_client::Client;
use futures_util::future::join_all;

use crate::process::Server;

/// How many servers share a database.
pub(crate) const SERVERS: usize = 3;

/// The servers, and what is written down of them when a test fails.
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
}

impl Fleet {
    /// All on `dsn`.
    pub(crate) async fn start(dsn: &str) -> Self {
        Self::on([dsn; SERVERS]).await
    }

    /// Each by a DSN of its own, as where each reaches the database another way.
    pub(crate) async fn on(dsns: [&str; SERVERS]) -> Self {
        let servers = dsns
            .into_iter()
            .zip(["one", "two", "three"])
            .map(async |(dsn, name)| Server::start(name, "127.0.0.1", &[], &["--storage", dsn]).await);
        Self { servers: join_all(servers).await }
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.address().to_owned()).collect()
    }

    pub(crate) async fn clients(&self) -> Vec<Client> {
        join_all(self.servers.iter().map(Server::client)).await
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.servers.iter().for_each(|server| eprint!("{}", server.last_words()));
        }
    }
}
