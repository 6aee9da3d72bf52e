//! `auth.v1.AdminProvisioningService`, for org-service alone.

use std::fmt::Display;

use tenantry_common::{
    email::Email,
    id::{AdminId, InvalidId, OrganizationId},
    password_rules::{Context, PasswordRules},
    rpc::fields::{Fields, one_field, page_size},
};
use tenantry_proto::auth::v1::{
    ActivateAdminRequest, ActivateAdminResponse, CancelAdminRequest, CancelAdminResponse,
    GetPreparedAdminRequest, GetPreparedAdminResponse, ListAdminStatesRequest, ListAdminStatesResponse,
    PrepareAdminRequest, PrepareAdminResponse, SetOrganizationGateRequest, SetOrganizationGateResponse,
    admin_provisioning_service_server::AdminProvisioningService,
};
use tonic::{Request, Response, Status};

use super::{convert, errors};
use crate::{
    activate_admin::{ActivateAdmin, ChangeAdminError},
    cancel_admin::CancelAdmin,
    domain::GateState,
    list_admin_states::ListAdminStates,
    prepare_admin::{NewAdmin, PrepareAdmin},
    prepared_admin::PreparedAdmin,
    set_gate::SetGate,
};

/// Organizations on a page of ListAdminStates when the caller does not say, and at most.
const PAGE_SIZE: usize = 500;
const MAX_PAGE_SIZE: usize = 1_000;

/// The service.
pub struct Provisioning {
    /// PrepareAdmin.
    pub prepare_admin: PrepareAdmin,
    /// ActivateAdmin.
    pub activate_admin: ActivateAdmin,
    /// CancelAdmin.
    pub cancel_admin: CancelAdmin,
    /// SetOrganizationGate.
    pub set_gate: SetGate,
    /// GetPreparedAdmin.
    pub prepared_admin: PreparedAdmin,
    /// ListAdminStates.
    pub list_admin_states: ListAdminStates,
    /// What a first admin's password must be.
    pub password_rules: PasswordRules,
}

#[tonic::async_trait]
impl AdminProvisioningService for Provisioning {
    async fn prepare_admin(
        &self,
        request: Request<PrepareAdminRequest>,
    ) -> Result<Response<PrepareAdminResponse>, Status> {
        let deadline = convert::deadline(&request);
        let new = new_admin(request.get_ref(), &self.password_rules)?;
        let admin = self.prepare_admin.prepare(new, deadline).await?;
        Ok(Response::new(PrepareAdminResponse {
            admin_id: admin.id.to_string(),
            state: convert::admin_state(Some(&admin)).into(),
        }))
    }

    async fn activate_admin(
        &self,
        request: Request<ActivateAdminRequest>,
    ) -> Result<Response<ActivateAdminResponse>, Status> {
        let id = one_field("admin_id", request.get_ref().admin_id.parse())?;
        let admin = self.activate_admin.activate(id).await?;
        Ok(Response::new(ActivateAdminResponse {
            admin_id: admin.id.to_string(),
            state: convert::admin_state(Some(&admin)).into(),
        }))
    }

    async fn cancel_admin(
        &self,
        request: Request<CancelAdminRequest>,
    ) -> Result<Response<CancelAdminResponse>, Status> {
        let (id, organization_id) = cancelled_admin(request.get_ref())?;
        let admin = self.cancel_admin.cancel(id, organization_id).await?;
        Ok(Response::new(CancelAdminResponse {
            admin_id: admin.id.to_string(),
            state: convert::admin_state(Some(&admin)).into(),
        }))
    }

    async fn get_prepared_admin(
        &self,
        request: Request<GetPreparedAdminRequest>,
    ) -> Result<Response<GetPreparedAdminResponse>, Status> {
        let id = one_field("admin_id", request.get_ref().admin_id.parse())?;
        let admin = self
            .prepared_admin
            .get(id)
            .await
            .map_err(ChangeAdminError::Store)?;
        Ok(Response::new(GetPreparedAdminResponse {
            admin_id: id.to_string(),
            state: convert::admin_state(admin.as_ref()).into(),
        }))
    }

