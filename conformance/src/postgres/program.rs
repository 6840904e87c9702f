//! PostgreSQL's programs, as the user who may run them.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts the programs that are not for everybody's path.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// PostgreSQL refuses to run as root; then it runs as this user, whom every system has.
const NOBODY: u32 = 65534;

pub(super) fn program(name: &str) -> PathBuf {
    let debians = Path::new(PROGRAMS).join(name);
    if debians.exists() { debians } else { name.into() }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(super) fn as_its_user(command: &mut Command) -> &mut Command {
    command.current_dir("/");
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Makes `path` that user's.
pub(super) fn give_away(path: &Path) {
    if is_root() {
        match chown(path, Some(NOBODY), Some(NOBODY)) {
            Err(error) if error.kind() != ErrorKind::Unsupported => panic!("chown: {error}"),
            _ => {}
        }
    }
}

/// Runs one to its end; what it says.
pub(super) fn run(name: &str, args: &[&str]) -> String {
    let output = as_its_user(Command::new(program(name)).args(args)).output();
    let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{name} fails: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Makes an empty file of that user's.
pub(super) fn touch(path: &Path) {
    write(path, "");
}

/// Makes a file that nobody else may read.
pub(super) fn write(path: &Path, content: &str) {
    fs::write(path, content).expect("its folder is there");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is there");
    give_away(path);
}
