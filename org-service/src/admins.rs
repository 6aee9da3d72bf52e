//! The way to auth-service's `AdminProvisioningService`: a port, and its gRPC adapter.

mod known;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use tenantry_common::{
    config::ServiceCredential,
    email::Email,
    id::{AdminId, OrganizationId},
    password_rules::Password,
    rpc::{
        client::{CallContext, retry_on_connection_loss},
        service_credential::METADATA_KEY,
        status::{published, reason_of},
    },
};
use tenantry_proto::auth::v1::{
    ActivateAdminRequest, CancelAdminRequest, ErrorReason, GateState as WireGate, GetPreparedAdminRequest,
    ListAdminStatesRequest, PrepareAdminRequest, SetOrganizationGateRequest,
    admin_provisioning_service_client::AdminProvisioningServiceClient,
};
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use tonic_types::StatusExt;

pub use self::known::{AdminSummary, Gate, KnownPage, OrganizationAdmins};
use self::known::{Range, admin_seen};
use crate::lifecycle::{AdminSeen, GateState};

/// The first admin of a new organization, as the caller gave it. Lives only while the create runs.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// The admin's e-mail.
    pub email: Email,
    /// The admin's password.
    pub password: Password,
}

/// Why auth-service did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminsError {
    /// Another admin has the e-mail; nothing was stored.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// Too many passwords wait to be hashed; nothing was stored.
    #[error("auth-service is overloaded")]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// It will never do it: the admin's state, or a newer epoch, stands against it.
    #[error("auth-service refuses: {0}")]
    Refused(String),
    /// It is away, or its answer was lost: whether it did it is not known.
    #[error("auth-service is not available: {0}")]
    Unavailable(String),
}

/// What org-service has auth-service do. Every call is idempotent.
#[async_trait]
pub trait Admins: Send + Sync + 'static {
    /// What auth-service has under this id.
    async fn state(&self, admin: AdminId, context: &CallContext) -> Result<AdminSeen, AdminsError>;

    /// Stores the admin, unable to log in.
    async fn prepare(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        first_admin: &FirstAdmin,
        context: &CallContext,
    ) -> Result<(), AdminsError>;

    /// Lets the prepared admin log in.
    async fn activate(&self, admin: AdminId, context: &CallContext) -> Result<(), AdminsError>;

    /// Sees to it that the admin never is.
    async fn cancel(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        context: &CallContext,
    ) -> Result<(), AdminsError>;

    /// Moves the organization's gate, unless a newer epoch did.
    async fn set_gate(
        &self,
        organization: OrganizationId,
        epoch: i64,
        state: GateState,
        context: &CallContext,
    ) -> Result<(), AdminsError>;

    /// Organizations as auth-service knows them, those with ids above `after` and not above `until`: at most `limit`,
    /// in the order of their ids.
    async fn list(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
        context: &CallContext,
    ) -> Result<KnownPage, AdminsError>;
}

/// The real auth-service, over gRPC.
#[derive(Clone)]
pub struct GrpcAdmins {
    client: AdminProvisioningServiceClient<Channel>,
    credential: MetadataValue<Ascii>,
}

impl fmt::Debug for GrpcAdmins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrpcAdmins(…)")
    }
}

impl GrpcAdmins {
    /// A client on this channel.
    ///
    /// # Errors
    /// The credential cannot be sent as metadata: it holds other than visible ASCII characters.
    pub fn new(
        channel: Channel,
        credential: &ServiceCredential,
    ) -> Result<Self, tonic::metadata::errors::InvalidMetadataValue> {
        let mut credential: MetadataValue<Ascii> = credential.expose().parse()?;
        credential.set_sensitive(true);
        Ok(Self {
            client: AdminProvisioningServiceClient::new(channel),
            credential,
        })
    }

    fn request<T>(&self, message: T, context: &CallContext) -> Request<T> {
        let mut request = context.request(message);
        request
            .metadata_mut()
            .insert(METADATA_KEY, self.credential.clone());
        request
    }
}

