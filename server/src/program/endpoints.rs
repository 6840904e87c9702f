use crate::config::Config;
use crate::listen::{ListenError, ListenUrl, Listener};
use crate::serve::{Endpoint, Role};
use crate::tls::Tls;

/// All places that `config` names, each with what is served there.
fn places(config: &Config) -> impl Iterator<Item = (&ListenUrl, Role)> {
    let clients = if config.listen_http.is_empty() { Role::Clients } else { Role::Grpc };
    let groups =
        [(&config.listen, clients), (&config.listen_http, Role::Http), (&config.listen_metrics, Role::Monitoring)];
    groups.into_iter().flat_map(|(urls, role)| urls.iter().map(move |url| (url, role)))
}

/// The URLs of all of them.
pub(super) fn urls(config: &Config) -> Vec<ListenUrl> {
    places(config).map(|(url, _)| url.clone()).collect()
}

/// Listens on all of them, or on none.
pub(super) async fn bind(config: &Config, tls: Option<&Tls>) -> Result<Vec<Endpoint>, ListenError> {
    let mut endpoints = Vec::new();
    for (url, role) in places(config) {
        endpoints.push(Endpoint { listener: Listener::bind_with(url, tls).await?, role });
    }
    Ok(endpoints)
}

/// Where clients of gRPC connect.
pub(super) fn client_urls(endpoints: &[Endpoint]) -> Vec<String> {
    let clients = endpoints.iter().filter(|endpoint| matches!(endpoint.role, Role::Clients | Role::Grpc));
    clients.map(|endpoint| endpoint.listener.to_string()).collect()
}

/// Says where what is served.
pub(super) fn announce(endpoints: &[Endpoint]) {
    for Endpoint { listener, role } in endpoints {
        match role {
            Role::Clients => tracing::info!(traffic = "grpc+http", url = %listener, "serving client requests"),
            Role::Grpc => tracing::info!(traffic = "grpc", url = %listener, "serving client requests"),
            Role::Http => tracing::info!(traffic = "http", url = %listener, "serving client requests"),
            Role::Monitoring => tracing::info!(url = %listener, "serving metrics"),
        }
    }
}
