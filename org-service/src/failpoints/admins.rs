//! Points around the calls to auth-service.

use async_trait::async_trait;
use tenantry_common::{
    failpoints::around,
    id::{AdminId, OrganizationId},
    rpc::client::CallContext,
};

use crate::{
    admins::{Admins, AdminsError, FirstAdmin, KnownPage},
    lifecycle::{AdminSeen, GateState},
};

pub(super) struct PointedAdmins<A>(pub(super) A);

#[async_trait]
impl<A: Admins> Admins for PointedAdmins<A> {
    async fn state(&self, admin: AdminId, context: &CallContext) -> Result<AdminSeen, AdminsError> {
        around("org.admins.state", self.0.state(admin, context)).await
    }

    async fn prepare(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        first_admin: &FirstAdmin,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        let prepared = self.0.prepare(admin, organization, first_admin, context);
        around("org.admins.prepare", prepared).await
    }

    async fn activate(&self, admin: AdminId, context: &CallContext) -> Result<(), AdminsError> {
        around("org.admins.activate", self.0.activate(admin, context)).await
    }

    async fn cancel(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        around("org.admins.cancel", self.0.cancel(admin, organization, context)).await
    }

    async fn set_gate(
        &self,
        organization: OrganizationId,
        epoch: i64,
        state: GateState,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        let moved = self.0.set_gate(organization, epoch, state, context);
        around("org.admins.set_gate", moved).await
    }

    async fn list(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
        context: &CallContext,
    ) -> Result<KnownPage, AdminsError> {
        self.0.list(after, until, limit, context).await
    }
}
