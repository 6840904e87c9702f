use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};
use tonic::Status;

/// Headers that begin so are metadata of the call, under the rest of their name.
const METADATA_PREFIX: &str = "grpc-metadata-";
const TIMEOUT: &str = "grpc-timeout";

/// What of a request's headers is the call's metadata, where it is text. Nothing else gets through: not even a user agent matters
/// to a service.
pub(super) fn of_call(headers: &HeaderMap) -> HeaderMap {
    let mut metadata = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(_, value)| value.to_str().is_ok()) {
        let rest = name.as_str().strip_prefix(METADATA_PREFIX);
        match rest.map(|rest| HeaderName::from_bytes(rest.as_bytes())) {
            Some(Ok(rest)) if !is_reserved(&rest) => drop(metadata.append(rest, value.clone())),
            Some(_) => {}
            None if name == AUTHORIZATION => drop(metadata.append(name, value.clone())),
            None => {}
        }
    }
    metadata
}

/// Headers of gRPC itself, which are not for a client to set.
fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("grpc-") || matches!(name, "content-type" | "te" | "host" | "connection" | "content-length")
}

/// How long the call may take, if its client says so.
pub(super) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(TIMEOUT) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let timeout = parse(text).ok_or_else(|| Status::invalid_argument(format!("invalid grpc-timeout: {text}")))?;
    // To grpc-gateway, no time is no limit.
    Ok((!timeout.is_zero()).then_some(timeout))
}

/// A number and a unit: hours, minutes, seconds, and `m`, `u`, `n` for parts of a second.
fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let amount: u64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(amount.saturating_mul(3600))),
        'M' => Some(Duration::from_secs(amount.saturating_mul(60))),
        'S' => Some(Duration::from_secs(amount)),
        'm' => Some(Duration::from_millis(amount)),
        'u' => Some(Duration::from_micros(amount)),
        'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_token_and_what_is_marked_as_metadata_get_through() {
        let given = headers(&[
            ("authorization", "t"),
            ("grpc-metadata-hasleader", "true"),
            ("grpc-metadata-content-type", "text/plain"),
            ("grpc-metadata-grpc-encoding", "gzip"),
            ("cookie", "c"),
            ("token", "t"),
        ]);
        assert_eq!(of_call(&given), headers(&[("authorization", "t"), ("hasleader", "true")]));
    }

    #[test]
    fn a_timeout_is_a_number_and_a_unit() {
        let timeout = |text| timeout(&headers(&[(TIMEOUT, text)]));
        assert_eq!(timeout("2M").unwrap(), Some(Duration::from_secs(120)));
        assert_eq!(timeout("7m").unwrap(), Some(Duration::from_millis(7)));
        assert_eq!(timeout("0S").unwrap(), None);
        for wrong in ["5", "S", "-1S", "1s", "1.5S", "99999999999999999999S"] {
            assert_eq!(timeout(wrong).unwrap_err().message(), format!("invalid grpc-timeout: {wrong}"));
        }
    }
}
