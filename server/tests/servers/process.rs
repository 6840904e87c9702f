//! One process of the program.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::{Client, ConnectOptions};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a test waits for what must come. Never reached unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// After this long a client gives a call up: a server that is stopped answers nothing.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(10);
const READY: &str = "ready to serve client requests";
/// How much of what a server says is kept for a test that fails.
const LINES: usize = 60;

/// A server. Killed when the test ends.
pub(crate) struct Server {
    pub(crate) name: String,
    /// Where it serves, whichever process that is.
    address: String,
    args: Vec<String>,
    wrapper: Vec<String>,
    child: Option<Child>,
    said: Arc<Mutex<VecDeque<String>>>,
}

/// What a call came to: its outcome, or that the client gave it up.
pub(crate) async fn call<T>(
    call: impl Future<Output = Result<T, etcd_client::Error>>,
) -> Result<T, etcd_client::Error> {
    let late = |_| tonic::Status::deadline_exceeded("the client gave up");
    timeout(CALL_LIMIT, call).await.map_err(late)?
}

impl Server {
    /// Starts one on a port of its own; `wrapper` is a command in front of it.
    pub(crate) async fn start(name: &str, host: &str, wrapper: &[&str], args: &[&str]) -> Self {
        let owned = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect();
        let mut server = Self {
            name: name.to_owned(),
            address: format!("{host}:0"),
            args: owned(args),
            wrapper: owned(wrapper),
            child: None,
            said: Arc::default(),
        };
        server.begin().await;
        server
    }

    /// Starts it again where it was, after a kill.
    pub(crate) async fn begin(&mut self) {
        let mut words = self.wrapper.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_auroch")]);
        let mut command = Command::new(words.next().expect("there is the program"));
        command.args(words).args(&self.args).args(["--name", &self.name]);
        command.arg(format!("--listen-client-urls=http://{}", self.address)).env_clear().kill_on_drop(true);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (told, address) = oneshot::channel();
        tokio::spawn(listen(child.stderr.take().unwrap(), told, Arc::clone(&self.said)));
        self.child = Some(child);
        match timeout(PATIENCE, address).await {
            Ok(Ok(address)) => self.address = address,
            _ => panic!("{} does not start: {:#?}", self.name, self.said.lock().unwrap()),
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(Child::id).expect("it runs").cast_signed();
        kill_process(Pid::from_raw(pid).expect("a pid is not 0"), signal).unwrap();
    }

    /// As `kill -9`.
    pub(crate) async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.unwrap();
    }

    /// As `kill -STOP`.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// As `kill -CONT`.
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    pub(crate) async fn client(&self) -> Client {
        connect(&self.address).await
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// For a test that fails.
    pub(crate) fn last_words(&self) -> String {
        let said = self.said.lock().unwrap();
        said.iter().map(|line| format!("{}: {line}\n", self.name)).collect()
    }
}

/// Connects at the first call, and anew after a failure.
pub(crate) async fn connect(address: &str) -> Client {
    let options = ConnectOptions::new().with_connect_timeout(Duration::from_secs(1));
    Client::connect([address], Some(options)).await.unwrap()
}

/// Reads on, so that the server never waits for it; tells where it serves.
async fn listen(stderr: ChildStderr, told: oneshot::Sender<String>, said: Arc<Mutex<VecDeque<String>>>) {
    let mut told = Some(told);
    let mut address = None;
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, url)) = line.split_once("url=http://") {
            address = Some(url.trim().to_owned());
        }
        if line.contains(READY)
            && let Some(told) = told.take()
        {
            let _ = told.send(address.clone().expect("it has said where it serves"));
        }
        let mut said = said.lock().unwrap();
        said.push_back(line);
        if said.len() > LINES {
            said.pop_front();
        }
    }
}
