//! A server within the test, on a port of its own, over a store in memory.

#![allow(dead_code, reason = "not every test program uses all of it")]

pub(crate) mod certs;
pub(crate) mod tls;
pub(crate) mod web;

use std::sync::Arc;
use std::time::Duration;

use etcd_client::Client;
use server::{Endpoint, ListenUrl, Listener, ServerOptions};
use storage_core::{Backend, MemoryBackend, Store, StoreError, StoreOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{self, Channel};

/// How long a test waits for what must come. Never reached unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Dropped, it ends with the test's runtime.
pub(crate) struct TestServer {
    pub(crate) store: Store,
    pub(crate) url: ListenUrl,
    pub(crate) urls: Vec<ListenUrl>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), StoreError>>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(ServerOptions::default(), StoreOptions::default()).await
    }

    pub(crate) async fn with(options: ServerOptions, store: StoreOptions) -> Self {
        Self::over(Arc::new(MemoryBackend::new()), options, store).await
    }

    pub(crate) async fn over(backend: Arc<dyn Backend>, options: ServerOptions, store: StoreOptions) -> Self {
        let store = Store::open(backend, store).await.expect("the store opens");
        Self::serving(vec![listener().await.into()], store, options)
    }

    /// On listeners of the test's choice, the first of which it is then known by.
    pub(crate) async fn on(listeners: Vec<Listener>) -> Self {
        let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await;
        let endpoints = listeners.into_iter().map(Endpoint::from).collect();
        Self::serving(endpoints, store.expect("the store opens"), ServerOptions::default())
    }

    /// The same with roles, over `store`.
    pub(crate) fn serving(endpoints: Vec<Endpoint>, store: Store, options: ServerOptions) -> Self {
        let urls: Vec<_> = endpoints.iter().map(|endpoint| endpoint.listener.url()).collect();
        let url = urls[0].clone();
        let stop = CancellationToken::new();
        let shutdown = stop.clone().cancelled_owned();
        let task = tokio::spawn(server::run(endpoints, store.clone(), options, shutdown));
        Self { store, url, urls, stop, task }
    }

    pub(crate) fn address(&self) -> String {
        self.url.to_string().replace("https://", "").replace("http://", "")
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect([self.address()], None).await.expect("the server accepts")
    }

    /// For what a friendly client does not let one say.
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = transport::Endpoint::from_shared(self.url.to_string()).expect("a listener's URL is one");
        endpoint.connect().await.expect("the server accepts")
    }

    /// Begins a shutdown.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the end of a shutdown.
    pub(crate) async fn stopped(self) {
        soon(self.task).await.expect("no panic").expect("the store closes");
    }
}

/// A listener on a port of its own.
pub(crate) async fn listener() -> Listener {
    Listener::bind(&"http://127.0.0.1:0".parse().expect("a URL")).await.expect("a port is free")
}

/// What must happen, and does so before patience runs out.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

/// The code and the text of a call that must fail.
pub(crate) fn status_of<T: std::fmt::Debug>(result: Result<T, etcd_client::Error>) -> (tonic::Code, String) {
    match result {
        Err(etcd_client::Error::GRpcStatus(status)) => (status.code(), status.message().to_owned()),
        other => panic!("a status was expected, not {other:?}"),
    }
}
