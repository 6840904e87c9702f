//! What a person sees on a terminal.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::tempdir;

use crate::process::{PROGRAM, Process};

/// All that the program shows on a terminal of its own, until it ends well.
fn shown(folder: &Path, args: &[&str]) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(args).current_dir(folder).env_clear().env("TERM", "xterm");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(terminal));
    let mut child = command.spawn().unwrap();
    // Nobody else holds the other end, which is closed when the program has ended.
    drop(command);
    let (mut ours, mut shown) = (File::from(ours), Vec::new());
    // On Linux its end is an error, EIO, and what came before is read.
    let _ = ours.read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&shown).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_shows_a_bar_and_what_it_comes_to() {
    let folder = tempdir().unwrap();
    let mut server = Process::ready(folder.path(), &["--storage", "sqlite://a.db"]).await;
    let mut client = server.client().await;
    for n in 0..200 {
        client.put(format!("k{n}"), "v", None).await.unwrap();
    }
    server.terminate();
    assert!(server.ended().await.success());
    let shown = shown(folder.path(), &["copy", "--from", "sqlite://a.db", "--to", "sled:b"]);
    assert!(shown.contains("copy: copying 200 versions"), "{shown}");
    // 690 bytes of keys and 200 of values.
    assert!(shown.contains("[>") && shown.contains(" of 890 B, ") && shown.contains("s left"), "{shown}");
    assert!(shown.contains("copy: done: 200 keys at revision 201"), "{shown}");
}
