use std::collections::HashSet;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{ASN1Time, CertificateRevocationList, FromDer as _, X509Certificate};

use super::error::TlsError;
use super::files::Source;

/// Serial numbers of certificates that are refused. As in etcd they count whoever has signed the list, and also when the list
/// should have been followed by a newer one: to refuse less would be no better.
#[derive(Debug, Default)]
pub(super) struct Revoked {
    serials: HashSet<Vec<u8>>,
}

impl Revoked {
    /// Reads one list in DER, or any number of them in PEM.
    pub(super) fn parse(file: Source<'_>, bytes: &[u8]) -> Result<Self, TlsError> {
        let mut revoked = Self::default();
        for list in lists(bytes) {
            let list = list.map_err(|error| file.malformed(EXPECTED, error))?;
            revoked.add(file, &list)?;
        }
        Ok(revoked)
    }

    fn add(&mut self, file: Source<'_>, list: &[u8]) -> Result<(), TlsError> {
        let parsed = CertificateRevocationList::from_der(list).map_err(|error| file.malformed(EXPECTED, error))?;
        let (_, list) = parsed;
        if list.next_update().is_some_and(|next| next < ASN1Time::now()) {
            tracing::warn!(path = %file.path.display(), "the list of revoked certificates is out of date; it is used all the same");
        }
        self.serials.extend(list.iter_revoked_certificates().map(|revoked| serial(revoked.raw_serial())));
        Ok(())
    }

    /// Whether one of `certificates` is refused, or cannot be read.
    pub(super) fn any_of<'a>(&self, mut certificates: impl Iterator<Item = &'a CertificateDer<'a>>) -> bool {
        let is_revoked = |certificate: &CertificateDer<'_>| match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => self.serials.contains(&serial(certificate.raw_serial())),
            Err(_) => true,
        };
        !self.serials.is_empty() && certificates.any(is_revoked)
    }
}

const EXPECTED: &str = "list of revoked certificates in DER or PEM form";

fn lists(bytes: &[u8]) -> Vec<Result<CertificateRevocationListDer<'static>, rustls::pki_types::pem::Error>> {
    let in_pem: Vec<_> = CertificateRevocationListDer::pem_slice_iter(bytes).collect();
    if in_pem.is_empty() { vec![Ok(CertificateRevocationListDer::from(bytes.to_vec()))] } else { in_pem }
}

/// A number without the zeros that DER puts before it.
fn serial(raw: &[u8]) -> Vec<u8> {
    raw.iter().copied().skip_while(|byte| *byte == 0).collect()
}
