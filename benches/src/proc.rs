//! What the kernel says of a process, from `/proc`.

use std::fs;
use std::io;
use std::iter::Sum;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

/// Resets a process's peak of resident memory (`clear_refs` in proc(5)).
const RESET_PEAK: &str = "5";
/// The size of a block in `stat`, whatever the file system's own is.
const BLOCK_BYTES: u64 = 512;

/// A running process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: u32,
}

impl Process {
    /// The process `pid`.
    #[must_use]
    pub fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// This process.
    #[must_use]
    pub fn this() -> Self {
        Self::new(std::process::id())
    }

    /// CPU time of all its threads, in the kernel and outside, to 10 ms.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn cpu(self) -> io::Result<Duration> {
        Ok(ticks(self.stat()?[11..13].iter().sum()))
    }

    /// The same with all its children, those that have ended included.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn cpu_with_children(self) -> io::Result<Duration> {
        // A child may end between the listing and the look at it; its time is the parent's from then on, so that comes last.
        let children = self.children()?;
        let children: Duration = children.into_iter().filter_map(|child| child.cpu().ok()).sum();
        Ok(children + ticks(self.stat()?[11..15].iter().sum()))
    }

    /// The processes that it has started and that run.
    ///
    /// # Errors
    /// If processes cannot be listed.
    pub fn children(self) -> io::Result<Vec<Self>> {
        let names = fs::read_dir("/proc")?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let processes = names.filter_map(|name| name.to_str()?.parse().ok()).map(Self::new);
        let parent = u64::from(self.pid);
        Ok(processes.filter(|process| process.stat().is_ok_and(|stat| stat[1] == parent)).collect())
    }

    /// The numbers of `stat` from the state on, which is none and reads as 0 (proc(5)).
    fn stat(self) -> io::Result<Vec<u64>> {
        let stat = self.read("stat")?;
        // The name of the program, in parentheses, may hold spaces.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let numbers: Vec<_> = fields.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
        if numbers.len() > 15 { Ok(numbers) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Resident memory.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn resident_bytes(self) -> io::Result<u64> {
        Ok(figure(&self.read("status")?, "VmRSS:") * 1024)
    }

    /// The most resident memory since it started or since [`Process::reset_peak`].
    ///
    /// # Errors
    /// If the process is gone.
    pub fn peak_bytes(self) -> io::Result<u64> {
        Ok(figure(&self.read("status")?, "VmHWM:") * 1024)
    }

    /// Begins a new peak.
    ///
    /// # Errors
    /// If the process is gone or another user's.
    pub fn reset_peak(self) -> io::Result<()> {
        fs::write(self.path("clear_refs"), RESET_PEAK)
    }

    /// Bytes that it caused to be written to disks.
    ///
    /// # Errors
    /// If the process is gone or another user's.
    pub fn written_bytes(self) -> io::Result<u64> {
        Ok(figure(&self.read("io")?, "write_bytes:"))
    }

    fn read(self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.path(file))
    }

    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.pid)
    }
}

/// Processes that are measured as one.
#[derive(Clone, Debug)]
pub struct Processes(Vec<Process>);

impl Processes {
    /// These.
    pub fn new(processes: impl IntoIterator<Item = Process>) -> Self {
        Self(processes.into_iter().collect())
    }

    /// The sum of a figure.
    ///
    /// # Errors
    /// The first failure to read it.
    pub fn sum<T: Sum>(&self, figure: impl FnMut(Process) -> io::Result<T>) -> io::Result<T> {
        self.0.iter().copied().map(figure).sum()
    }

    /// Begins a new peak for each.
    ///
    /// # Errors
    /// If one is gone or another user's.
    pub fn reset_peaks(&self) -> io::Result<()> {
        self.0.iter().copied().try_for_each(Process::reset_peak)
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The number behind `name`, or zero where this kernel does not tell.
fn figure(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Bytes that the files below `directory` take on the disk.
///
/// # Errors
/// If a directory cannot be read.
pub fn allocated_bytes(directory: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A file may go between the listing and the look at it.
        let Ok(metadata) = entry.metadata() else { continue };
        total += if metadata.is_dir() { allocated_bytes(&entry.path())? } else { metadata.blocks() * BLOCK_BYTES };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        assert!(Process::this().resident_bytes().unwrap() > 0);
        assert!(Process::this().peak_bytes().unwrap() > 0);
        assert!(Process::this().cpu().is_ok());
    }

    #[test]
    fn a_child_is_found_and_counts_after_its_end() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let children = Process::this().children().unwrap();
        assert!(children.iter().any(|process| process.pid == child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(Process::this().cpu_with_children().unwrap() >= Process::this().cpu().unwrap());
    }

    #[test]
    fn files_in_sub_directories_count() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("file"), vec![1; 8192]).unwrap();
        assert!(allocated_bytes(directory.path()).unwrap() >= 8192);
    }
}
