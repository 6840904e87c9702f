//! What the operating system knows of this process. Linux tells; elsewhere nothing is said.

use std::fs;
use std::str::FromStr;

/// What there is to say. What cannot be read is left out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Process {
    pub(super) cpu_seconds: Option<f64>,
    pub(super) start_seconds: Option<f64>,
    pub(super) threads: Option<f64>,
    pub(super) virtual_bytes: Option<f64>,
    pub(super) max_virtual_bytes: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
    pub(super) open_fds: Option<f64>,
    pub(super) max_fds: Option<f64>,
}

impl Process {
    /// Reads some files of `/proc`, none of which is on a disk.
    pub(super) fn read() -> Self {
        let mut process = Self::default();
        if let Ok(stat) = fs::read_to_string("/proc/self/stat") {
            process.take_stat(&stat);
        }
        if let Ok(limits) = fs::read_to_string("/proc/self/limits") {
            process.max_fds = limit(&limits, "Max open files");
            process.max_virtual_bytes = limit(&limits, "Max address space");
        }
        // The folder itself is open while it is counted.
        process.open_fds = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as f64);
        process
    }

    /// The fields are numbered in proc(5), from 1; the second is a name in parentheses, which may hold anything.
    fn take_stat(&mut self, stat: &str) {
        const FIELDS_BEFORE: usize = 3;
        let Some((_, rest)) = stat.rsplit_once(')') else { return };
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - FIELDS_BEFORE).and_then(|field| f64::from_str(field).ok());
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        self.cpu_seconds = field(14).zip(field(15)).map(|(user, system)| (user + system) / ticks);
        self.start_seconds = field(22).zip(boot_seconds()).map(|(start, boot)| boot + start / ticks);
        self.threads = field(20);
        self.virtual_bytes = field(23);
        self.resident_bytes = field(24).map(|pages| pages * rustix::param::page_size() as f64);
    }
}

fn boot_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The soft limit of `name`; the largest number where there is none, as client_golang says it.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX as f64),
        limit => limit.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_their_names() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 4096                 files\n\
                      Max address space         unlimited            unlimited            bytes\n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        assert_eq!(limit(limits, "Max address space"), Some(u64::MAX as f64));
        assert_eq!(limit(limits, "Max something"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_plausible() {
        let process = Process::read();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1e6), "{process:?}");
        assert!(process.virtual_bytes >= process.resident_bytes, "{process:?}");
        assert!(process.start_seconds.is_some_and(|start| start > 1.5e9), "{process:?}");
        assert!(process.open_fds.is_some_and(|fds| fds >= 3.0) && process.open_fds < process.max_fds, "{process:?}");
        assert!(process.threads >= Some(1.0) && process.cpu_seconds.is_some(), "{process:?}");
    }
}
