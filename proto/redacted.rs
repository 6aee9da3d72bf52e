//! `Debug` of the messages that carry secrets, without them: whatever is logged or panics shows no password, no token
//! and no address.

use std::fmt;

macro_rules! debug_without_secrets {
    ($($package:ident::$message:ident { $($shown:ident),* })+) => {$(
        impl fmt::Debug for crate::$package::v1::$message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message))
                    $(.field(stringify!($shown), &self.$shown))*
                    .finish_non_exhaustive()
            }
        }
    )+};
}

// build.rs leaves the generated one out for exactly these.
debug_without_secrets! {
    auth::LoginRequest {}
    auth::LoginResponse { expire_time }
    auth::RefreshTokenRequest {}
    auth::RefreshTokenResponse { expire_time }
    auth::ChangePasswordRequest {}
    auth::UpdateAdminRequest { update_mask }
    auth::SetAdminPasswordRequest {}
    auth::ImportPasswordHashRequest {}
    auth::ValidateTokenRequest {}
    auth::PrepareAdminRequest { admin_id, organization_id }
    organization::AdminCredentials {}
}

#[cfg(test)]
mod tests {
    use crate::{
        auth::v1::{
            Admin, ChangePasswordRequest, ImportPasswordHashRequest, LoginRequest, LoginResponse,
            PrepareAdminRequest, RefreshTokenRequest, RefreshTokenResponse, SetAdminPasswordRequest,
            UpdateAdminRequest, ValidateTokenRequest, import_password_hash_request,
            set_admin_password_request,
        },
        organization::v1::{AdminCredentials, CreateOrganizationRequest},
    };

    fn canary() -> String {
        "canary@example.com".to_owned()
    }

    #[test]
    fn debug_shows_no_secret() {
        let admin = AdminCredentials {
            email: canary(),
            password: canary(),
        };
        let shown = [
            format!(
                "{:?}",
                LoginRequest {
                    email: canary(),
                    password: canary()
                }
            ),
            format!(
                "{:?}",
                LoginResponse {
                    access_token: canary(),
                    refresh_token: canary(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                RefreshTokenRequest {
                    refresh_token: canary()
                }
            ),
            format!(
                "{:?}",
                RefreshTokenResponse {
                    access_token: canary(),
                    refresh_token: canary(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                ChangePasswordRequest {
                    current_password: canary(),
                    new_password: canary()
                }
            ),
            format!(
                "{:?}",
                UpdateAdminRequest {
                    admin: Some(Admin {
                        email: canary(),
                        ..Default::default()
                    }),
                    current_password: canary(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                SetAdminPasswordRequest {
                    admin: Some(set_admin_password_request::Admin::Email(canary())),
                    new_password: canary(),
                }
            ),
            format!(
                "{:?}",
                ImportPasswordHashRequest {
                    admin: Some(import_password_hash_request::Admin::Email(canary())),
                    password_hash: canary(),
                }
            ),
            format!(
                "{:?}",
                ValidateTokenRequest {
                    access_token: canary()
                }
            ),
            format!(
                "{:?}",
                PrepareAdminRequest {
                    email: canary(),
                    password: canary(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                CreateOrganizationRequest {
                    admin: Some(admin),
                    ..Default::default()
                }
            ),
        ];
        assert!(shown.iter().all(|text| !text.contains("canary")), "{shown:?}");
    }
}
