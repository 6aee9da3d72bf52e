//! The steps that auth-service takes for an operation.

use std::{sync::Arc, time::Duration};

use tenantry_common::rpc::{client::CallContext, deadline::Deadline};

use super::{
    drive::{Drive, Stop},
    notes::gate_in_words,
};
use crate::{
    admins::{Admins, AdminsError},
    lifecycle::{AdminSeen, GateState},
    store::Fence,
};

/// How long one call may take: a caller that hung up does not end the operation.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for the call that waits for a password to be hashed.
const HASH_TIMEOUT: Duration = Duration::from_secs(60);

impl Drive {
    pub(super) async fn prepare_admin(&mut self) -> Result<(), Stop> {
        let Some(first_admin) = self.first_admin.clone() else {
            self.observed.has_password = false;
            return Ok(());
        };
        let (admin, organization) = (self.organization.admin_id, self.organization.id);
        let (fence, admins, context) = self.about_to_call(HASH_TIMEOUT).await?;
        match self
            .while_renewing(fence, admins.prepare(admin, organization, &first_admin, &context))
            .await
        {
            Ok(()) => self.observed.admin = AdminSeen::Pending,
            // Whether it was stored is asked next; the password is not sent twice.
            Err(error @ AdminsError::Unavailable(_)) => {
                self.observed.has_password = false;
                self.wait(&error).await?;
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                self.observed.admin = AdminSeen::Absent;
            }
        }
        Ok(())
    }

    pub(super) async fn ask_for_admin(&mut self) -> Result<(), Stop> {
        let admin = self.organization.admin_id;
        let (fence, admins, context) = self.about_to_call(CALL_TIMEOUT).await?;
        let answer = self.while_renewing(fence, admins.state(admin, &context)).await;
        if let Some(seen) = self.answered(answer).await? {
            self.observed.admin = seen;
        }
        Ok(())
    }

    pub(super) async fn cancel_admin(&mut self) -> Result<(), Stop> {
        let (admin, organization) = (self.organization.admin_id, self.organization.id);
        let (fence, admins, context) = self.about_to_call(CALL_TIMEOUT).await?;
        let answer = self
            .while_renewing(fence, admins.cancel(admin, organization, &context))
            .await;
        if self.answered(answer).await?.is_some() {
            self.notes.note("withdrew the admin, who never logged in");
            self.observed.admin = AdminSeen::Cancelled;
        }
        Ok(())
    }

    pub(super) async fn activate_admin(&mut self) -> Result<(), Stop> {
        let admin = self.organization.admin_id;
        let (fence, admins, context) = self.about_to_call(CALL_TIMEOUT).await?;
        let answer = self.while_renewing(fence, admins.activate(admin, &context)).await;
        if self.answered(answer).await?.is_some() {
            self.notes.note("let the admin log in");
            self.observed.admin = AdminSeen::Active;
        }
        Ok(())
    }

    pub(super) async fn set_gate(&mut self, state: GateState) -> Result<(), Stop> {
        let (organization, epoch) = (self.organization.id, self.organization.epoch);
        let (fence, admins, context) = self.about_to_call(CALL_TIMEOUT).await?;
        let answer = self
            .while_renewing(fence, admins.set_gate(organization, epoch, state, &context))
            .await;
        if self.answered(answer).await?.is_some() {
            self.notes
                .note(format!("set the gate to {}", gate_in_words(state)));
            self.observed.gate = Some(state);
        }
        Ok(())
    }

    /// What a call needs, the lease renewed a moment before.
    async fn about_to_call(
        &mut self,
        timeout: Duration,
    ) -> Result<(Fence, Arc<dyn Admins>, CallContext), Stop> {
        let fence = self.renewed().await?;
        let context = CallContext::new(self.request_id.clone(), Deadline::after(timeout));
        Ok((fence, Arc::clone(&self.driver.admins), context))
    }

    /// The answer to an idempotent call; none when it is to be made again, or when a refusal was noted.
    async fn answered<T>(&mut self, answer: Result<T, AdminsError>) -> Result<Option<T>, Stop> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(AdminsError::Refused(why)) => {
                // A refusal to a driver that was overtaken says nothing; renewing tells.
                self.renewed().await?;
                tracing::error!(organization = %self.organization.id, why, "auth-service refuses");
                self.observed.auth_refused = true;
                Ok(None)
            }
            Err(error) => self.wait(&error).await.map(|()| None),
        }
    }
}
