//! Passwords on their way to their hashes, which is all that the engine ever sees.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proto::authpb::UserAddOptions;
use storage_core::auth::PasswordHash;
use tonic::{Request, Status};

use super::AuthService;
use crate::access::Password;
use crate::status;

impl AuthService {
    /// The hash for a new user, unless it is to have no password. As in etcd one that the request brings makes no difference.
    pub(super) async fn new_password<M>(
        &self,
        request: &Request<M>,
        options: Option<UserAddOptions>,
        password: String,
    ) -> Result<Option<PasswordHash>, Status> {
        let password = Password::from(password);
        match options {
            Some(UserAddOptions { no_password: true }) => Ok(None),
            _ => self.hash(request, password).await.map(Some),
        }
    }

    /// The hash of another password for a user. Only where no password is given the request may bring the hash itself.
    pub(super) async fn other_password<M>(
        &self,
        request: &Request<M>,
        password: String,
        hashed: &str,
    ) -> Result<PasswordHash, Status> {
        if !password.is_empty() {
            return self.hash(request, password.into()).await;
        }
        let hash = BASE64_STANDARD.decode(hashed).map_err(|_| status::password_for_no_password_user())?;
        Ok(PasswordHash::new(hash))
    }

    /// It takes so long that only those have it done who may use it.
    async fn hash<M>(&self, request: &Request<M>, password: Password) -> Result<PasswordHash, Status> {
        self.access.store_for(request)?.check_admin().map_err(status::of_auth)?;
        self.access.hash(password).await
    }
}
