use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen, and whether TLS is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenUrl {
    /// A host's name or address, and a port.
    Tcp {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// 0 for any that is free.
        port: u16,
        /// `https` and not `http`.
        tls: bool,
    },
    /// A socket.
    Unix {
        /// Its file.
        path: PathBuf,
        /// `unixs` and not `unix`.
        tls: bool,
    },
}

/// Why a text names no place to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place to listen on: expected http://host:port, https://host:port, unix:///path or unixs:///path")]
pub struct ListenUrlError(String);

impl ListenUrl {
    /// Whether TLS is spoken there.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        let (Self::Tcp { tls, .. } | Self::Unix { tls, .. }) = self;
        *tls
    }

    /// The name that clients look for in the server's certificate. Of a socket it is that of its file, without what looks like
    /// a port: what Go's etcd client says.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Tcp { host, .. } => Some(host),
            Self::Unix { path, .. } => path.file_name()?.to_str()?.split(':').next(),
        }
    }
}

impl FromStr for ListenUrl {
    type Err = ListenUrlError;

    /// `http://host:port`, `https://host:port`, `tcp://host:port`, `host:port`, `unix:///path`, `unix:path` and the same with
    /// `unixs`. All that follows `unix:` is the path, a port-like end too: `unix:/run/kine.sock:2379` is a file of that name.
    fn from_str(text: &str) -> Result<Self, ListenUrlError> {
        let parsed = match text.split_once(':') {
            Some(("unix", path)) => socket(path, false),
            Some(("unixs", path)) => socket(path, true),
            _ => match text.split_once("://") {
                Some(("http" | "tcp", address)) => tcp(address.strip_suffix('/').unwrap_or(address), false),
                Some(("https", address)) => tcp(address.strip_suffix('/').unwrap_or(address), true),
                Some(_) => None,
                None => tcp(text, false),
            },
        };
        parsed.ok_or_else(|| ListenUrlError(text.to_owned()))
    }
}

fn socket(path: &str, tls: bool) -> Option<ListenUrl> {
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty()).then(|| ListenUrl::Unix { path: path.into(), tls })
}

fn tcp(address: &str, tls: bool) -> Option<ListenUrl> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bare {
        Some(address) if address.contains(['/', '[', ']']) => return None,
        Some(address) => address,
        None if host.contains([':', '/', '[', ']']) => return None,
        None => host,
    };
    Some(ListenUrl::Tcp { host: host.to_owned(), port, tls })
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.is_secure() { "s" } else { "" };
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "http{s}://[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "http{s}://{host}:{port}"),
            Self::Unix { path, .. } => write!(f, "unix{s}://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> ListenUrl {
        ListenUrl::Tcp { host: host.to_owned(), port, tls: false }
    }

    fn unix(path: &str) -> ListenUrl {
        ListenUrl::Unix { path: path.into(), tls: false }
    }

    #[test]
    fn tcp_is_named_by_three_forms() {
        for text in ["http://127.0.0.1:2379", "tcp://127.0.0.1:2379", "127.0.0.1:2379", "http://127.0.0.1:2379/"] {
            assert_eq!(text.parse(), Ok(tcp("127.0.0.1", 2379)), "{text}");
        }
        assert_eq!("http://[::1]:0".parse(), Ok(tcp("::1", 0)));
        assert_eq!("http://:2379".parse(), Ok(tcp("", 2379)));
    }

    #[test]
    fn the_path_of_a_socket_may_end_like_a_port() {
        let expected = Ok(unix("/run/k0s/kine/kine.sock:2379"));
        assert_eq!("unix:///run/k0s/kine/kine.sock:2379".parse(), expected);
        assert_eq!("unix:/run/k0s/kine/kine.sock:2379".parse(), expected);
        assert_eq!("unix://relative.sock".parse(), Ok(unix("relative.sock")));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "unix:",
            "unixs://",
            "http://127.0.0.1",
            "http://host:port",
            "ftp://host:1",
            "http://::1:2379",
            "http://[::1]]:1",
            "http://h:1/x",
        ] {
            assert!(text.parse::<ListenUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn tls_is_asked_for_by_an_s() {
        for text in ["https://127.0.0.1:2379", "unixs:///run/a.sock", "unixs:/run/a.sock"] {
            assert!(text.parse::<ListenUrl>().expect(text).is_secure(), "{text}");
        }
        for text in ["http://127.0.0.1:2379", "127.0.0.1:2379", "unix:s:///run/a.sock"] {
            assert!(!text.parse::<ListenUrl>().expect(text).is_secure(), "{text}");
        }
    }

    #[test]
    fn a_socket_is_known_by_the_name_of_its_file() {
        for (text, host) in [("https://[::1]:1", "::1"), ("unixs:///run/kine.sock:2379", "kine.sock"), ("unix:a", "a")]
        {
            assert_eq!(text.parse::<ListenUrl>().expect(text).host(), Some(host));
        }
    }

    #[test]
    fn a_url_prints_as_it_is_written() {
        for text in ["http://127.0.0.1:2379", "https://[::1]:2379", "unix:///run/a.sock:2379", "unixs:///run/a.sock"] {
            assert_eq!(text.parse::<ListenUrl>().expect(text).to_string(), text);
        }
    }
}
