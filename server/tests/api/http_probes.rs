//! `/livez` and `/readyz`, check by check.

use etcd_client::{AlarmAction, AlarmType};

use crate::common::TestServer;
use crate::common::web::get;

async fn assert_says(server: &TestServer, path: &str, status: u16, body: &str) {
    let answer = get(server, path).await;
    assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
}

#[tokio::test]
async fn a_server_that_is_well_says_ok() {
    let server = TestServer::start().await;
    for path in ["/livez", "/readyz", "/livez/serializable_read", "/readyz/linearizable_read", "/readyz/non_learner"] {
        assert_says(&server, path, 200, "ok\n").await;
    }
}

#[tokio::test]
async fn verbose_names_the_checks() {
    let server = TestServer::start().await;
    assert_says(&server, "/livez?verbose", 200, "[+]serializable_read ok\nok\n").await;
    let all = "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n";
    assert_says(&server, "/readyz?verbose=1", 200, all).await;
    assert_says(&server, "/readyz/data_corruption?verbose", 200, "[+]data_corruption ok\nok\n").await;
}

#[tokio::test]
async fn checks_are_excluded_by_name_and_unknown_names_are_no_error() {
    let server = TestServer::start().await;
    let some = "[+]data_corruption ok\n[+]serializable_read ok\nok\n";
    let path = "/readyz?verbose&exclude=non_learner&exclude=linearizable_read&exclude=nothing";
    assert_says(&server, path, 200, some).await;
    assert_says(&server, "/livez?exclude=serializable_read&verbose", 200, "ok\n").await;
}

#[tokio::test]
async fn corruption_makes_unready_and_leaves_alive() {
    let server = TestServer::start().await;
    server.client().await.alarm(AlarmAction::Activate, AlarmType::Corrupt, None).await.unwrap();
    let failed = "[-]data_corruption failed: alarm activated: CORRUPT\n\n";
    assert_says(&server, "/readyz/data_corruption", 503, failed).await;
    assert_says(
        &server,
        "/readyz?exclude=serializable_read&exclude=linearizable_read&exclude=non_learner",
        503,
        failed,
    )
    .await;
    assert_says(&server, "/readyz/non_learner", 200, "ok\n").await;
}

#[tokio::test]
async fn a_check_is_only_under_the_probe_that_has_it() {
    let server = TestServer::start().await;
    for path in ["/livez/linearizable_read", "/livez/", "/readyz/nothing", "/readyzz"] {
        assert_says(&server, path, 404, "404 page not found\n").await;
    }
}
