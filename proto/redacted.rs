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
    auth::ValidateTokenRequest {}
    auth::PrepareAdminRequest { admin_id, organization_id }
    organization::AdminCredentials {}
}

#[cfg(test)]
mod tests {
    use crate::{
        auth::v1::{LoginRequest, LoginResponse, PrepareAdminRequest, ValidateTokenRequest},
        organization::v1::{AdminCredentials, CreateOrganizationRequest},
    };

    #[test]
    fn debug_shows_no_secret() {
        let (email, password) = (
            || "canary@example.com".to_owned(),
            || "canary-password".to_owned(),
        );
        let token = || "canary-token".to_owned();
        let admin = AdminCredentials {
            email: email(),
            password: password(),
        };
        let shown = [
            format!(
                "{:?}",
                LoginRequest {
                    email: email(),
                    password: password()
                }
            ),
            format!(
                "{:?}",
                LoginResponse {
                    access_token: token(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                ValidateTokenRequest {
                    access_token: token()
                }
            ),
            format!(
                "{:?}",
                PrepareAdminRequest {
                    email: email(),
                    password: password(),
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
