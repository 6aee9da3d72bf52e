//! An admin's calls: a login, and what can be done with what it brought.

use std::hash::{DefaultHasher, Hash, Hasher};

use tenantry_proto::{
    auth::v1::{
        Admin, ChangePasswordRequest, LoginRequest, LogoutRequest, RefreshTokenRequest,
        RevokeAllSessionsRequest, UpdateAdminRequest, ValidateTokenRequest,
    },
    organization::v1 as pb,
};
use tonic::Status;
use uuid::Uuid;

use super::{Answer, Connection, PASSWORD, bearing, in_time, timed};
use crate::{
    history::{Outcome, Request},
    load::{known::Tokens, outcome},
};

impl Connection {
    pub(super) async fn log_in(&self, organization: Uuid, email: &str) -> Answer {
        let request = LoginRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
        };
        match in_time(self.auth.clone().login(timed(request))).await {
            Ok(reply) => {
                let whose = reply.admin.map(|admin| admin.organization_id);
                Answer {
                    outcome: outcome::granted(whose, organization),
                    tokens: Some(Tokens {
                        access: reply.access_token,
                        refresh: reply.refresh_token,
                    }),
                }
            }
            Err(status) => outcome::failed(&status).into(),
        }
    }

    /// A call that shows one of these tokens.
    pub(super) async fn make_as_admin(&self, request: &Request, replica: usize, tokens: &Tokens) -> Answer {
        let answer = match request {
            Request::Refresh { .. } => return self.refresh(&tokens.refresh).await,
            Request::Validate { organization, .. } => self.validate(*organization, &tokens.access).await,
            Request::Visit { organization, .. } => self.visit(*organization, replica, &tokens.access).await,
            other => self.change(other, &tokens.access).await,
        };
        answer.unwrap_or_else(|status| outcome::failed(&status)).into()
    }

    async fn refresh(&self, token: &str) -> Answer {
        let request = RefreshTokenRequest {
            refresh_token: token.to_owned(),
        };
        match in_time(self.auth.clone().refresh_token(timed(request))).await {
            Ok(reply) => Answer {
                outcome: Outcome::Refreshed(digest(&reply.refresh_token)),
                tokens: Some(Tokens {
                    access: reply.access_token,
                    refresh: reply.refresh_token,
                }),
            },
            Err(status) => outcome::failed(&status).into(),
        }
    }

    async fn validate(&self, organization: Uuid, token: &str) -> Result<Outcome, Status> {
        let request = ValidateTokenRequest {
            access_token: token.to_owned(),
        };
        let reply = in_time(self.auth.clone().validate_token(timed(request))).await?;
        let whose = reply.principal.map(|whose| whose.organization_id);
        Ok(outcome::granted(whose, organization))
    }

    async fn visit(&self, organization: Uuid, replica: usize, token: &str) -> Result<Outcome, Status> {
        let mut client = self
            .replica(replica)
            .ok_or_else(|| Status::unavailable("no replica"))?;
        let request = pb::GetOrganizationRequest {
            organization: Some(pb::get_organization_request::Organization::Id(
                organization.to_string(),
            )),
        };
        let reply = in_time(client.get_organization(bearing(request, Some(token)))).await?;
        let seen = reply.organization.map(|seen| seen.id);
        Ok(outcome::granted(seen, organization))
    }

    /// A call that changes something of the admin's own.
    async fn change(&self, request: &Request, token: &str) -> Result<Outcome, Status> {
        let mut auth = self.auth.clone();
        match request {
            Request::RevokeAll { keep_current, .. } => {
                let keep_current = *keep_current;
                let call = bearing(RevokeAllSessionsRequest { keep_current }, Some(token));
                in_time(auth.revoke_all_sessions(call)).await?;
                Ok(Outcome::Done)
            }
            Request::ChangePassword { organization, .. } => {
                let call = ChangePasswordRequest {
                    current_password: PASSWORD.to_owned(),
                    new_password: PASSWORD.to_owned(),
                };
                let reply = in_time(auth.change_password(bearing(call, Some(token)))).await?;
                Ok(done(reply.admin, *organization))
            }
            Request::ChangeEmail {
                organization, email, ..
            } => {
                let call = UpdateAdminRequest {
                    admin: Some(Admin {
                        email: email.clone(),
                        ..Admin::default()
                    }),
                    update_mask: None,
                    current_password: PASSWORD.to_owned(),
                };
                let reply = in_time(auth.update_admin(bearing(call, Some(token)))).await?;
                Ok(done(reply.admin, *organization))
            }
            _ => {
                in_time(auth.logout(bearing(LogoutRequest {}, Some(token)))).await?;
                Ok(Outcome::Done)
            }
        }
    }
}

/// The OK of a change, if it is about the right admin.
fn done(admin: Option<Admin>, organization: Uuid) -> Outcome {
    match outcome::granted(admin.map(|admin| admin.organization_id), organization) {
        Outcome::Granted => Outcome::Done,
        other => other,
    }
}

/// Enough to tell tokens apart, and useless for a thief.
fn digest(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}
