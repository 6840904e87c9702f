use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::{CertificateError, Error};

/// Rejections that are logged in each [`PERIOD`] as warnings. The rest is counted.
const WARNINGS: u32 = 10;
const PERIOD: Duration = Duration::from_secs(10);

/// Logs connections that came to nothing, in etcd's words. Those who would fill the log with their failures cannot.
#[derive(Debug)]
pub(super) struct Rejections(Mutex<Count>);

#[derive(Debug)]
struct Count {
    since: Instant,
    warnings: u32,
    suppressed: u64,
}

impl Rejections {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Count { since: Instant::now(), warnings: 0, suppressed: 0 }))
    }

    pub(super) fn log(&self, remote: impl fmt::Display, server_name: &str, error: &io::Error) {
        let reason = Reason(error);
        if is_gone(error) {
            tracing::debug!(remote_addr = %remote, server_name, error = %reason, "rejected connection on client endpoint");
        } else if let Some(suppressed) = self.0.lock().next(Instant::now()) {
            let message = "rejected connection on client endpoint";
            match suppressed {
                0 => tracing::warn!(remote_addr = %remote, server_name, error = %reason, "{message}"),
                _ => tracing::warn!(remote_addr = %remote, server_name, error = %reason, suppressed, "{message}"),
            }
        }
    }
}

impl Count {
    /// Whether one more may be logged, and how many were not since the last one.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.since) >= PERIOD {
            (self.since, self.warnings) = (now, 0);
        }
        if self.warnings == WARNINGS {
            self.suppressed += 1;
            return None;
        }
        self.warnings += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

/// The client went away: probes of load balancers do so all the time.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// Why, for whoever reads the log.
struct Reason<'a>(&'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(Error::InvalidCertificate(CertificateError::Revoked)) => {
                f.write_str("the client's certificate is revoked")
            }
            Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
                f.write_str("client certificate authentication failed: its name is not allowed")
            }
            Some(Error::InvalidMessage(_)) => write!(f, "what came first is no TLS handshake: {}", self.0),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_logged() {
        let start = Instant::now();
        let mut count = Count { since: start, warnings: 0, suppressed: 0 };
        let logged: Vec<_> = (0..100).filter_map(|_| count.next(start)).collect();
        assert_eq!(logged, [0; WARNINGS as usize]);
        assert_eq!(count.next(start + PERIOD), Some(90));
        assert_eq!(count.next(start + PERIOD), Some(0));
    }
}
