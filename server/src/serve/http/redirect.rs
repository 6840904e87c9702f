use ::http::header::{CONTENT_TYPE, LOCATION};
use ::http::{HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::gateway;
use crate::serve::body::Body;

/// Where a request for a path that is not written as it should be is sent, as Go's HTTP server does. The usual cause is an
/// address that ends in a slash, and a path put behind it.
pub(super) fn redirect<B>(request: &Request<B>) -> Option<Response<Body>> {
    let location = HeaderValue::from_str(&better(request.uri())?).ok()?;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if request.method() == Method::GET {
        let href = location.to_str().ok()?.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;");
        let link = format!("<a href=\"{href}\">Temporary Redirect</a>.\n\n");
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        *response.body_mut() = Body::Plain(link.into());
    }
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

/// The same place, written as it should be; `None` if it is.
fn better(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let mut clean = clean(path);
    if clean == gateway::PREFIX.trim_end_matches('/') {
        clean.push('/');
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (clean != path && path.starts_with('/')).then(|| clean + &query)
}

/// A path without empty parts, `.` and `..`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_as_it_should_be_is_left_alone() {
        for uri in ["/", "/health", "/v3/", "/v3/kv/range?x=//", "/a.b/..c/"] {
            assert_eq!(better(&uri.parse().unwrap()), None, "{uri}");
        }
    }

    #[test]
    fn others_are_cleaned_and_never_lead_elsewhere() {
        for (uri, expected) in [
            ("/v3", "/v3/"),
            ("//v3//kv/range?a=b", "/v3/kv/range?a=b"),
            ("/health/../version", "/version"),
            ("/../../x/./", "/x/"),
            ("//evil.example/", "/evil.example/"),
        ] {
            assert_eq!(better(&uri.parse().unwrap()).as_deref(), Some(expected), "{uri}");
        }
    }
}
