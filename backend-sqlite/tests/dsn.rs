//! DSNs: ours, and those that kine and k0s write.

use std::path::Path;
use std::time::Duration;

use backend_sqlite::SqliteOptions;
use storage_core::Durability;

fn parsed(dsn: &str) -> SqliteOptions {
    SqliteOptions::parse(dsn).expect("it is a DSN")
}

fn refused(dsn: &str) -> String {
    SqliteOptions::parse(dsn).expect_err("it is nonsense").to_string()
}

#[test]
fn an_absolute_path() {
    let options = parsed("sqlite:///var/lib/auroch/state.db");
    assert_eq!(options, SqliteOptions::new("/var/lib/auroch/state.db"));
    assert_eq!((options.durability, options.create), (Durability::Fsync, true));
}

#[test]
fn a_relative_path() {
    assert_eq!(parsed("sqlite://state.db").path, Path::new("state.db"));
    assert_eq!(parsed("sqlite://./db/state.db").path, Path::new("./db/state.db"));
    assert_eq!(parsed("sqlite:state.db").path, Path::new("state.db"));
}

#[test]
fn what_k0s_writes() {
    let options = parsed("sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL");
    assert_eq!(options, SqliteOptions::new("/var/lib/k0s/db/state.db"));
}

#[test]
fn a_file_uri_with_slashes_and_escapes() {
    assert_eq!(parsed("sqlite://file:///a/b.db").path, Path::new("/a/b.db"));
    assert_eq!(parsed("sqlite://file://localhost/a/b.db").path, Path::new("/a/b.db"));
    assert_eq!(parsed("sqlite://file:/a/with%20space%3F.db").path, Path::new("/a/with space?.db"));
}

#[test]
fn a_plain_path_is_taken_as_it_is() {
    assert_eq!(parsed("sqlite:///a/100%25.db").path, Path::new("/a/100%25.db"));
}

#[test]
fn what_kine_writes_by_default_weakens_nothing_and_says_so() {
    let options = parsed(
        "sqlite://./db/state.db?_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&_stmt_cache_size=20&cache=shared",
    );
    assert_eq!(options.durability, Durability::Fsync);
    assert_eq!(options.busy_timeout, Duration::from_secs(30));
    let warned: Vec<_> = options.warnings.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(warned, ["_synchronous=NORMAL", "_stmt_cache_size", "cache"]);
}

#[test]
fn another_journal_is_ignored_with_a_warning() {
    let options = parsed("sqlite:///a.db?_journal=DELETE&_sync=0&_kine_disable_startup_vacuum");
    assert_eq!(options.warnings.len(), 3);
    assert_eq!(options.durability, Durability::Fsync);
}

#[test]
fn only_our_own_parameter_weakens_durability() {
    assert_eq!(parsed("sqlite:///a.db?durability=os-cache").durability, Durability::OsCache);
    assert_eq!(parsed("sqlite:///a.db?durability=fsync&_sync=FULL").warnings, Vec::<String>::new());
}

#[test]
fn a_file_that_must_exist() {
    assert!(!parsed("sqlite:///a.db?mode=rw").create);
}

#[test]
fn nonsense_is_one_clear_line() {
    for (dsn, words) in [
        ("postgres://host/db", "does not begin with sqlite://"),
        ("sqlite://", "names no file"),
        ("sqlite://?mode=rwc", "names no file"),
        ("sqlite:///var/lib/", "names a directory"),
        ("sqlite://:memory:", "memory://"),
        ("sqlite:///a.db?mode=memory", "memory://"),
        ("sqlite:///a.db?mode=ro", "must be able to write"),
        ("sqlite:///a.db?mode=wr", "mode is rwc or rw"),
        ("sqlite:///a.db?durabilty=fsync", "unknown parameter, \"durabilty\""),
        ("sqlite:///a.db?durability=maybe", "durability is fsync or os-cache"),
        ("sqlite:///a.db?_busy_timeout=soon", "a number of milliseconds"),
        ("sqlite://file://elsewhere/a.db", "this machine"),
        ("sqlite://file:/a%2", "two hexadecimal digits"),
        ("sqlite://file:/a%00b", "zero byte"),
    ] {
        let line = refused(dsn);
        assert!(line.contains(words) && !line.contains('\n'), "{dsn}: {line}");
    }
}
