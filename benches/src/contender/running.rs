//! A contender that runs.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Contender, Kind, Place, Program, Storage};
use crate::client::Connection;
use crate::elsewhere;
use crate::error::HarnessError;
use crate::postgres::Postgres;
use crate::proc::{Process, Processes};
use crate::shape;

/// How long a server may take to answer its first request.
const START_PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

/// A contender that runs. Dropping it kills it and removes what it wrote.
#[derive(Debug)]
pub struct Running {
    contender: Contender,
    servers: Vec<Server>,
    /// Where it is, if the harness has not started it.
    elsewhere: Option<SocketAddr>,
    database: Option<Postgres>,
    directory: TempDir,
}

#[derive(Debug)]
struct Server {
    client: SocketAddr,
    peer: SocketAddr,
    /// What it writes but into a database.
    data: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl Contender {
    /// Starts it in a fresh directory below `parent`, and waits until it answers; one that is elsewhere is only found.
    ///
    /// # Errors
    /// If it does not.
    pub async fn start(&self, parent: &Path) -> Result<Running, HarnessError> {
        let directory = tempfile::Builder::new().prefix(&self.kind.to_string()).tempdir_in(parent)?;
        let database = match self.kind.storage {
            Storage::Postgres => Some(Postgres::start(parent).await?),
            _ => None,
        };
        let elsewhere = match self.kind.program {
            Program::Elsewhere(_) => Some(elsewhere::resolve(&self.program.to_string_lossy()).await?),
            _ => None,
        };
        let servers = if elsewhere.is_some() { 0 } else { self.kind.servers };
        let mut running = Running { contender: self.clone(), servers: Vec::new(), elsewhere, database, directory };
        for number in 0..servers {
            let home = running.directory.path().join(number.to_string());
            let mut server = Server::new(&home, &self.kind.program)?;
            server.start(self, running.dsn()).await?;
            running.servers.push(server);
        }
        Ok(running)
    }
}

impl Running {
    /// Where it listens: an address for each server.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.client).chain(self.elsewhere).collect()
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.contender.kind
    }

    /// Whether somebody else has started it: then it has keys of others, and its processes are out of reach.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Its processes, without those of its database.
    #[must_use]
    pub fn processes(&self) -> Processes {
        let ids = self.servers.iter().filter_map(|server| server.child.as_ref()?.id());
        Processes::new(ids.map(Process::new))
    }

    /// The process of its database, whose children do the work, if it has one.
    #[must_use]
    pub fn database(&self) -> Option<Process> {
        self.database.as_ref().map(Postgres::process)
    }

    /// Where it and its database keep data; of a server that keeps nothing there is no such directory.
    #[must_use]
    pub fn data(&self) -> Vec<PathBuf> {
        let own = self.servers.iter().map(|server| server.data.clone());
        own.chain(self.database.as_ref().map(Postgres::data)).collect()
    }

    /// Kills all servers and starts them again on what they left, one after the other. Answers how long it took from the start until
    /// each had answered its first request, on average.
    ///
    /// # Errors
    /// If one does not start.
    pub async fn restart(&mut self) -> Result<Duration, HarnessError> {
        for server in &mut self.servers {
            server.kill().await?;
        }
        let begin = Instant::now();
        for number in 0..self.servers.len() {
            let dsn = self.dsn().to_owned();
            self.servers[number].start(&self.contender, &dsn).await?;
        }
        Ok(begin.elapsed() / u32::try_from(self.servers.len()).unwrap_or(1))
    }

    /// Ends it.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub async fn stop(mut self) -> Result<(), HarnessError> {
        for server in &mut self.servers {
            server.kill().await?;
        }
        match self.database {
            Some(database) => database.stop().await,
            None => Ok(()),
        }
    }

    fn dsn(&self) -> &str {
        self.database.as_ref().map_or("", Postgres::dsn)
    }
}

impl Server {
    fn new(home: &Path, program: &Program) -> Result<Self, HarnessError> {
        // kine takes no directory: by default it is this one below its working directory.
        let data = home.join(if program.is_kine() { "db" } else { "data" });
        std::fs::create_dir_all(home)?;
        if program.is_kine() {
            // It makes this one by itself only where no endpoint is named.
            std::fs::create_dir(&data)?;
        }
        Ok(Self { client: free_address()?, peer: free_address()?, data, log: home.join("log"), child: None })
    }

    async fn start(&mut self, contender: &Contender, dsn: &str) -> Result<(), HarnessError> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let place = Place { data: &self.data, client: self.client, peer: self.peer, dsn };
        let child = Command::new(&contender.program)
            .args(contender.flags(&place))
            .current_dir(self.log.parent().expect("it is in a directory"))
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.child = Some(child);
        self.await_answer().await.map_err(|error| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            HarnessError::unexpected(format!("{} did not start: {error}\n{log}", contender.kind))
        })
    }

    async fn kill(&mut self) -> Result<(), HarnessError> {
        match self.child.take() {
            Some(mut child) => Ok(child.kill().await?),
            None => Ok(()),
        }
    }

    async fn await_answer(&mut self) -> Result<(), HarnessError> {
        let deadline = tokio::time::Instant::now() + START_PATIENCE;
        loop {
            let error = match answers(self.client).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().transpose()).transpose()? {
                return Err(HarnessError::unexpected(format!("it ended with {status}")));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(error);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn answers(address: SocketAddr) -> Result<(), HarnessError> {
    let connection = Connection::open(address).await?;
    connection.kv().range(shape::count()).await?;
    Ok(())
}

/// An address that nobody listens on at the moment.
fn free_address() -> Result<SocketAddr, HarnessError> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
