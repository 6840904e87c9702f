//! DSNs.

use std::path::Path;

use backend_sled::SledOptions;

fn parsed(dsn: &str) -> SledOptions {
    SledOptions::parse(dsn).expect("it is a DSN")
}

#[test]
fn an_absolute_path() {
    assert_eq!(parsed("sled:///var/lib/auroch/store"), SledOptions::new("/var/lib/auroch/store"));
}

#[test]
fn a_relative_path() {
    for dsn in ["sled://db/store", "sled:db/store", "sled:db/store?"] {
        assert_eq!(parsed(dsn).path, Path::new("db/store"));
    }
}

#[test]
fn parameters() {
    let options = parsed("sled:///a?cache_bytes=33554432&mode=rw&durability=fsync");
    assert_eq!((options.cache_bytes, options.create), (32 << 20, false));
    assert!(parsed("sled:///a?mode=rwc").create);
}

#[test]
fn nonsense_is_refused_and_the_reason_given() {
    for (dsn, reason) in [
        ("sqlite:///a", "does not begin with sled://"),
        ("sled://", "names no directory"),
        ("sled:///a\0b", "zero byte"),
        ("sled:///a?nonsense=1", "unknown parameter"),
        ("sled:///a?cache_bytes=much", "number of bytes"),
        ("sled:///a?cache_bytes=1000", "at least"),
        ("sled:///a?mode=ro", "rwc or rw"),
        ("sled:///a?durability=os-cache", "sled has no other"),
    ] {
        let error = SledOptions::parse(dsn).expect_err(dsn).to_string();
        assert!(error.contains(reason), "{dsn}: {error}");
    }
}
