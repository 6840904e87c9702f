use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::names::common_name;
use super::revocation::Revoked;

/// Checks what a client shows: signed by an authority, valid now and meant for clients, not revoked, and of an allowed name.
#[derive(Debug)]
pub(super) struct ClientRules {
    pub(super) authority: Arc<dyn ClientCertVerifier>,
    pub(super) revoked: Revoked,
    pub(super) names: AllowedNames,
}

/// Who may connect.
#[derive(Debug)]
pub(super) enum AllowedNames {
    Any,
    /// One of these common names.
    Common(Vec<String>),
    /// A certificate for one of these hosts, whatever its common name is.
    Hosts(Vec<ServerName<'static>>),
}

impl AllowedNames {
    fn allow(&self, certificate: &CertificateDer<'_>) -> Result<bool, Error> {
        match self {
            Self::Any => Ok(true),
            Self::Common(names) => Ok(common_name(certificate).is_some_and(|name| names.contains(&name))),
            Self::Hosts(hosts) => {
                let certificate = ParsedCertificate::try_from(certificate)?;
                Ok(hosts.iter().any(|host| verify_server_name(&certificate, host).is_ok()))
            }
        }
    }
}

impl ClientCertVerifier for ClientRules {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authority.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.authority.verify_client_cert(end_entity, intermediates, now)?;
        if self.revoked.any_of([end_entity].into_iter().chain(intermediates)) {
            return Err(CertificateError::Revoked.into());
        }
        if !self.names.allow(end_entity)? {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authority.supported_verify_schemes()
    }
}
