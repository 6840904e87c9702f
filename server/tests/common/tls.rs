//! Servers and clients that speak TLS.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::{PutRequest, RangeRequest};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use server::{ListenUrl, Listener, Tls, TlsOptions};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Error};

use super::{TestServer, soon};

/// A server on a TCP port.
pub(crate) async fn serve(options: TlsOptions) -> TestServer {
    serve_on(&["https://127.0.0.1:0".parse().unwrap()], options).await
}

pub(crate) async fn serve_on(urls: &[ListenUrl], options: TlsOptions) -> TestServer {
    let tls = Tls::load(options, urls).expect("the options are good");
    TestServer::on(Listener::bind_all(urls, Some(&tls)).await.expect("the places are free")).await
}

/// A connection whose server has accepted the client. With TLS 1.3 a client learns of a refusal only when it reads.
pub(crate) async fn connect(server: &TestServer, config: &ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address()).await?;
    shake_hands(stream, config).await
}

async fn shake_hands<S>(stream: S, config: &ClientConfig) -> io::Result<TlsStream<S>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let name = ServerName::try_from("localhost").unwrap();
    soon(TlsConnector::from(Arc::new(config.clone())).connect(name, stream)).await
}

/// A gRPC client.
pub(crate) async fn client(server: &TestServer, config: &ClientConfig) -> Result<KvClient<Channel>, Error> {
    channel(&server.url, config).await.map(KvClient::new)
}

pub(crate) async fn channel(url: &ListenUrl, config: &ClientConfig) -> Result<Channel, Error> {
    let (url, config) = (url.clone(), config.clone());
    let connect = tower::service_fn(move |_| {
        let (url, config) = (url.clone(), config.clone());
        async move {
            let stream: Box<dyn Stream> = match url {
                ListenUrl::Tcp { host, port, .. } => {
                    Box::new(shake_hands(TcpStream::connect((host, port)).await?, &config).await?)
                }
                ListenUrl::Unix { path, .. } => Box::new(shake_hands(UnixStream::connect(path).await?, &config).await?),
            };
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(connect).await
}

pub(crate) trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for S {}

/// Whether a client with `config` is served.
pub(crate) async fn is_served(server: &TestServer, config: &ClientConfig) -> bool {
    is_served_at(&server.url, config).await
}

pub(crate) async fn is_served_at(url: &ListenUrl, config: &ClientConfig) -> bool {
    let Ok(channel) = channel(url, config).await else { return false };
    let mut client = KvClient::new(channel);
    let put = PutRequest { key: "k".into(), value: "v".into(), ..Default::default() };
    let range = RangeRequest { key: "k".into(), ..Default::default() };
    soon(client.put(put)).await.is_ok()
        && soon(client.range(range)).await.is_ok_and(|found| found.into_inner().count == 1)
}
