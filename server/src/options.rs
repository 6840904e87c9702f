//! How a server runs. The engine's options are [`storage_core::StoreOptions`].

use std::path::PathBuf;
use std::time::Duration;

use storage_core::DEFAULT_MAX_REQUEST_BYTES;
use storage_core::backend::Peer;

use crate::access::AuthOptions;
use crate::compaction::{AutoCompaction, ClientCompaction};
use crate::traces::Traces;

/// What a request may be larger than `max_request_bytes` and still be read, so that it gets an answer that says so.
const REQUEST_OVERHEAD_BYTES: usize = 512 * 1024;

/// How a server runs. The default is etcd's.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// What the server says of itself as a member.
    pub member: MemberOptions,
    /// The etcd version that clients are told.
    pub version: EmulatedVersion,
    /// How users prove who they are.
    pub auth: AuthOptions,
    /// Bytes of an encoded request that writes.
    pub max_request_bytes: usize,
    /// Streams open at a time on one connection.
    pub max_concurrent_streams: u32,
    /// How often a watch that asked for it hears of progress when it sees no events. At least [`MIN_PROGRESS_INTERVAL`].
    pub watch_progress_interval: Duration,
    /// Dead connections and impatient clients.
    pub keepalive: KeepaliveOptions,
    /// Plain HTTP beside gRPC.
    pub http: HttpOptions,
    /// How much `/metrics` says of calls.
    pub metrics: MetricsDetail,
    /// Where the files of snapshots are while they are sent, without a name; `None` is the system's folder for such files.
    pub snapshot_dir: Option<PathBuf>,
    /// Where spans of calls go; `None` makes none.
    pub traces: Option<Traces>,
    /// By what rule the server compacts by itself; `None` leaves it to clients.
    pub auto_compaction: Option<AutoCompaction>,
    /// What becomes of a client's wish to compact.
    pub client_compaction: ClientCompaction,
    /// How long a shutdown waits for requests in flight.
    pub shutdown_grace: Duration,
}

/// The shortest [`ServerOptions::watch_progress_interval`].
pub const MIN_PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

impl ServerOptions {
    /// Bytes of the largest message that is read at all; also about the size of a piece of a fragmented watch response.
    pub(crate) fn max_message_bytes(&self) -> usize {
        self.max_request_bytes.saturating_add(REQUEST_OVERHEAD_BYTES)
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            member: MemberOptions::default(),
            version: EmulatedVersion::default(),
            auth: AuthOptions::default(),
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            max_concurrent_streams: u32::MAX,
            watch_progress_interval: Duration::from_secs(600),
            keepalive: KeepaliveOptions::default(),
            http: HttpOptions::default(),
            metrics: MetricsDetail::default(),
            snapshot_dir: None,
            traces: None,
            auto_compaction: None,
            client_compaction: ClientCompaction::default(),
            shutdown_grace: Duration::from_secs(3),
        }
    }
}

/// How much `/metrics` says of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsDetail {
    /// How many of which method began, and how they ended.
    #[default]
    Basic,
    /// How long each method's took as well: a histogram a method.
    Extensive,
}

/// What MemberList shows.
#[derive(Clone, Debug)]
pub struct MemberOptions {
    /// The member's name.
    pub name: String,
    /// Where other members would find it. Nothing listens there.
    pub peer_urls: Vec<String>,
    /// Where clients find it.
    pub client_urls: Vec<String>,
}

impl MemberOptions {
    /// This member, as others that share its storage know it.
    pub(crate) fn peer(&self, id: u64) -> Peer {
        let Self { name, peer_urls, client_urls } = self.clone();
        Peer { id, name, peer_urls, client_urls }
    }
}

impl Default for MemberOptions {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            peer_urls: vec!["http://localhost:2380".to_owned()],
            client_urls: Vec::new(),
        }
    }
}

/// Pings on HTTP/2 connections.
#[derive(Clone, Copy, Debug)]
pub struct KeepaliveOptions {
    /// A client that pings more often is disconnected.
    pub min_time: Duration,
    /// How long a connection is silent before it is pinged; `None` is never.
    pub interval: Option<Duration>,
    /// How long a ping may go unanswered.
    pub timeout: Duration,
}

impl Default for KeepaliveOptions {
    fn default() -> Self {
        Self {
            min_time: Duration::from_secs(5),
            interval: Some(Duration::from_secs(2 * 3600)),
            timeout: Duration::from_secs(20),
        }
    }
}

/// Plain HTTP beside gRPC, and clients that are slow to say what they want.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Whether requests in JSON are answered, under `/v3/`.
    pub gateway: bool,
    /// The origins of web pages that may read answers, such as `https://example.com`. None, or `*`, is all.
    pub origins: Vec<String>,
    /// The names under which a server without TLS may be asked. None, or `*`, is all.
    pub hosts: Vec<String>,
    /// How long the head of an HTTP/1 request may take.
    pub read_header_timeout: Duration,
    /// How long a client may take to say which protocol it speaks and, in HTTP/2, to send its settings.
    pub preface_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            gateway: true,
            origins: vec!["*".to_owned()],
            hosts: vec!["*".to_owned()],
            read_header_timeout: Duration::from_secs(300),
            preface_timeout: Duration::from_secs(120),
        }
    }
}

/// A version of etcd: clients choose what they use by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmulatedVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl EmulatedVersion {
    /// The version of the cluster and of the storage format that a server of this version has.
    #[must_use]
    pub fn cluster(self) -> Self {
        Self { patch: 0, ..self }
    }

    /// The cluster's version before this one, if it is of the same major version.
    pub(crate) fn previous_minor(self) -> Option<Self> {
        Some(Self { minor: self.minor.checked_sub(1)?, ..self.cluster() })
    }

    /// The major and minor version, as etcd names a cluster's.
    pub(crate) fn major_minor(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl EmulatedVersion {
    /// Whether it is `major.minor` or newer.
    pub(crate) fn is_at_least(self, (major, minor): (u32, u32)) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl Default for EmulatedVersion {
    fn default() -> Self {
        Self { major: 3, minor: 7, patch: 3 }
    }
}

impl std::fmt::Display for EmulatedVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl std::str::FromStr for EmulatedVersion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[major, minor, patch]) => Ok(Self { major, minor, patch }),
            _ => Err("expected a version of three numbers, such as 3.7.3"),
        }
    }
}
