//! How a database is connected to: TLS, certificates, passwords, and roles that may little.

use std::fs;
use std::path::Path;

use backend_postgres::{OpenError, PostgresBackend, PostgresOptions};
use conformance::postgres::Cluster;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use storage_core::backend::Backend as _;
use tempfile::TempDir;

const HBA: &str = "
hostssl all tls 127.0.0.1/32 scram-sha-256
hostssl all certified 127.0.0.1/32 cert
host all ordinary 127.0.0.1/32 scram-sha-256
host all powerless 127.0.0.1/32 scram-sha-256";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// A certificate of `name` and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// A cluster that serves TLS as "localhost", a database in it, and a folder with the files of clients.
struct World {
    cluster: Cluster,
    files: TempDir,
}

impl World {
    fn new() -> Self {
        let (authority, other) = (Authority::new(), Authority::new());
        let (certificate, key) = authority.sign("localhost");
        let cluster = Cluster::start();
        let ca = authority.0.pem();
        cluster.secure(&[("ca.crt", &ca), ("server.crt", &certificate), ("server.key", &key)], HBA);
        for role in ["tls", "certified", "ordinary", "powerless"] {
            cluster.sql("postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'"));
        }
        cluster.sql("postgres", "CREATE DATABASE db");
        cluster.sql("postgres", "GRANT CREATE ON DATABASE db TO tls, certified, ordinary");
        let files = TempDir::new().expect("a folder");
        let (certificate, key) = authority.sign("certified");
        for (name, content) in
            [("ca.crt", &ca), ("other.crt", &other.0.pem()), ("client.crt", &certificate), ("client.key", &key)]
        {
            fs::write(files.path().join(name), content).expect("a file");
        }
        Self { cluster, files }
    }

    fn dsn(&self, user: &str, host: &str, parameters: &str) -> String {
        let folder: &Path = self.files.path();
        let parameters = parameters.replace("FOLDER", &folder.display().to_string());
        format!("postgres://{user}@{host}:{}/db?{parameters}", self.cluster.port())
    }

    async fn open(&self, user: &str, host: &str, parameters: &str) -> Result<(), OpenError> {
        open(&self.dsn(user, host, parameters)).await
    }
}

async fn open(dsn: &str) -> Result<(), OpenError> {
    let backend = PostgresBackend::open(PostgresOptions::parse(dsn).expect("a DSN")).await?;
    backend.bounds().await.expect("it answers");
    backend.close().await.expect("it closes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sslmode_says_whether_there_is_tls_and_what_is_verified() {
    let world = World::new();
    let cases = [
        ("127.0.0.1", "sslmode=disable", false),
        ("127.0.0.1", "sslmode=prefer", true),
        ("127.0.0.1", "sslmode=require", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/ca.crt", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/other.crt", false),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", false),
        ("localhost", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", true),
        ("localhost", "sslmode=verify-full&sslrootcert=FOLDER/other.crt", false),
        ("localhost", "sslmode=verify-full&sslrootcert=FOLDER/missing.crt", false),
        ("localhost", "sslmode=verify-full", false),
    ];
    for (host, parameters, works) in cases {
        let opened = world.open("tls:secret", host, parameters).await;
        assert_eq!(opened.is_ok(), works, "{host} {parameters}: {opened:?}");
        if let Err(error) = opened {
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_is_shown() {
    let world = World::new();
    let full = "sslmode=verify-full&sslrootcert=FOLDER/ca.crt";
    let certified = format!("{full}&sslcert=FOLDER/client.crt&sslkey=FOLDER/client.key");
    world.open("certified", "localhost", &certified).await.expect("it is let in");
    world.open("certified", "localhost", full).await.expect_err("it shows none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinary_role_is_enough_and_one_that_may_not_is_told_what_to_grant() {
    let world = World::new();
    let wrong = world.open("ordinary:wrong", "127.0.0.1", "").await.expect_err("the password is wrong").to_string();
    assert!(wrong.contains("password authentication failed") && !wrong.contains("wrong;"), "{wrong}");
    let refused = world.open("powerless:secret", "127.0.0.1", "").await.expect_err("it may not").to_string();
    assert!(refused.contains("GRANT CREATE ON DATABASE"), "{refused}");
    world.open("ordinary:secret", "127.0.0.1", "").await.expect("it may");

    // A schema that was made for it is enough, too.
    world.cluster.sql("postgres", "CREATE DATABASE given");
    world.cluster.sql("given", "CREATE SCHEMA auroch AUTHORIZATION powerless");
    let dsn = world.dsn("powerless:secret", "127.0.0.1", "").replace("/db?", "/given?");
    open(&dsn).await.expect("it may");

    let missing = world.dsn("powerless:secret", "127.0.0.1", "").replace("/db?", "/missing?");
    let refused = open(&missing).await.expect_err("it may not make a database").to_string();
    assert!(refused.contains("\"missing\" does not exist") && refused.contains("grant the role CREATEDB"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_no_more_than_allowed_and_those_that_nobody_uses_are_closed() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let mut options = PostgresOptions::parse(&dsn).expect("a DSN");
    options.limit_connections(6);
    options.max_idle = 1;
    let backend = PostgresBackend::open(options).await.expect("it opens");
    let database = dsn.rsplit('/').next().expect("it has a database");
    let count = || -> u32 {
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        cluster.sql("postgres", &sql).parse().expect("a number")
    };
    let reads = (0..100).map(|_| backend.bounds());
    for read in futures_util::future::join_all(reads).await {
        read.expect("it answers");
    }
    assert!((4..=6).contains(&count()), "{}", count());
    while count() > 3 {
        tokio::task::yield_now().await;
    }
    backend.bounds().await.expect("it answers");
}
