//! One organization, its admin, and every token that the admin was ever given.

use std::{collections::HashMap, time::Duration};

use fastrand::Rng;
use tenantry_proto::{
    auth::v1::{
        ChangePasswordRequest, LoginRequest, LogoutRequest, RefreshTokenRequest, RevokeAllSessionsRequest,
        RevokeSessionRequest, SetAdminPasswordRequest, ValidateTokenRequest, set_admin_password_request,
    },
    organization::v1 as pb,
};
use tonic::{Code, Status};

use super::{
    Front,
    actions::{ALL, Action, Beside},
};
use crate::harness::*;

/// What one login, or one refresh, was given.
#[derive(Clone, Debug)]
struct Tokens {
    access: String,
    refresh: String,
}

pub struct Member<'p> {
    fronts: &'p [Front],
    operator: &'p str,
    organization: pb::Organization,
    email: String,
    password: String,
    /// Of sessions that must be alive.
    alive: Vec<Tokens>,
    rng: Rng,
    tally: HashMap<Action, usize>,
}

impl<'p> Member<'p> {
    pub fn new(fronts: &'p [Front], operator: &'p str, organization: pb::Organization, seed: u64) -> Self {
        Self {
            fronts,
            operator,
            email: email_of(&organization.name),
            organization,
            password: PASSWORD.to_owned(),
            alive: Vec::new(),
            rng: Rng::with_seed(seed),
            tally: ALL.iter().map(|action| (*action, 0)).collect(),
        }
    }

    pub fn tally(self) -> HashMap<Action, usize> {
        self.tally
    }

    /// One revocation, with a login and a refresh beside it, and a look at everything afterwards.
    pub async fn round(&mut self, context: &str) {
        if self.alive.is_empty() {
            let tokens = self.log_in(self.front(), &self.password).await;
            self.alive.push(tokens.expect("nothing stands against a login"));
        }
        let action = ALL[self.rng.usize(..ALL.len())];
        let context = format!("{context}, {action:?}");
        *self.tally.entry(action).or_default() += 1;
        let victim = self.rng.usize(..self.alive.len());
        let next_password = format!("battery staple {:x}", self.rng.u64(..));
        let (by, of_login, of_refresh) = (self.any_front(), self.any_front(), self.any_front());
        let (acknowledged, login, refreshed) = tokio::join!(
            self.revoke_until_acknowledged(by, action, victim, &next_password),
            self.log_in(of_login, &self.password),
            self.refresh(of_refresh, &self.alive[victim].refresh),
        );
        let action = acknowledged.unwrap_or_else(|status| panic!("{context}: {status:?}"));

        let mut dead = self.take_dead(action, victim);
        match refreshed {
            // The caller's session goes on, with the newest of its tokens.
            Ok(next) if action.keeps_the_caller() => self.alive = vec![next],
            Ok(next) => dead.push(next),
            Err(status) => assert_eq!(status.code(), Code::Unauthenticated, "{context}: {status:?}"),
        }
        match (login, action.login_beside()) {
            (Ok(tokens), Beside::Dies) => dead.push(tokens),
            (Ok(tokens), Beside::Lives) => self.alive.push(tokens),
            (Ok(tokens), Beside::Either) => {
                if self.validates(self.front(), &tokens.access).await.is_ok() {
                    self.alive.push(tokens);
                } else {
                    dead.push(tokens);
                }
            }
            (Err(status), beside) => {
                assert_ne!(beside, Beside::Lives, "{context}: {status:?}");
                assert_eq!(status.code(), Code::Unauthenticated, "{context}: {status:?}");
            }
        }
        self.assert_dead(&dead, &context).await;
        self.recover(action, next_password).await;
        self.assert_dead(&dead, &format!("{context}, afterwards")).await;
        self.assert_alive(&context).await;
        self.alive.truncate(3);
    }

