//! A user whose requests are measured where authentication is on.

use http::HeaderValue;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::auth_client::AuthClient;

use crate::client::Connection;
use crate::error::HarnessError;
use crate::shape;

const ROOT: &str = "root";
const USER: &str = "kube-apiserver";
const PASSWORD: &str = "password";

/// Turns authentication on, and answers a token of a user who may read and write the keys of the measurement and no others.
///
/// # Errors
/// If the server refuses any of it.
pub async fn log_in(connection: &Connection) -> Result<HeaderValue, HarnessError> {
    let mut auth = AuthClient::with_origin(connection.clone(), connection.origin());
    for (name, role) in [(ROOT, ROOT), (USER, USER)] {
        let (name, role) = (name.to_owned(), role.to_owned());
        let user = pb::AuthUserAddRequest { name: name.clone(), password: PASSWORD.to_owned(), ..Default::default() };
        auth.user_add(user).await?;
        auth.role_add(pb::AuthRoleAddRequest { name: role.clone() }).await?;
        auth.user_grant_role(pb::AuthUserGrantRoleRequest { user: name, role }).await?;
    }
    let keys =
        Permission { perm_type: Type::Readwrite.into(), key: shape::ROOT.into(), range_end: shape::ROOT_END.into() };
    let grant = pb::AuthRoleGrantPermissionRequest { name: USER.to_owned(), perm: Some(keys) };
    auth.role_grant_permission(grant).await?;
    auth.auth_enable(pb::AuthEnableRequest {}).await?;
    let request = pb::AuthenticateRequest { name: USER.to_owned(), password: PASSWORD.to_owned() };
    let token = auth.authenticate(request).await?.into_inner().token;
    HeaderValue::from_str(&token).map_err(|e| HarnessError::unexpected(e.to_string()))
}
