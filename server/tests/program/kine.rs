//! The program in the place of kine.

use tokio::process::Command;

use crate::k0s::K0s;
use crate::process::PROGRAM;

#[tokio::test]
async fn it_says_its_version_as_kine_does() {
    let output = Command::new(PROGRAM).args(["kine", "-v"]).output().await.unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("kine version v"));
}

#[tokio::test]
async fn a_flag_of_kines_that_means_nothing_is_warned_of() {
    let k0s = K0s::new();
    let args = ["--endpoint=memory://", "--listen-address=unix://s", "--metrics-bind-address=0", "--s3-bucket=b"];
    let mut process = k0s.start(&args);
    process.until("ready to serve client requests").await;
    assert!(process.has_said("--s3-bucket has no effect"), "{:#?}", process.said);
}
