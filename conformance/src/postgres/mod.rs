//! A private PostgreSQL for tests: a cluster in a temporary folder, started by the test, gone with it.

mod program;
mod session;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::program::{as_its_user, give_away, program, run, touch, write};
pub use self::session::Session;

const START_LIMIT: Duration = Duration::from_secs(60);
/// The name under which a standby is known to its primary.
const STANDBY: &str = "standby";

/// Ends with its standard input, that is, with the process that holds the other end, however that ends. Unless a line came before, nobody
/// is left to remove the folder, the first argument: what is in a static is never dropped. An interrupt from a terminal reaches this too,
/// which is then still needed.
const WATCHED: &str = r#"
trap : INT
folder=$1
shift
"$@" & pid=$!
read -r kept
kill -QUIT $pid
wait $pid
[ -n "$kept" ] || rm -rf "$folder"
"#;
/// That line.
const KEPT: &[u8] = b"kept\n";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    directory: TempDir,
    port: u16,
    settings: Vec<String>,
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
        let mut cluster = Self::unmade(Vec::new());
        run("initdb", &["-D", &cluster.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        cluster.resume();
        cluster
    }

    /// Makes and starts a streaming standby of this one, without which nothing is committed any more: a commit that is
    /// acknowledged is on its disk too.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn standby(&self) -> Self {
        let primary = format!("primary_conninfo=host=127.0.0.1 port={} user=postgres", self.port);
        let mut standby = Self::unmade(vec![primary, format!("cluster_name={STANDBY}")]);
        run(
            "pg_basebackup",
            &["-D", &standby.data(), "-d", &self.dsn("postgres"), "-X", "stream", "-c", "fast", "--no-sync"],
        );
        touch(&Path::new(&standby.data()).join("standby.signal"));
        standby.resume();
        self.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"));
        self.sql("postgres", "SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.sql("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1" {
            assert!(begun.elapsed() < START_LIMIT, "the standby does not stream:\n{}", standby.log());
        }
        standby
    }

    /// Makes a standby a primary, which waits for nobody.
    ///
    /// # Panics
    /// If it is none.
    pub fn promote(&self) {
        self.wait_for_nobody();
        run("pg_ctl", &["promote", "-w", "-D", &self.data()]);
    }

    /// Commits wait for no standby any more.
    ///
    /// # Panics
    /// If it does not run.
    pub fn wait_for_nobody(&self) {
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    fn unmade(settings: Vec<String>) -> Self {
        let directory = TempDir::new().expect("a temporary folder");
        give_away(directory.path());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        Self { directory, port, settings, server: None }
    }

    /// The DSN of a database that no other test uses. It is not there yet.
    pub fn new_database(&self) -> String {
        self.dsn(&Self::new_name())
    }

    /// The same, where any of several clusters may be the primary.
    pub fn new_database_of(clusters: &[&Self]) -> String {
        let hosts: Vec<_> = clusters.iter().map(|cluster| format!("127.0.0.1:{}", cluster.port)).collect();
        format!("postgres://postgres@{}/{}", hosts.join(","), Self::new_name())
    }

    fn new_name() -> String {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed))
    }

    /// The DSN of a database.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The folder of its unix sockets.
    #[must_use]
    pub fn sockets(&self) -> String {
        self.directory.path().display().to_string()
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it after [`Cluster::kill`] or [`Cluster::shut_down`].
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let (data, port) = (self.data(), self.port.to_string());
        let sockets = self.sockets();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED, "sh"]).arg(self.directory.path()).arg(program("postgres"));
        command.args(["-D", &data, "-p", &port, "-k", &sockets, "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "max_connections=200", "-c", "logging_collector=off"]);
        // A process that dies leaves its writes with the operating system, and tests do not cut the power.
        command.args(["-c", "fsync=off"]);
        command.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("a log");
        command.stdin(Stdio::piped()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.server = Some(as_its_user(&mut command).spawn().expect("sh starts"));
        let begun = Instant::now();
        while !self.is_ready() {
            assert!(begun.elapsed() < START_LIMIT, "PostgreSQL does not start:\n{}", self.log());
        }
    }

    /// Ends it at once, as a crash does; connections break, and nothing is written any more.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.stdin.take().expect("it is piped").write_all(KEPT);
            let _ = server.wait();
        }
    }

    /// Ends it as an administrator does: connections are closed, and it ends in order.
    ///
    /// # Panics
    /// If it does not end.
    pub fn shut_down(&mut self) {
        run("pg_ctl", &["stop", "-m", "fast", "-w", "-D", &self.data()]);
        self.kill();
    }

    /// Puts files into its data directory, has its superuser trusted and all others let in by the lines of `hba` (of `pg_hba.conf`), and
    /// serves TLS with the files `server.crt` and `server.key`; clients' certificates are those of `ca.crt`.
    ///
    /// # Panics
    /// If that fails.
    pub fn secure(&self, files: &[(&str, &str)], hba: &str) {
        let data = PathBuf::from(self.data());
        for (name, content) in files {
            write(&data.join(name), content);
        }
        write(&data.join("pg_hba.conf"), &format!("host all postgres 127.0.0.1/32 trust\n{hba}\n"));
        self.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'ca.crt'");
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.sql("postgres", "SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.sql("postgres", "SHOW ssl") != "on" {
            assert!(begun.elapsed() < START_LIMIT, "it does not serve TLS:\n{}", self.log());
        }
    }

    /// Runs SQL, as its superuser, in `database`.
    ///
    /// # Panics
    /// If it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        run("psql", &["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.dsn(database), "-c", sql])
    }

    /// Ends all sessions of Auroch's of which `condition` holds, a condition on `pg_stat_activity`. Answers how many.
    pub fn terminate(&self, condition: &str) -> usize {
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'auroch' AND {condition}"
        );
        self.sql("postgres", &sql).parse().expect("it is a number")
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

    fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("postgres.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}
