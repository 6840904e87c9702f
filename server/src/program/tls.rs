use crate::listen::ListenUrl;
use crate::tls::{Tls, TlsError, TlsOptions};

/// What those of `urls` that ask for TLS are served with. `None` if none does, or there is no certificate.
pub(super) fn load(urls: &[ListenUrl], options: &TlsOptions) -> Result<Option<Tls>, TlsError> {
    for url in urls.iter().filter(|url| !url.is_secure()) {
        warn_of_plain(url, options);
    }
    if !urls.iter().any(ListenUrl::is_secure) || !options.has_certificate() {
        return Ok(None);
    }
    let tls = Tls::load(options.clone(), urls)?;
    tracing::info!(
        client_cert_auth = options.client_cert_auth,
        trusted_ca_file = options.trusted_ca_file.as_deref().map(|path| path.display().to_string()),
        client_crl_file = options.client_crl_file.as_deref().map(|path| path.display().to_string()),
        "starting with client TLS"
    );
    Ok(Some(tls))
}

/// etcd's warnings.
fn warn_of_plain(url: &ListenUrl, options: &TlsOptions) {
    if options.has_certificate() {
        tracing::warn!(client_url = %url, "scheme is http or unix while key and cert files are present; ignoring key and cert files");
    }
    if options.client_cert_auth {
        tracing::warn!(client_url = %url, "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for this URL");
    }
}
