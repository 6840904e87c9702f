//! `etcdserverpb.Auth`: users, roles, and tokens for those who know their password.

mod look;
mod password;

use std::sync::Arc;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::auth_server::Auth;
use storage_core::KeyRange;
use storage_core::auth::AuthChange;
use tonic::{Request, Response, Status};

use crate::access::Access;
use crate::{convert, header, status};

/// Who may do what.
pub(crate) struct AuthService {
    access: Arc<Access>,
}

impl AuthService {
    pub(crate) fn new(access: Arc<Access>) -> Self {
        Self { access }
    }

    /// Makes a change for the sender of `request`.
    async fn change<M>(&self, request: &Request<M>, change: AuthChange) -> Result<Option<pb::ResponseHeader>, Status> {
        let store = self.access.store_for(request)?;
        let revision = store.change_auth(change).await.map_err(status::of)?;
        Ok(header::at(&store, revision))
    }

    fn header(&self) -> Option<pb::ResponseHeader> {
        let store = self.access.unchecked();
        header::at(store, store.revision())
    }
}

type Answer<M> = Result<Response<M>, Status>;

#[tonic::async_trait]
impl Auth for AuthService {
    async fn auth_enable(&self, request: Request<pb::AuthEnableRequest>) -> Answer<pb::AuthEnableResponse> {
        let header = self.change(&request, AuthChange::Enable).await?;
        tracing::info!("authentication is on");
        Ok(Response::new(pb::AuthEnableResponse { header }))
    }

    async fn auth_disable(&self, request: Request<pb::AuthDisableRequest>) -> Answer<pb::AuthDisableResponse> {
        let header = self.change(&request, AuthChange::Disable).await?;
        tracing::info!("authentication is off");
        Ok(Response::new(pb::AuthDisableResponse { header }))
    }

    async fn auth_status(&self, request: Request<pb::AuthStatusRequest>) -> Answer<pb::AuthStatusResponse> {
        let state = self.access.newest_store_for(&request).await?.auth();
        let (enabled, auth_revision) = (state.is_enabled(), state.revision());
        Ok(Response::new(pb::AuthStatusResponse { header: self.header(), enabled, auth_revision }))
    }

    async fn authenticate(&self, request: Request<pb::AuthenticateRequest>) -> Answer<pb::AuthenticateResponse> {
        let pb::AuthenticateRequest { name, password } = request.into_inner();
        let token = self.access.authenticate(&name, password.into()).await?;
        Ok(Response::new(pb::AuthenticateResponse { header: self.header(), token }))
    }

    async fn user_add(&self, mut request: Request<pb::AuthUserAddRequest>) -> Answer<pb::AuthUserAddResponse> {
        let message = std::mem::take(request.get_mut());
        let password = self.new_password(&request, message.options, message.password).await?;
        let header = self.change(&request, AuthChange::UserAdd { name: message.name.into(), password }).await?;
        Ok(Response::new(pb::AuthUserAddResponse { header }))
    }

    async fn user_get(&self, request: Request<pb::AuthUserGetRequest>) -> Answer<pb::AuthUserGetResponse> {
        let store = self.access.newest_store_for(&request).await?;
        let roles = look::user(&store, &request.get_ref().name).map_err(status::of_auth)?;
        Ok(Response::new(pb::AuthUserGetResponse { header: self.header(), roles }))
    }

    async fn user_list(&self, request: Request<pb::AuthUserListRequest>) -> Answer<pb::AuthUserListResponse> {
        let store = self.access.newest_store_for(&request).await?;
        let users = look::users(&store).map_err(status::of_auth)?;
        Ok(Response::new(pb::AuthUserListResponse { header: self.header(), users }))
    }

    async fn user_delete(&self, request: Request<pb::AuthUserDeleteRequest>) -> Answer<pb::AuthUserDeleteResponse> {
        let name = request.get_ref().name.as_str().into();
        let header = self.change(&request, AuthChange::UserDelete { name }).await?;
        Ok(Response::new(pb::AuthUserDeleteResponse { header }))
    }

