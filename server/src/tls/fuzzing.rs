use std::path::Path;

use super::files::{self, Source};
use super::names::common_name;
use super::revocation::Revoked;

/// A file is read as what its flag says, or refused; so is a certificate that a client shows.
pub(crate) fn files(data: &[u8]) {
    let file = Source { flag: "--cert-file", path: Path::new("file") };
    let _ = files::authorities(file, data);
    let _ = files::key(file, data);
    let revoked = Revoked::parse(file, data);
    let certificates = files::certificates(file, data).unwrap_or_else(|_| vec![data.to_vec().into()]);
    for certificate in &certificates {
        let _ = common_name(certificate);
    }
    if let Ok(revoked) = revoked {
        revoked.any_of(certificates.iter());
    }
}
