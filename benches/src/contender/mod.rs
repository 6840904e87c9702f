//! The servers that are measured: how each is started, and what runs then.

mod kind;
mod running;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

pub use self::kind::{Kind, Program, Storage};
pub use self::running::Running;
use crate::elsewhere;
use crate::error::HarnessError;

/// A server to be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contender {
    /// What it is.
    pub kind: Kind,
    /// Its program; of one elsewhere, its URL.
    pub program: PathBuf,
    /// What it says of its version.
    pub version: String,
    /// Flags beside those that every server of its kind is given.
    pub extra_flags: Vec<String>,
}

/// Where a server finds things, and is found.
struct Place<'a> {
    data: &'a Path,
    client: SocketAddr,
    peer: SocketAddr,
    /// Of the database, if it keeps its data in one.
    dsn: &'a str,
}

impl Contender {
    /// The contender whose program is `program`, which is asked for its version.
    ///
    /// # Errors
    /// If the program does not run.
    pub async fn new(kind: Kind, program: PathBuf, extra_flags: Vec<String>) -> Result<Self, HarnessError> {
        let output = Command::new(&program).arg("--version").output().await;
        let output = output.map_err(|e| HarnessError::unexpected(format!("{}: {e}", program.display())))?;
        let version = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
        Ok(Self { kind, program, version, extra_flags })
    }

    /// The server that serves at `endpoint`, an `http://` URL, which is asked for its version.
    ///
    /// # Errors
    /// If it cannot be reached, or `name` is that of a contender.
    pub async fn elsewhere(name: &str, endpoint: &str) -> Result<Self, HarnessError> {
        if name.parse::<Kind>().is_ok() {
            return Err(HarnessError::unexpected(format!(
                "{name} is a contender's name: choose another for {endpoint}"
            )));
        }
        let version = elsewhere::version(elsewhere::resolve(endpoint).await?).await?;
        let kind = Kind::one(Program::Elsewhere(name.to_owned()), Storage::Own);
        Ok(Self { kind, program: endpoint.into(), version, extra_flags: Vec::new() })
    }

    /// What an answered write has survived.
    #[must_use]
    pub fn durability(&self) -> &'static str {
        match (&self.kind.program, self.kind.storage) {
            _ if !self.extra_flags.is_empty() => "durable as its flags make it",
            (Program::Elsewhere(_), _) => "as its owner has set it up",
            (Program::Null, _) | (_, Storage::Memory) => "keeps nothing",
            (_, Storage::Postgres) => "PostgreSQL's fsync and synchronous_commit before every answer",
            (Program::Etcd, _) => "fdatasync of the WAL before every answer",
            (Program::Kine, _) => "SQLite WAL, synchronous=NORMAL: no fsync before an answer",
            (_, Storage::Sled) => "sled's flush, an fsync, before every answer",
            _ => "SQLite WAL, synchronous=FULL: fsync before every answer",
        }
    }

    /// The command line, with the places that change from run to run left out.
    #[must_use]
    pub fn command(&self) -> String {
        if let Program::Elsewhere(_) = self.kind.program {
            return self.program.display().to_string();
        }
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let place = Place { data: Path::new("DIR"), client: anywhere, peer: anywhere, dsn: "postgres://HOST/DATABASE" };
        let mut words = vec![self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()];
        words.extend(self.flags(&place));
        words.join(" ")
    }

    /// The flags that it is started with.
    fn flags(&self, place: &Place<'_>) -> Vec<String> {
        let mut flags = match self.kind.program {
            Program::Null => vec!["null-server".into(), format!("--listen={}", place.client)],
            Program::Auroch | Program::AurochAuth => auroch_flags(self.kind.storage, place),
            Program::Kine => kine_flags(self.kind.storage, place),
            Program::KineSync => synced_kine_flags(place),
            Program::Etcd => etcd_flags(place),
            Program::Elsewhere(_) => Vec::new(),
        };
        flags.extend(self.extra_flags.iter().cloned());
        flags
    }
}

fn auroch_flags(storage: Storage, place: &Place<'_>) -> Vec<String> {
    let data = place.data.display();
    let mut flags = vec![format!("--data-dir={data}"), format!("--listen-client-urls=http://{}", place.client)];
    match storage {
        Storage::Postgres => flags.push(format!("--storage={}", place.dsn)),
        Storage::Sled => flags.push(format!("--storage=sled://{data}/sled")),
        Storage::Memory => flags.push("--storage=memory://".into()),
        Storage::Sqlite | Storage::Own => {}
    }
    flags
}

/// On SQLite its defaults are meant, in which the file is in the working directory.
fn kine_flags(storage: Storage, place: &Place<'_>) -> Vec<String> {
    let mut flags = vec![format!("--listen-address={}", place.client), "--metrics-bind-address=0".into()];
    if storage == Storage::Postgres {
        flags.push(format!("--endpoint={}?sslmode=disable", place.dsn));
    }
    flags
}

/// Its default endpoint in all but `_synchronous`, which is NORMAL there.
fn synced_kine_flags(place: &Place<'_>) -> Vec<String> {
    let options =
        "_journal_mode=WAL&_busy_timeout=30000&_synchronous=FULL&_txlock=immediate&_stmt_cache_size=20&cache=shared";
    let mut flags = kine_flags(Storage::Sqlite, place);
    flags.push(format!("--endpoint=sqlite://./db/state.db?{options}"));
    flags
}

fn etcd_flags(place: &Place<'_>) -> Vec<String> {
    let Place { data, client, peer, .. } = place;
    vec![
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls=http://{client}"),
        format!("--advertise-client-urls=http://{client}"),
        format!("--listen-peer-urls=http://{peer}"),
        format!("--initial-advertise-peer-urls=http://{peer}"),
        format!("--initial-cluster=default=http://{peer}"),
        "--log-level=error".into(),
    ]
}
