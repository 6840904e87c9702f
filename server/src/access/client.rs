use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request};
use storage_core::Store;
use storage_core::auth::{AuthError, Caller};
use tonic::Status;

use super::Access;

const TOKEN: HeaderName = HeaderName::from_static("token");
/// What a request that came as JSON has its token in.
const AUTHORIZATION: HeaderName = http::header::AUTHORIZATION;
/// Set by gRPC's JSON gateway, whoever runs it. The certificate of such a connection is the gateway's.
const FROM_GATEWAY: HeaderName = HeaderName::from_static("grpcgateway-accept");

/// The name in the certificate that a client has shown, as an extension of its requests.
#[derive(Clone)]
struct CommonName(Arc<str>);

/// Notes the name in the certificate of the client that sends `request`.
pub(crate) fn note_common_name<B>(request: &mut Request<B>, name: &Arc<str>) {
    if !name.is_empty() && !request.headers().contains_key(FROM_GATEWAY) {
        request.extensions_mut().insert(CommonName(Arc::clone(name)));
    }
}

/// What a request shows of who sends it: a token, or else a certificate.
pub(crate) trait Shown {
    /// The metadata.
    fn headers(&self) -> &HeaderMap;
    /// Where the certificate's name is.
    fn extensions(&self) -> &Extensions;

    /// The first of etcd's two headers that there is.
    fn token(&self) -> Option<&HeaderValue> {
        let headers = self.headers();
        headers.get(TOKEN).or_else(|| headers.get(AUTHORIZATION))
    }

    fn common_name(&self) -> Option<&Arc<str>> {
        self.extensions().get().map(|CommonName(name)| name)
    }
}

impl<B> Shown for Request<B> {
    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn extensions(&self) -> &Extensions {
        self.extensions()
    }
}

impl<M> Shown for tonic::Request<M> {
    fn headers(&self) -> &HeaderMap {
        self.metadata().as_ref()
    }

    fn extensions(&self) -> &Extensions {
        self.extensions()
    }
}

/// Who sends the requests of a stream. What it shows is looked at again for each.
#[derive(Clone)]
pub(crate) struct Client {
    access: Arc<Access>,
    token: Option<HeaderValue>,
    common_name: Option<Arc<str>>,
}

impl Client {
    pub(crate) fn new(access: &Arc<Access>, shown: &impl Shown) -> Self {
        Self { access: Arc::clone(access), token: shown.token().cloned(), common_name: shown.common_name().cloned() }
    }

    /// The store as the client may see it now.
    ///
    /// # Errors
    /// If its token is not good.
    pub(crate) fn store(&self) -> Result<Store, Status> {
        self.access.store_of(|| self.token.as_ref(), || self.common_name.as_ref())
    }

    /// The store without checks, for what is everybody's.
    pub(crate) fn unchecked(&self) -> &Store {
        self.access.unchecked()
    }
}

/// The store as the sender of a request may see it, for a call that takes a while. Who it is was found out at its begin, and
/// stays, though the token may expire meanwhile; what that user may do is looked at each time.
#[derive(Clone)]
pub(crate) struct Lasting(Store);

impl Lasting {
    /// For the sender to whom `store` belongs.
    ///
    /// # Errors
    /// If the sender was authenticated before the last change of users and permissions.
    pub(super) fn new(store: Store) -> Result<Self, AuthError> {
        match store.caller() {
            Some(caller) if caller.auth_revision < store.auth().revision() => Err(AuthError::OldRevision),
            _ => Ok(Self(store)),
        }
    }

    /// The store for the next step of the call.
    pub(crate) fn store(&self) -> Store {
        match self.0.caller() {
            None => self.0.clone(),
            Some(caller) => {
                let now = Caller { user: Arc::clone(&caller.user), auth_revision: self.0.auth().revision() };
                self.0.for_client(Some(now))
            }
        }
    }
}
