//! A private PostgreSQL for tests: a cluster in a temporary folder, started by the test, gone with it.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian puts the programs that are not for everybody's path.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// PostgreSQL refuses to run as root; then it runs as this user, whom every system has.
const NOBODY: u32 = 65534;
const START_LIMIT: Duration = Duration::from_secs(60);

/// Ends with its standard input, that is, with the process that holds the other end, however that ends.
const WATCHED: &str = r#""$@" & pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid"#;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    directory: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// One for all tests of a test binary.
    pub fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(Self::start)
    }

    /// Makes and starts a new one.
    ///
    /// # Panics
    /// If PostgreSQL 15 is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let directory = TempDir::new().expect("a temporary folder");
        give_away(directory.path());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let mut cluster = Self { directory, port, server: None };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        cluster.resume();
        cluster
    }

    /// The DSN of a database that no other test uses. It is not there yet.
    pub fn new_database(&self) -> String {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        self.dsn(&format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed)))
    }

    /// The DSN of a database.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts it after [`Cluster::kill`].
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let (data, port) = (self.data(), self.port.to_string());
        let sockets = self.directory.path().display().to_string();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED, "sh"]).arg(program("postgres"));
        command.args(["-D", &data, "-p", &port, "-k", &sockets, "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "max_connections=200", "-c", "logging_collector=off"]);
        let log = fs::File::options().create(true).append(true).open(self.log()).expect("a log");
        command.stdin(Stdio::piped()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.server = Some(as_its_user(&mut command).spawn().expect("sh starts"));
        let begun = Instant::now();
        while !self.is_ready() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            assert!(begun.elapsed() < START_LIMIT, "PostgreSQL does not start:\n{log}");
        }
    }

    /// Ends it at once, as a crash does; connections break, and nothing is written any more.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            drop(server.stdin.take());
            let _ = server.wait();
        }
    }

    /// Runs SQL, as its superuser, in `database`.
    ///
    /// # Panics
    /// If it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.run("psql", &["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.dsn(database), "-c", sql])
    }

    /// `pg_isready` waits a little by itself for a server that does not answer.
    fn is_ready(&self) -> bool {
        let status = Command::new(program("pg_isready"))
            .args(["-q", "-t", "3", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status();
        status.expect("pg_isready starts").success()
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("postgres.log")
    }

    fn run(&self, name: &str, args: &[&str]) -> String {
        let output = as_its_user(Command::new(program(name)).args(args)).output();
        let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        assert!(output.status.success(), "{name} fails: {}", text(&output.stderr));
        text(&output.stdout)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program(name: &str) -> PathBuf {
    let debians = Path::new(PROGRAMS).join(name);
    if debians.exists() { debians } else { name.into() }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_its_user(command: &mut Command) -> &mut Command {
    command.current_dir("/");
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

fn give_away(directory: &Path) {
    if is_root() {
        match chown(directory, Some(NOBODY), Some(NOBODY)) {
            Err(error) if error.kind() != ErrorKind::Unsupported => panic!("chown: {error}"),
            _ => {}
        }
    }
}
