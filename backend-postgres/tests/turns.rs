//! Turns to append, between servers on one database.

use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::backend_suite::History;
use conformance::postgres::Cluster;
use storage_core::Position;
use storage_core::backend::{AppendOutcome, Backend as _, Turn};
use storage_core::commit::Commit;
use tokio::task::{JoinHandle, block_in_place, yield_now};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const NEVER: Duration = Duration::from_secs(3600);
const WAITING: &str = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
const HELD: &str = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE locktype = 'advisory' AND granted AND datname = current_database()";

/// A database that several servers have open, none of which polls.
struct Servers {
    database: String,
    all: Vec<Arc<PostgresBackend>>,
}

impl Servers {
    async fn open(count: usize) -> Self {
        let dsn = Cluster::shared().new_database();
        let database = dsn.rsplit('/').next().expect("it has a database").to_owned();
        let mut all = Vec::new();
        for _ in 0..count {
            let mut options = PostgresOptions::parse(&dsn).expect("it is a DSN");
            options.poll_interval = NEVER;
            all.push(Arc::new(PostgresBackend::open(options).await.expect("it opens")));
        }
        Self { database, all }
    }

    async fn turn(&self, server: usize) -> Turn {
        self.all[server].turn().await.expect("it is given")
    }

    /// Asks for a turn behind the `others` that wait.
    async fn ask(&self, server: usize, others: usize) -> JoinHandle<Turn> {
        let backend = Arc::clone(&self.all[server]);
        let asked = tokio::spawn(async move { backend.turn().await.expect("it is given") });
        self.until(WAITING, others + 1).await;
        asked
    }

    async fn append(&self, server: usize, commit: &Commit, turn: Turn) -> AppendOutcome {
        let (expected, group) = (Position(commit.position.0 - 1), [commit.clone()].into());
        self.all[server].append_in_turn(expected, group, turn).await.expect("it answers")
    }

    async fn until(&self, question: &str, count: usize) {
        let reached = async {
            while self.count(question) != count {
                yield_now().await;
            }
        };
        timeout(PATIENCE, reached).await.expect("it comes to that");
    }

    fn count(&self, question: &str) -> usize {
        block_in_place(|| Cluster::shared().sql(&self.database, question)).parse().expect("a number")
    }
}

async fn given(turn: JoinHandle<Turn>) -> Turn {
    timeout(PATIENCE, turn).await.expect("it is given on").expect("it does not panic")
}

/// The commit at `position` of a log of puts.
fn put(position: u64) -> Commit {
    let mut history = History::default();
    for _ in 0..position {
        history.put("a", b"x");
    }
    history.commits.pop().expect("positions are from 1 on")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_ends_with_its_append_and_the_next_one_brings_what_was_appended() {
    let servers = Servers::open(2).await;
    let turn = servers.turn(0).await;
    let next = servers.ask(1, 0).await;
    assert_eq!(servers.append(0, &put(1), turn).await, AppendOutcome::Appended);
    let next = given(next).await;
    assert_eq!((next.end, &next.commits[..]), (Position(1), &[put(1)][..]));
    // Who has appended it does not read it.
    let again = servers.ask(0, 0).await;
    assert_eq!(servers.append(1, &put(2), next).await, AppendOutcome::Appended);
    let again = given(again).await;
    assert_eq!((again.end, &again.commits[..]), (Position(2), &[put(2)][..]));
}

/// All three want to write without a pause: nobody comes twice before everybody has come once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_that_always_want_to_append_do_so_one_after_the_other() {
    let servers = Servers::open(3).await;
    let mut turn = servers.turn(0).await;
    let mut waiting = [servers.ask(1, 0).await, servers.ask(2, 1).await];
    for position in 1..=9 {
        let server = (position as usize - 1) % 3;
        assert_eq!(servers.append(server, &put(position), turn).await, AppendOutcome::Appended);
        let [next, last] = waiting;
        turn = given(next).await;
        assert_eq!(turn.end, Position(position));
        waiting = [last, servers.ask(server, 1).await];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_ends_with_an_append_that_conflicts() {
    let servers = Servers::open(3).await;
    let turn = servers.turn(0).await;
    let next = servers.ask(1, 0).await;
    // Somebody has appended out of turn.
    let (expected, group) = (Position(0), [put(1)].into());
    assert_eq!(servers.all[2].append(expected, group).await.expect("it answers"), AppendOutcome::Appended);
    let conflict = AppendOutcome::Conflict { position: Position(1) };
    assert_eq!(servers.append(0, &put(1), turn).await, conflict);
    assert_eq!(given(next).await.commits, [put(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_ends_with_an_append_that_the_database_refuses() {
    let servers = Servers::open(2).await;
    let turn = servers.turn(0).await;
    let next = servers.ask(1, 0).await;
    block_in_place(|| {
        Cluster::shared().sql(
            &servers.database,
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON auroch.commits FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
    });
    servers.all[0].append_in_turn(Position(0), [put(1)].into(), turn).await.expect_err("it is refused");
    assert_eq!(given(next).await.end, Position(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_turn_is_not_that_of_the_next_one_of_the_same_server() {
    let servers = Servers::open(1).await;
    drop(servers.turn(0).await);
    let turn = servers.turn(0).await;
    // On the same connection, and so after the end of the first turn.
    let backend = &servers.all[0];
    assert_eq!(backend.append(Position(0), [put(1)].into()).await.expect("it answers"), AppendOutcome::Appended);
    assert_eq!(servers.count(HELD), 1, "the second turn is still there");
    drop(turn);
    servers.until(HELD, 0).await;
}

/// Whichever of them are told by themselves: the last one is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_hears_of_groups_that_follow_each_other_in_turns() {
    let servers = Servers::open(2).await;
    let mut tip = servers.all[1].tip();
    for position in 1..=20 {
        let turn = servers.turn(0).await;
        assert_eq!(servers.append(0, &put(position), turn).await, AppendOutcome::Appended);
    }
    let heard = tip.wait_for(|tip| *tip == Position(20));
    timeout(PATIENCE, heard).await.expect("it hears of the last").expect("it is open");
}
