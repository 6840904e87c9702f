//! The etcd v3 gRPC services over the engine, as a library and as the program auroch.
//!
//! A request goes from `serve` (connections, HTTP/2, and to which service) to its service (one file each), there through
//! `convert` into the engine's terms, and back through `encode` or, where it fails, `status`. One in JSON makes a detour through
//! `gateway` before it comes to its service.
//!
//! A program that has a [`Store`](storage_core::Store) serves it so:
//!
//! ```
//! use std::sync::Arc;
//!
//! use server::{Listener, ServerOptions};
//! use storage_core::{MemoryBackend, Store, StoreOptions};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await?;
//! let listener = Listener::bind(&"http://127.0.0.1:0".parse()?).await?;
//! println!("serving on {listener}");
//! let shutdown = async { /* wait for what ends it */ };
//! server::run(vec![listener], store, ServerOptions::default(), shutdown).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod compaction;
mod config;
mod convert;
mod encode;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod header;
mod listen;
mod metrics;
mod options;
pub mod program;
mod progress;
mod serve;
mod service;
mod snapshot;
mod status;
mod tls;
mod traces;

pub use self::access::{AuthOptions, AuthToken, AuthTokenError, BCRYPT_COSTS, JwtKeyError, JwtOptions};
pub use self::compaction::{AutoCompaction, ClientCompaction};
pub use self::listen::{ListenError, ListenUrl, ListenUrlError, Listener};
pub use self::options::{
    EmulatedVersion, HttpOptions, KeepaliveOptions, MIN_PROGRESS_INTERVAL, MemberOptions, MetricsDetail, ServerOptions,
};
pub use self::serve::{Endpoint, Role, run};
pub use self::tls::{AutoTls, CipherSuite, Tls, TlsError, TlsOptions, TlsVersion};
pub use self::traces::{MILLION, TraceError, TraceOptions, Traces};
