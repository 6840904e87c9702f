use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenUrl {
    /// A host's name or address, and a port.
    Tcp {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// 0 for any that is free.
        port: u16,
    },
    /// The path of a socket.
    Unix(PathBuf),
}

/// Why a text names no place to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenUrlError {
    /// Served by a later version.
    #[error("{0}: TLS is not offered yet; use http:// or unix://, and keep the listener on the loopback")]
    Tls(String),
    /// Anything else.
    #[error("{0:?} is no place to listen on: expected http://host:port, tcp://host:port or unix:///path")]
    Malformed(String),
}

impl FromStr for ListenUrl {
    type Err = ListenUrlError;

    /// `http://host:port`, `tcp://host:port`, `host:port`, `unix:///path` and `unix:path`. All that follows `unix:` is the
    /// path, a port-like end too: `unix:/run/kine.sock:2379` is a file of that name.
    fn from_str(text: &str) -> Result<Self, ListenUrlError> {
        let malformed = || ListenUrlError::Malformed(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(malformed()) } else { Ok(Self::Unix(path.into())) };
        }
        let address = match text.split_once("://") {
            Some(("http" | "tcp", address)) => address.strip_suffix('/').unwrap_or(address),
            Some(("https" | "unixs", _)) => return Err(ListenUrlError::Tls(text.to_owned())),
            Some(_) => return Err(malformed()),
            None => text,
        };
        let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
        let port = port.parse().map_err(|_| malformed())?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains([':', '/', '[', ']']) {
            return Err(malformed());
        }
        Ok(Self::Tcp { host: bare.unwrap_or(host).to_owned(), port })
    }
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "http://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "http://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> ListenUrl {
        ListenUrl::Tcp { host: host.to_owned(), port }
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
        let expected = Ok(ListenUrl::Unix("/run/k0s/kine/kine.sock:2379".into()));
        assert_eq!("unix:///run/k0s/kine/kine.sock:2379".parse(), expected);
        assert_eq!("unix:/run/k0s/kine/kine.sock:2379".parse(), expected);
        assert_eq!("unix://relative.sock".parse(), Ok(ListenUrl::Unix("relative.sock".into())));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in
            ["", "unix:", "http://127.0.0.1", "http://host:port", "ftp://host:1", "http://::1:2379", "http://h:1/x"]
        {
            assert!(text.parse::<ListenUrl>().is_err(), "{text}");
        }
        assert!(matches!("https://127.0.0.1:2379".parse::<ListenUrl>(), Err(ListenUrlError::Tls(_))));
    }

    #[test]
    fn a_url_prints_as_it_is_written() {
        for text in ["http://127.0.0.1:2379", "http://[::1]:2379", "unix:///run/a.sock:2379"] {
            assert_eq!(text.parse::<ListenUrl>().expect(text).to_string(), text);
        }
    }
}