    async fn user_change_password(
        &self,
        mut request: Request<pb::AuthUserChangePasswordRequest>,
    ) -> Answer<pb::AuthUserChangePasswordResponse> {
        let message = std::mem::take(request.get_mut());
        let password = self.other_password(&request, message.password, &message.hashed_password).await?;
        let change = AuthChange::UserChangePassword { name: message.name.into(), password };
        let header = self.change(&request, change).await?;
        Ok(Response::new(pb::AuthUserChangePasswordResponse { header }))
    }

    async fn user_grant_role(
        &self,
        request: Request<pb::AuthUserGrantRoleRequest>,
    ) -> Answer<pb::AuthUserGrantRoleResponse> {
        let pb::AuthUserGrantRoleRequest { user, role } = request.get_ref();
        let change = AuthChange::UserGrantRole { user: user.as_str().into(), role: role.as_str().into() };
        let header = self.change(&request, change).await?;
        Ok(Response::new(pb::AuthUserGrantRoleResponse { header }))
    }

    async fn user_revoke_role(
        &self,
        request: Request<pb::AuthUserRevokeRoleRequest>,
    ) -> Answer<pb::AuthUserRevokeRoleResponse> {
        let pb::AuthUserRevokeRoleRequest { name, role } = request.get_ref();
        let change = AuthChange::UserRevokeRole { user: name.as_str().into(), role: role.as_str().into() };
        let header = self.change(&request, change).await?;
        Ok(Response::new(pb::AuthUserRevokeRoleResponse { header }))
    }

    async fn role_add(&self, request: Request<pb::AuthRoleAddRequest>) -> Answer<pb::AuthRoleAddResponse> {
        let name = request.get_ref().name.as_str().into();
        let header = self.change(&request, AuthChange::RoleAdd { name }).await?;
        Ok(Response::new(pb::AuthRoleAddResponse { header }))
    }

    async fn role_get(&self, request: Request<pb::AuthRoleGetRequest>) -> Answer<pb::AuthRoleGetResponse> {
        let store = self.access.newest_store_for(&request).await?;
        let perm = look::role(&store, &request.get_ref().role).map_err(status::of_auth)?;
        Ok(Response::new(pb::AuthRoleGetResponse { header: self.header(), perm }))
    }

    async fn role_list(&self, request: Request<pb::AuthRoleListRequest>) -> Answer<pb::AuthRoleListResponse> {
        let store = self.access.newest_store_for(&request).await?;
        let roles = look::roles(&store).map_err(status::of_auth)?;
        Ok(Response::new(pb::AuthRoleListResponse { header: self.header(), roles }))
    }

    async fn role_delete(&self, request: Request<pb::AuthRoleDeleteRequest>) -> Answer<pb::AuthRoleDeleteResponse> {
        let name = request.get_ref().role.as_str().into();
        let header = self.change(&request, AuthChange::RoleDelete { name }).await?;
        Ok(Response::new(pb::AuthRoleDeleteResponse { header }))
    }

    async fn role_grant_permission(
        &self,
        request: Request<pb::AuthRoleGrantPermissionRequest>,
    ) -> Answer<pb::AuthRoleGrantPermissionResponse> {
        let pb::AuthRoleGrantPermissionRequest { name, perm } = request.get_ref();
        let permission = perm.as_ref().map(convert::permission).transpose().map_err(status::of_auth)?;
        let change = AuthChange::RoleGrantPermission { role: name.as_str().into(), permission };
        let header = self.change(&request, change).await?;
        Ok(Response::new(pb::AuthRoleGrantPermissionResponse { header }))
    }

    async fn role_revoke_permission(
        &self,
        request: Request<pb::AuthRoleRevokePermissionRequest>,
    ) -> Answer<pb::AuthRoleRevokePermissionResponse> {
        let pb::AuthRoleRevokePermissionRequest { role, key, range_end } = request.get_ref();
        let keys = KeyRange::new(key, range_end);
        let change = AuthChange::RoleRevokePermission { role: role.as_str().into(), keys };
        let header = self.change(&request, change).await?;
        Ok(Response::new(pb::AuthRoleRevokePermissionResponse { header }))
    }
}
