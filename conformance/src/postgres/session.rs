//! A session of somebody else's, in whose way others get.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use super::Cluster;
use super::program::{as_its_user, program};

/// What it says once it has done what it was told.
const DONE: &str = "done";

/// A transaction that holds its locks until this is dropped; then nothing is left of it.
#[derive(Debug)]
pub struct Session(Child);

impl Cluster {
    /// Runs SQL in a transaction in `database`, and leaves it open.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn hold(&self, database: &str, sql: &str) -> Session {
        let mut command = Command::new(program("psql"));
        command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.dsn(database)]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = as_its_user(&mut command).spawn().expect("psql starts");
        let stdin = child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "BEGIN; {sql};\n\\echo {DONE}").expect("psql reads");
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        let done = said.lines().map_while(Result::ok).any(|line| line == DONE);
        assert!(done, "psql fails");
        Session(child)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The end of its input is its end, and that of the transaction.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
