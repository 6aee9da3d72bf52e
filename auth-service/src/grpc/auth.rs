//! `auth.v1.AuthService`.

use std::sync::Arc;

use aws_lc_rs::digest;
use tenantry_common::password_rules::PasswordRules;
use tenantry_proto::auth::v1::{
    ChangePasswordRequest, ChangePasswordResponse, GetCurrentAdminRequest, GetCurrentAdminResponse,
    GetJsonWebKeySetRequest, GetJsonWebKeySetResponse, ImportPasswordHashRequest, ImportPasswordHashResponse,
    ListSessionsRequest, ListSessionsResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse,
    RefreshTokenRequest, RefreshTokenResponse, RevokeAllSessionsRequest, RevokeAllSessionsResponse,
    RevokeSessionRequest, RevokeSessionResponse, SetAdminPasswordRequest, SetAdminPasswordResponse,
    UpdateAdminRequest, UpdateAdminResponse, ValidateTokenRequest, ValidateTokenResponse,
    auth_service_server::AuthService,
};
use tonic::{Request, Response, Status};

use super::{authentication::bearer, convert, errors, parse};
use crate::{
    current_admin::CurrentAdmin,
    domain::AccessTokens,
    login::{Attempt, Login},
    own_password::OwnPassword,
    refresh::RefreshSession,
    replace_password::ReplacePassword,
    sessions::Sessions,
    validate_token::{Principal, ValidateToken},
};

/// The `token_type` of every answer with tokens (RFC 6750).
const TOKEN_TYPE: &str = "Bearer";

