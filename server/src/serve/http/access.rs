use ::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN,
};
use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use super::response::error;
use crate::serve::body::Body;

/// Which web pages a browser lets read answers, and under which names a server without TLS may be asked.
#[derive(Clone, Debug)]
pub(super) struct AccessControl {
    origins: Allowed,
    hosts: Allowed,
}

/// Names; none of them, or `*`, is all.
#[derive(Clone, Debug)]
struct Allowed(Vec<String>);

impl Allowed {
    fn is_all(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == "*")
    }

    fn has(&self, name: &str) -> bool {
        self.is_all() || self.0.iter().any(|allowed| allowed == name)
    }
}

impl AccessControl {
    pub(super) fn new(origins: &[String], hosts: &[String]) -> Self {
        Self { origins: Allowed(origins.to_vec()), hosts: Allowed(hosts.to_vec()) }
    }

    /// The refusal of a request for a name that is not ours: a web page's own domain, made to resolve to this address,
    /// would be asked like one of its own. With TLS the certificate says whose name it is.
    pub(super) fn refusal<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let host = host(request);
        if self.hosts.has(host) {
            return None;
        }
        tracing::warn!(host, "an HTTP request for another host is refused, lest it be DNS rebinding");
        Some(error(StatusCode::MISDIRECTED_REQUEST, &misdirected(host)))
    }

    /// Whether pages from `origin` may read answers.
    pub(super) fn allows(&self, origin: &HeaderValue) -> bool {
        self.origins.is_all() || origin.to_str().is_ok_and(|origin| self.origins.has(origin))
    }

    /// What tells the browser of a page from `origin` that the page may read the answer.
    pub(super) fn allow_origin(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let allowed = if self.origins.is_all() {
            HeaderValue::from_static("*")
        } else {
            match origin {
                Some(origin) if self.allows(origin) => origin.clone(),
                _ => return,
            }
        };
        let methods = HeaderValue::from_static("POST, GET, OPTIONS, PUT, DELETE");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        let names = HeaderValue::from_static("accept, content-type, authorization");
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
}

/// Where the page comes from that asks, if one does.
pub(super) fn origin<B>(request: &Request<B>) -> Option<HeaderValue> {
    request.headers().get(ORIGIN).cloned()
}

/// The name that the client asks, without a port. Empty if it gives none that is text.
fn host<B>(request: &Request<B>) -> &str {
    let authority = request.uri().authority().map(::http::uri::Authority::as_str);
    let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    without_port(authority.or_else(header).unwrap_or_default())
}

/// As Go splits it: brackets go with the port, and what is no host with a port stays as it is.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        Some((name, _)) => name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(host),
        None => host,
    }
}

fn misdirected(host: &str) -> String {
    format!(
        "\nauroch received your request, but the Host header was unrecognized.\n\n\
         To fix this, choose one of the following options:\n\
         - Enable TLS, then any HTTPS request will be allowed.\n\
         - Add the hostname you want to use to the whitelist in settings.\n\
         \x20 - e.g. auroch --host-whitelist {host:?}\n\n\
         This requirement has been added to help prevent \"DNS Rebinding\" attacks (CVE-2018-5702).\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_compared_without_its_port() {
        for (given, host) in [
            ("localhost:2379", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:2379", "::1"),
            ("[::1]", "[::1]"),
            ("a:::b", "a:::b"),
            ("", ""),
        ] {
            assert_eq!(without_port(given), host, "{given}");
        }
    }

    #[test]
    fn none_and_a_star_are_all() {
        for all in [vec![], vec!["*".to_owned()], vec!["a".to_owned(), "*".to_owned()]] {
            assert!(Allowed(all).has("anything"));
        }
        assert!(!Allowed(vec!["a".to_owned()]).has("b"));
    }
}