    fn front(&self) -> &'p Front {
        &self.fronts[0]
    }

    fn any_front(&mut self) -> &'p Front {
        &self.fronts[self.rng.usize(..self.fronts.len())]
    }

    /// The tokens that the revocation was about.
    fn take_dead(&mut self, action: Action, victim: usize) -> Vec<Tokens> {
        if action.ends_one() {
            return vec![self.alive.swap_remove(victim)];
        }
        if action.keeps_the_caller() {
            let caller = self.alive.swap_remove(victim);
            return std::mem::replace(&mut self.alive, vec![caller]);
        }
        std::mem::take(&mut self.alive)
    }

    /// Answers what was acknowledged in the end: where a try without an answer has taken the caller's own session, nobody
    /// but an operator can go on.
    async fn revoke_until_acknowledged(
        &self,
        front: &Front,
        action: Action,
        victim: usize,
        next_password: &str,
    ) -> Result<Action, Status> {
        let mut trying = action;
        let mut unanswered = false;
        loop {
            match self.revoke(front, trying, victim, next_password).await {
                Ok(()) => return Ok(trying),
                Err(status) if status.code() == Code::Unavailable => {
                    unanswered = true;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(status) if unanswered && status.code() == Code::NotFound => return Ok(trying),
                Err(status) if unanswered && status.code() == Code::Unauthenticated => {
                    trying = Action::SetAdminPassword;
                }
                Err(status) => return Err(status),
            }
        }
    }

    async fn revoke(
        &self,
        front: &Front,
        action: Action,
        victim: usize,
        next_password: &str,
    ) -> Result<(), Status> {
        let (mut auth, mut org) = (front.auth.clone(), front.org.clone());
        let token = &self.alive[victim].access;
        let id = self.organization.id.clone();
        match action {
            Action::Logout => auth.logout(bearer(token, LogoutRequest {})).await.map(drop),
            Action::RevokeSession => {
                let session_id = self.validates(front, token).await?;
                // Any of the admin's tokens may end it.
                let by = &self.alive[self.alive.len() - 1].access;
                let request = bearer(by, RevokeSessionRequest { session_id });
                auth.revoke_session(request).await.map(drop)
            }
            Action::RevokeAllSessions | Action::RevokeOtherSessions => {
                let keep_current = action.keeps_the_caller();
                let request = bearer(token, RevokeAllSessionsRequest { keep_current });
                auth.revoke_all_sessions(request).await.map(drop)
            }
            Action::ChangePassword => {
                let message = ChangePasswordRequest {
                    current_password: self.password.clone(),
                    new_password: next_password.to_owned(),
                };
                auth.change_password(bearer(token, message)).await.map(drop)
            }
            Action::SetAdminPassword => {
                let message = SetAdminPasswordRequest {
                    admin: Some(set_admin_password_request::Admin::Email(self.email.clone())),
                    new_password: next_password.to_owned(),
                };
                auth.set_admin_password(bearer(self.operator, message))
                    .await
                    .map(drop)
            }
            Action::SuspendOrganization => {
                let request = pb::SuspendOrganizationRequest {
                    organization: Some(pb::suspend_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                org.suspend_organization(bearer(self.operator, request))
                    .await
                    .map(drop)
            }
            Action::DeleteOrganization => {
                let request = pb::DeleteOrganizationRequest {
                    organization: Some(pb::delete_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                org.delete_organization(bearer(self.operator, request))
                    .await
                    .map(drop)
            }
        }
    }

    /// Brings back what the revocation took, so that the next round finds an organization to log in to.
    async fn recover(&mut self, action: Action, next_password: String) {
        let mut org = self.any_front().org.clone();
        let id = self.organization.id.clone();
        match action {
            Action::ChangePassword | Action::SetAdminPassword => self.password = next_password,
            Action::SuspendOrganization => {
                let request = pb::ResumeOrganizationRequest {
                    organization: Some(pb::resume_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                org.resume_organization(bearer(self.operator, request))
                    .await
                    .unwrap();
            }
            Action::DeleteOrganization => {
                let request = pb::UndeleteOrganizationRequest {
                    id,
                    ..Default::default()
                };
                org.undelete_organization(bearer(self.operator, request))
                    .await
                    .unwrap();
            }
            _ => {}
        }
    }

    async fn log_in(&self, front: &Front, password: &str) -> Result<Tokens, Status> {
        let message = LoginRequest {
            email: self.email.clone(),
            password: password.to_owned(),
        };
        let login = front.auth.clone().login(message).await?.into_inner();
        Ok(Tokens {
            access: login.access_token,
            refresh: login.refresh_token,
        })
    }

    async fn refresh(&self, front: &Front, token: &str) -> Result<Tokens, Status> {
        let message = RefreshTokenRequest {
            refresh_token: token.to_owned(),
        };
        let next = front.auth.clone().refresh_token(message).await?.into_inner();
        Ok(Tokens {
            access: next.access_token,
            refresh: next.refresh_token,
        })
    }

    /// The session that a token belongs to.
    async fn validates(&self, front: &Front, token: &str) -> Result<String, Status> {
        let message = ValidateTokenRequest {
            access_token: token.to_owned(),
        };
        let answer = front.auth.clone().validate_token(message).await?;
        Ok(answer.into_inner().principal.expect("a principal").session_id)
    }

    async fn get(&self, front: &Front, token: &str) -> Result<(), Status> {
        let id = self.organization.id.clone();
        let request = pb::GetOrganizationRequest {
            organization: Some(pb::get_organization_request::Organization::Id(id)),
        };
        front
            .org
            .clone()
            .get_organization(bearer(token, request))
            .await
            .map(drop)
    }

    /// That no replica takes any of these tokens.
    async fn assert_dead(&self, dead: &[Tokens], context: &str) {
        for (number, front) in self.fronts.iter().enumerate() {
            for tokens in dead {
                for (call, answer) in [
                    (
                        "ValidateToken",
                        self.validates(front, &tokens.access).await.map(drop),
                    ),
                    ("GetOrganization", self.get(front, &tokens.access).await),
                    (
                        "RefreshToken",
                        self.refresh(front, &tokens.refresh).await.map(drop),
                    ),
                ] {
                    let refused = answer.expect_err(&format!("{context}: {call} at replica {number}"));
                    assert_eq!(
                        refused.code(),
                        Code::Unauthenticated,
                        "{context}: {call} {refused:?}"
                    );
                }
            }
        }
    }

    /// That a revocation took nobody with it that it was not about.
    async fn assert_alive(&self, context: &str) {
        for front in self.fronts {
            for tokens in &self.alive {
                let validated = self.validates(front, &tokens.access).await;
                assert!(validated.is_ok(), "{context}: {validated:?}");
            }
        }
    }
}