#[async_trait]
impl Admins for GrpcAdmins {
    async fn state(&self, admin: AdminId, context: &CallContext) -> Result<AdminSeen, AdminsError> {
        let message = GetPreparedAdminRequest {
            admin_id: admin.to_string(),
        };
        let reply = retry_on_connection_loss(context, || {
            let (mut client, request) = (self.client.clone(), self.request(message.clone(), context));
            async move { client.get_prepared_admin(request).await }
        });
        let reply = reply.await.map_err(from_status)?.into_inner();
        echoed(&reply.admin_id, &admin)?;
        admin_seen(reply.state).ok_or_else(unintelligible)
    }

    async fn prepare(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        first_admin: &FirstAdmin,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        let message = PrepareAdminRequest {
            admin_id: admin.to_string(),
            organization_id: organization.to_string(),
            email: first_admin.email.to_string(),
            password: first_admin.password.expose().to_owned(),
        };
        let reply = self
            .client
            .clone()
            .prepare_admin(self.request(message, context))
            .await;
        let reply = reply.map_err(from_status)?.into_inner();
        echoed(&reply.admin_id, &admin)
    }

    async fn activate(&self, admin: AdminId, context: &CallContext) -> Result<(), AdminsError> {
        let message = ActivateAdminRequest {
            admin_id: admin.to_string(),
        };
        let reply = self
            .client
            .clone()
            .activate_admin(self.request(message, context))
            .await;
        echoed(&reply.map_err(from_status)?.into_inner().admin_id, &admin)
    }

    async fn cancel(
        &self,
        admin: AdminId,
        organization: OrganizationId,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        let message = CancelAdminRequest {
            admin_id: admin.to_string(),
            organization_id: organization.to_string(),
        };
        let reply = self
            .client
            .clone()
            .cancel_admin(self.request(message, context))
            .await;
        echoed(&reply.map_err(from_status)?.into_inner().admin_id, &admin)
    }

    async fn set_gate(
        &self,
        organization: OrganizationId,
        epoch: i64,
        state: GateState,
        context: &CallContext,
    ) -> Result<(), AdminsError> {
        let wire = match state {
            GateState::Open => WireGate::Open,
            GateState::Suspended => WireGate::Suspended,
            GateState::Purged => WireGate::Purged,
        };
        let message = SetOrganizationGateRequest {
            organization_id: organization.to_string(),
            epoch,
            state: wire.into(),
        };
        let reply = self
            .client
            .clone()
            .set_organization_gate(self.request(message, context))
            .await;
        let reply = reply.map_err(from_status)?.into_inner();
        echoed(&reply.organization_id, &organization)?;
        if reply.state == i32::from(wire) {
            Ok(())
        } else {
            Err(unintelligible())
        }
    }

    async fn list(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
        context: &CallContext,
    ) -> Result<KnownPage, AdminsError> {
        let text = |id: Option<OrganizationId>| id.map(|id| id.to_string()).unwrap_or_default();
        let message = ListAdminStatesRequest {
            after_organization_id: text(after),
            until_organization_id: text(until),
            page_size: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let reply = retry_on_connection_loss(context, || {
            let (mut client, request) = (self.client.clone(), self.request(message.clone(), context));
            async move { client.list_admin_states(request).await }
        });
        let reply = reply.await.map_err(from_status)?.into_inner();
        KnownPage::read(reply, Range { after, until }).ok_or_else(unintelligible)
    }
}

/// An answer that does not name what was asked about is no answer: an empty message must never pass for a yes.
fn echoed(answered: &str, asked: &impl ToString) -> Result<(), AdminsError> {
    if answered == asked.to_string() {
        Ok(())
    } else {
        Err(unintelligible())
    }
}

fn unintelligible() -> AdminsError {
    AdminsError::Unavailable("unintelligible answer".to_owned())
}

fn from_status(status: Status) -> AdminsError {
    let reason = reason_of(&status);
    match status.code() {
        Code::AlreadyExists
            if reason.as_deref() == Some(published(ErrorReason::EmailTaken.as_str_name())) =>
        {
            AdminsError::EmailTaken
        }
        Code::ResourceExhausted => AdminsError::Overloaded {
            retry_after: status
                .get_details_retry_info()
                .and_then(|info| info.retry_delay)
                .unwrap_or(Duration::from_secs(1)),
        },
        Code::FailedPrecondition => AdminsError::Refused(reason.unwrap_or_default()),
        code => AdminsError::Unavailable(format!("{code}: {}", status.message())),
    }
}
