use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use server::ListenUrl;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::common::soon;

/// The path of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_auroch");

/// A process of the program, killed when the test ends.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    /// All that it said so far.
    pub(crate) said: Vec<String>,
}

impl Process {
    /// Starts it in `folder` with a clean environment.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_as(Command::new(PROGRAM), folder, args)
    }

    /// Starts it by `command`: under another name, or as another user.
    pub(crate) fn start_as(mut command: Command, folder: &Path, args: &[&str]) -> Self {
        command.args(args).current_dir(folder).env_clear().kill_on_drop(true);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, said: Vec::new() }
    }

    /// Starts it on a port of its own, and waits until it serves.
    pub(crate) async fn ready(folder: &Path, args: &[&str]) -> Self {
        let mut process = Self::start(folder, &[&["--listen-client-urls=http://127.0.0.1:0"], args].concat());
        process.until("ready to serve client requests").await;
        process
    }

    /// Reads on until it says `words`.
    pub(crate) async fn until(&mut self, words: &str) {
        loop {
            let Some(line) = soon(self.lines.next_line()).await.unwrap() else {
                panic!("it ended without saying {words:?}: {:#?}", self.said)
            };
            self.said.push(line);
            if self.said.last().unwrap().contains(words) {
                return;
            }
        }
    }

    /// Whether it said so.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.said.iter().any(|line| line.contains(words))
    }

    /// The address that it serves on.
    pub(crate) fn address(&self) -> String {
        let url = self.said.iter().find_map(|line| line.split_once("url=http://"));
        url.expect("it has said where it serves").1.to_owned()
    }

    /// The URL that it serves on, with TLS or without.
    pub(crate) fn url(&self) -> ListenUrl {
        let mut serving = self.said.iter().filter(|line| line.contains("serving client requests"));
        let url = serving.find_map(|line| line.split_once("url="));
        url.expect("it has said where it serves").1.parse().unwrap()
    }

    pub(crate) async fn client(&self) -> etcd_client::Client {
        etcd_client::Client::connect([self.address()], None).await.unwrap()
    }

    pub(crate) fn terminate(&self) {
        let pid = self.child.id().expect("it runs").cast_signed();
        kill_process(Pid::from_raw(pid).expect("a pid is not 0"), Signal::TERM).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.start_kill().unwrap();
    }

    /// Waits for the end; reads all that is said until then.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        while let Some(line) = soon(self.lines.next_line()).await.unwrap() {
            self.said.push(line);
        }
        soon(self.child.wait()).await.unwrap()
    }

    /// Waits for the end of a start that must fail; the one line that says why.
    pub(crate) async fn refused(mut self) -> String {
        let status = self.ended().await;
        assert_eq!(status.code(), Some(1), "{:#?}", self.said);
        let words: Vec<_> = self.said.iter().filter(|line| line.starts_with("auroch: ")).collect();
        assert_eq!(words.len(), 1, "{:#?}", self.said);
        assert!(!self.has_said("ready to serve"));
        words[0].clone()
    }
}
