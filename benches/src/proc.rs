//! What the kernel says of a process, from `/proc`.

use std::fs;
use std::io;
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
        let stat = self.read("stat")?;
        // The name of the program, in parentheses, may hold spaces.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let ticks: Vec<u64> = fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs_f64(ticks.iter().sum::<u64>() as f64 / per_second as f64))
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
    fn files_in_sub_directories_count() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("file"), vec![1; 8192]).unwrap();
        assert!(allocated_bytes(directory.path()).unwrap() >= 8192);
    }
}
