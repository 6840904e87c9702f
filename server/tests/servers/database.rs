//! A database that is restarted, crashes, or ends sessions.

use std::time::Instant;

use conformance::postgres::Cluster;
use tokio::task::block_in_place;

use crate::fleet::Fleet;
use crate::recovery::measure;
use crate::run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_or_crashes_loses_nothing_that_was_acknowledged() {
    let mut cluster = Cluster::start();
    let fleet = Fleet::start(&cluster.new_database()).await;
    let run = Run::start(&fleet).await;
    for crashes in [false, true, false, true] {
        run.progress(&[0, 1, 2], 30).await;
        block_in_place(|| if crashes { cluster.kill() } else { cluster.shut_down() });
        block_in_place(|| cluster.resume());
        measure(&fleet, if crashes { "PostgreSQL crashed" } else { "PostgreSQL was restarted" }, Instant::now()).await;
    }
    run.progress(&[0, 1, 2], 30).await;
    run.check(&fleet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_terminated_cost_nothing_that_was_acknowledged() {
    let cluster = Cluster::start();
    let fleet = Fleet::start(&cluster.new_database()).await;
    let run = Run::start(&fleet).await;
    let kinds = ["true", "query ILIKE '%INTO auroch.commits%'", "query LIKE 'LISTEN%'", "state = 'active'"];
    for condition in kinds.into_iter().cycle().take(24) {
        run.progress(&[0, 1, 2], 5).await;
        block_in_place(|| cluster.terminate(condition));
    }
    measure(&fleet, "sessions were terminated", Instant::now()).await;
    run.check(&fleet).await;
}

/// A serialization failure, a deadlock, or an administrator's cancellation, of one statement in ten.
const TROUBLE: &str = "
CREATE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE (random() * 30)::integer
        WHEN 0 THEN RAISE EXCEPTION USING ERRCODE = '40001';
        WHEN 1 THEN RAISE EXCEPTION USING ERRCODE = '40P01';
        WHEN 2 THEN RAISE EXCEPTION USING ERRCODE = '57014';
        ELSE RETURN NULL;
    END CASE;
END $$;
CREATE TRIGGER trouble BEFORE INSERT ON auroch.commits EXECUTE FUNCTION public.trouble()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_fail_are_refused_or_done_and_never_both() {
    let cluster = Cluster::start();
    let fleet = Fleet::start(&cluster.dsn("trouble")).await;
    block_in_place(|| cluster.sql("trouble", TROUBLE));
    let run = Run::start(&fleet).await;
    run.progress(&[0, 1, 2], 150).await;
    block_in_place(|| cluster.sql("trouble", "DROP TRIGGER trouble ON auroch.commits"));
    run.check(&fleet).await;
}
