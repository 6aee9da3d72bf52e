//! An auth-service that says yes to everything, in the emptiest way there is.

use tenantry_proto::auth::v1::{
    admin_provisioning_service_server::{AdminProvisioningService, AdminProvisioningServiceServer},
    auth_service_server::{AuthService, AuthServiceServer},
    *,
};
use tonic::{Request, Response, Status, service::Routes};

struct Empty;

macro_rules! answers_empty {
    ($service:ident: $($rpc:ident($request:ident) -> $response:ident,)+) => {
        #[tonic::async_trait]
        impl $service for Empty {
            $(async fn $rpc(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Ok(Response::new($response::default()))
            })+
        }
    };
}

answers_empty! { AuthService:
    login(LoginRequest) -> LoginResponse,
    refresh_token(RefreshTokenRequest) -> RefreshTokenResponse,
    validate_token(ValidateTokenRequest) -> ValidateTokenResponse,
    get_current_admin(GetCurrentAdminRequest) -> GetCurrentAdminResponse,
    logout(LogoutRequest) -> LogoutResponse,
    list_sessions(ListSessionsRequest) -> ListSessionsResponse,
    revoke_session(RevokeSessionRequest) -> RevokeSessionResponse,
    revoke_all_sessions(RevokeAllSessionsRequest) -> RevokeAllSessionsResponse,
    change_password(ChangePasswordRequest) -> ChangePasswordResponse,
    update_admin(UpdateAdminRequest) -> UpdateAdminResponse,
    set_admin_password(SetAdminPasswordRequest) -> SetAdminPasswordResponse,
    import_password_hash(ImportPasswordHashRequest) -> ImportPasswordHashResponse,
    get_json_web_key_set(GetJsonWebKeySetRequest) -> GetJsonWebKeySetResponse,
}

answers_empty! { AdminProvisioningService:
    prepare_admin(PrepareAdminRequest) -> PrepareAdminResponse,
    activate_admin(ActivateAdminRequest) -> ActivateAdminResponse,
    cancel_admin(CancelAdminRequest) -> CancelAdminResponse,
    get_prepared_admin(GetPreparedAdminRequest) -> GetPreparedAdminResponse,
    set_organization_gate(SetOrganizationGateRequest) -> SetOrganizationGateResponse,
    list_admin_states(ListAdminStatesRequest) -> ListAdminStatesResponse,
}

/// Both services of auth-service.
pub fn services() -> Routes {
    Routes::new(AuthServiceServer::new(Empty)).add_service(AdminProvisioningServiceServer::new(Empty))
}
