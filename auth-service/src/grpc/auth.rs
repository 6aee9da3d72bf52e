//! `auth.v1.AuthService`.

use std::sync::Arc;

use aws_lc_rs::digest;
use tenantry_common::rpc::fields::Fields;
use tenantry_proto::auth::v1::{
    GetCurrentAdminRequest, GetCurrentAdminResponse, GetJsonWebKeySetRequest, GetJsonWebKeySetResponse,
    LoginRequest, LoginResponse, ValidateTokenRequest, ValidateTokenResponse,
    auth_service_server::AuthService,
};
use tonic::{Request, Response, Status};

use super::{convert, errors};
use crate::{
    current_admin::CurrentAdmin,
    domain::AccessTokens,
    login::Login,
    validate_token::{Principal, ValidateToken},
};

/// The service.
pub struct Auth {
    /// Login.
    pub login: Login,
    /// ValidateToken.
    pub validate_token: Arc<ValidateToken>,
    /// GetCurrentAdmin.
    pub current_admin: CurrentAdmin,
    /// Holds the public key.
    pub tokens: Arc<AccessTokens>,
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let deadline = convert::deadline(&request);
        let LoginRequest { email, password } = request.into_inner();
        // Nothing else about them is told: whether they could be anybody's is the credentials' business.
        let mut fields = Fields::new();
        for (path, text) in [("email", &email), ("password", &password)] {
            if text.is_empty() {
                fields.reject(path, "must not be empty");
            }
        }
        fields.finish()?;
        let logged_in = self.login.log_in(&email, &password, deadline).await?;
        Ok(Response::new(LoginResponse {
            access_token: logged_in.access_token,
            token_type: "Bearer".to_owned(),
            expire_time: Some(logged_in.expire_time.into()),
            admin: Some(convert::admin(&logged_in.admin)),
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
        let principal = request
            .extensions()
            .get::<Principal>()
            .ok_or_else(errors::token_missing)?;
        let admin = self.current_admin.get(principal).await?;
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
}