/// The service.
pub struct Auth {
    /// Login.
    pub login: Login,
    /// RefreshToken.
    pub refresh: RefreshSession,
    /// ValidateToken.
    pub validate_token: Arc<ValidateToken>,
    /// GetCurrentAdmin.
    pub current_admin: CurrentAdmin,
    /// Logout, ListSessions, RevokeSession and RevokeAllSessions.
    pub sessions: Sessions,
    /// ChangePassword and UpdateAdmin.
    pub own_password: OwnPassword,
    /// SetAdminPassword and ImportPasswordHash.
    pub replace_password: ReplacePassword,
    /// What a new password must be.
    pub password_rules: PasswordRules,
    /// Holds the public key.
    pub tokens: Arc<AccessTokens>,
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let (client, deadline) = (convert::client(&request), convert::deadline(&request));
        let LoginRequest { email, password } = request.into_inner();
        // Nothing else about them is told: whether they could be anybody's is the credentials' business.
        parse::not_empty(&[("email", &email), ("password", &password)])?;
        let attempt = Attempt {
            email: &email,
            password: &password,
            client,
            deadline,
        };
        let logged_in = self.login.log_in(attempt).await?;
        let tokens = logged_in.tokens;
        Ok(Response::new(LoginResponse {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: TOKEN_TYPE.to_owned(),
            expire_time: Some(tokens.expire_time.into()),
            refresh_expire_time: Some(tokens.refresh_expire_time.into()),
            admin: Some(convert::admin(&logged_in.admin)),
        }))
    }

    async fn refresh_token(
        &self,
        request: Request<RefreshTokenRequest>,
    ) -> Result<Response<RefreshTokenResponse>, Status> {
        let tokens = self.refresh.refresh(&request.get_ref().refresh_token).await?;
        Ok(Response::new(RefreshTokenResponse {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: TOKEN_TYPE.to_owned(),
            expire_time: Some(tokens.expire_time.into()),
            refresh_expire_time: Some(tokens.refresh_expire_time.into()),
        }))
    }

    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let token = request.into_inner().access_token;
        let principal = self.validate_token.validate(&token).await?;
        Ok(Response::new(ValidateTokenResponse {
            principal: Some(convert::principal(&principal)),
            access_token_sha256: digest::digest(&digest::SHA256, token.as_bytes())
                .as_ref()
                .to_vec(),
        }))
    }

    async fn get_current_admin(
        &self,
        request: Request<GetCurrentAdminRequest>,
    ) -> Result<Response<GetCurrentAdminResponse>, Status> {
        let admin = self.current_admin.get(principal(&request)?).await?;
        Ok(Response::new(GetCurrentAdminResponse {
            admin: Some(convert::admin(&admin)),
        }))
    }

    async fn get_json_web_key_set(
        &self,
        _request: Request<GetJsonWebKeySetRequest>,
    ) -> Result<Response<GetJsonWebKeySetResponse>, Status> {
        let keys = vec![convert::json_web_key(self.tokens.public_key())];
        Ok(Response::new(GetJsonWebKeySetResponse { keys }))
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let token = bearer(request.metadata().as_ref())?;
        self.sessions.log_out(token).await?;
        Ok(Response::new(LogoutResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let principal = principal(&request)?;
        let sessions = self.sessions.list(principal).await;
        let sessions = sessions.map_err(|error| errors::store(&error))?;
        let sessions = sessions
            .iter()
            .map(|session| convert::session(session, principal));
        Ok(Response::new(ListSessionsResponse {
            sessions: sessions.collect(),
        }))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let id = parse::session_id(request.get_ref())?;
        let revoked = self.sessions.revoke(principal(&request)?, id).await;
        revoked.map_err(|error| errors::store(&error))?;
        Ok(Response::new(RevokeSessionResponse {}))
    }

    async fn revoke_all_sessions(
        &self,
        request: Request<RevokeAllSessionsRequest>,
    ) -> Result<Response<RevokeAllSessionsResponse>, Status> {
        let principal = principal(&request)?;
        let kept = request.get_ref().keep_current.then_some(principal.session_id);
        self.sessions.revoke_all(principal, kept).await?;
        Ok(Response::new(RevokeAllSessionsResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let deadline = convert::deadline(&request);
        let caller = principal(&request)?;
        let change = parse::change_password(request.get_ref(), &self.password_rules, &caller.email)?;
        let admin = self
            .own_password
            .change_password(caller, change.current, change.new, deadline)
            .await?;
        Ok(Response::new(ChangePasswordResponse {
            admin: Some(convert::admin(&admin)),
        }))
    }

    async fn update_admin(
        &self,
        request: Request<UpdateAdminRequest>,
    ) -> Result<Response<UpdateAdminResponse>, Status> {
        let deadline = convert::deadline(&request);
        let caller = principal(&request)?;
        let update = parse::update_admin(request.get_ref())?;
        if update.id.is_some_and(|id| id != caller.admin_id) {
            return Err(errors::admin_not_found());
        }
        let admin = self
            .own_password
            .change_email(caller, update.current, update.email, deadline)
            .await?;
        Ok(Response::new(UpdateAdminResponse {
            admin: Some(convert::admin(&admin)),
        }))
    }

    async fn set_admin_password(
        &self,
        request: Request<SetAdminPasswordRequest>,
    ) -> Result<Response<SetAdminPasswordResponse>, Status> {
        let deadline = convert::deadline(&request);
        operator(&request)?;
        let message = request.get_ref();
        let admin = self.replace_password.find(&parse::admin_to_set(message)?).await?;
        let password = parse::new_password(message, &self.password_rules, &admin)?;
        let admin = self.replace_password.set(admin, password, deadline).await?;
        Ok(Response::new(SetAdminPasswordResponse {
            admin: Some(convert::admin(&admin)),
        }))
    }

    async fn import_password_hash(
        &self,
        request: Request<ImportPasswordHashRequest>,
    ) -> Result<Response<ImportPasswordHashResponse>, Status> {
        operator(&request)?;
        let (name, hash) = parse::import(request.get_ref())?;
        let admin = self.replace_password.find(&name).await?;
        let admin = self.replace_password.import(admin, hash).await?;
        Ok(Response::new(ImportPasswordHashResponse {
            admin: Some(convert::admin(&admin)),
        }))
    }
}

/// Who calls, as the authentication layer found out.
fn principal<T>(request: &Request<T>) -> Result<&Principal, Status> {
    let principal = request.extensions().get::<Principal>();
    principal.ok_or_else(errors::token_missing)
}

/// OK when an operator calls.
fn operator<T>(request: &Request<T>) -> Result<(), Status> {
    if principal(request)?.is_operator() {
        Ok(())
    } else {
        Err(errors::operators_only())
    }
}