    async fn set_organization_gate(
        &self,
        request: Request<SetOrganizationGateRequest>,
    ) -> Result<Response<SetOrganizationGateResponse>, Status> {
        let (organization_id, state, epoch) = gate_call(request.get_ref())?;
        let gate = self.set_gate.set(organization_id, state, epoch).await?;
        Ok(Response::new(SetOrganizationGateResponse {
            organization_id: gate.organization_id.to_string(),
            epoch: gate.epoch,
            state: convert::gate_state(gate.state).into(),
        }))
    }

    async fn list_admin_states(
        &self,
        request: Request<ListAdminStatesRequest>,
    ) -> Result<Response<ListAdminStatesResponse>, Status> {
        let (after, until, page_size) = list_call(request.get_ref())?;
        let page = self
            .list_admin_states
            .list(after, until, page_size)
            .await
            .map_err(|error| errors::store(&error))?;
        let organizations = page.organizations.into_iter();
        Ok(Response::new(ListAdminStatesResponse {
            organizations: organizations.map(convert::organization_admins).collect(),
            next_after_organization_id: page.next_after.map(|id| id.to_string()).unwrap_or_default(),
        }))
    }
}

fn new_admin(request: &PrepareAdminRequest, rules: &PasswordRules) -> Result<NewAdmin, Status> {
    let PrepareAdminRequest {
        admin_id,
        organization_id,
        email,
        password,
    } = request;
    let mut fields = Fields::new();
    let id = fields.check("admin_id", admin_id.parse());
    let organization_id = fields.check("organization_id", organization_id.parse());
    let email = fields.check("email", Email::parse(email));
    let context = Context::of_email(email.as_ref());
    let password = fields.check("password", rules.check(password, &context));
    match (id, organization_id, email, password) {
        (Some(id), Some(organization_id), Some(email), Some(password)) => Ok(NewAdmin {
            id,
            organization_id,
            email,
            password,
        }),
        _ => Err(fields.into_failure().into()),
    }
}

fn cancelled_admin(request: &CancelAdminRequest) -> Result<(AdminId, OrganizationId), Status> {
    let mut fields = Fields::new();
    let id = fields.check("admin_id", request.admin_id.parse());
    let organization_id = fields.check("organization_id", request.organization_id.parse());
    id.zip(organization_id)
        .ok_or_else(|| fields.into_failure().into())
}

fn gate_call(request: &SetOrganizationGateRequest) -> Result<(OrganizationId, GateState, i64), Status> {
    let mut fields = Fields::new();
    let organization_id = fields.check("organization_id", request.organization_id.parse());
    let epoch = fields.check("epoch", at_least_one(request.epoch));
    let state = fields.check("state", convert::parse_gate_state(request.state));
    match (organization_id, state, epoch) {
        (Some(organization_id), Some(state), Some(epoch)) => Ok((organization_id, state, epoch)),
        _ => Err(fields.into_failure().into()),
    }
}

type ListCall = (Option<OrganizationId>, Option<OrganizationId>, usize);

fn list_call(request: &ListAdminStatesRequest) -> Result<ListCall, Status> {
    let ListAdminStatesRequest {
        after_organization_id,
        until_organization_id,
        page_size,
    } = request;
    let mut fields = Fields::new();
    let after = fields.check("after_organization_id", bound(after_organization_id));
    let until = fields.check("until_organization_id", bound(until_organization_id));
    let page_size = fields.check("page_size", page_size_of(*page_size));
    match (after, until, page_size) {
        (Some(after), Some(until), Some(page_size)) => Ok((after, until, page_size)),
        _ => Err(fields.into_failure().into()),
    }
}

/// An end of the list; none when empty.
fn bound(text: &str) -> Result<Option<OrganizationId>, InvalidId> {
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some)
    }
}

fn page_size_of(asked: i32) -> Result<usize, &'static str> {
    page_size(asked, PAGE_SIZE, MAX_PAGE_SIZE)
}

fn at_least_one(epoch: i64) -> Result<i64, impl Display> {
    if epoch >= 1 {
        Ok(epoch)
    } else {
        Err("must be at least 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_size_is_bounded() {
        for (given, taken) in [
            (0, Ok(500)),
            (1, Ok(1)),
            (1_000, Ok(1_000)),
            (1_001, Ok(1_000)),
            (i32::MAX, Ok(1_000)),
            (-1, Err("must not be negative")),
            (i32::MIN, Err("must not be negative")),
        ] {
            assert_eq!(page_size_of(given), taken, "{given}");
        }
    }
}
