//! The way to the servers: one request, one outcome.

mod sessions;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tenantry_proto::{
    auth::v1::{LoginRequest, auth_service_client::AuthServiceClient},
    organization::v1::{self as pb, organization_service_client::OrganizationServiceClient},
};
use tonic::{
    Request as Call, Status,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use super::{LoadError, Operator, Targets, known::Tokens, outcome};
use crate::history::{Outcome, Request, Seen};

/// What a client gives a call.
const DEADLINE: Duration = Duration::from_secs(3);
/// When it is given up although even the deadline's own answer did not come.
const GIVE_UP: Duration = Duration::from_millis(3_500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection is probed, and how long that may take: one that hangs is replaced.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// All admins have the same password.
const PASSWORD: &str = "correct horse battery staple";
/// More than there ever are: a list takes one page.
const PAGE_SIZE: i32 = 500;

/// Channels to the servers, and the operator's token.
pub(super) struct Connection {
    auth: AuthServiceClient<Channel>,
    replicas: Vec<OrganizationServiceClient<Channel>>,
    operator: Operator,
    token: Mutex<Option<String>>,
}

/// What a call brought, and the tokens if it was a login or a refresh.
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) tokens: Option<Tokens>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            tokens: None,
        }
    }
}

impl Connection {
    pub(super) fn new(targets: &Targets, operator: Operator) -> Result<Self, LoadError> {
        let replicas = targets
            .org_urls
            .iter()
            .map(|url| channel(url).map(OrganizationServiceClient::new));
        let replicas = replicas.collect::<Result<Vec<_>, _>>()?;
        if replicas.is_empty() {
            return Err(LoadError::Address("no org-service".to_owned()));
        }
        Ok(Self {
            auth: AuthServiceClient::new(channel(&targets.auth_url)?),
            replicas,
            operator,
            token: Mutex::default(),
        })
    }

    /// Whether the operator is logged in, now if not before; calls of organizations need it.
    pub(super) async fn is_logged_in(&self) -> bool {
        if self.token().is_some() {
            return true;
        }
        let request = LoginRequest {
            email: self.operator.email.clone(),
            password: self.operator.password.clone(),
        };
        let token = in_time(self.auth.clone().login(timed(request)))
            .await
            .ok()
            .map(|reply| reply.access_token);
        let logged_in = token.is_some();
        self.keep(token);
        logged_in
    }

    fn token(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, token: Option<String>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Makes a call; `tokens` are those that an admin's call shows.
    pub(super) async fn make(&self, request: &Request, replica: usize, tokens: Option<&Tokens>) -> Answer {
        match (request, tokens) {
            (Request::Login { organization, email }, _) => self.log_in(*organization, email).await,
            (_, Some(tokens)) => self.make_as_admin(request, replica, tokens).await,
            _ => self.make_as_operator(request, replica).await.into(),
        }
    }

    fn replica(&self, replica: usize) -> Option<OrganizationServiceClient<Channel>> {
        self.replicas.get(replica % self.replicas.len()).cloned()
    }

    async fn make_as_operator(&self, request: &Request, replica: usize) -> Outcome {
        let Some(client) = self.replica(replica) else {
            return Outcome::Unknown("no replica".to_owned());
        };
        let answer = match request {
            Request::List => self.list(client).await.map(Outcome::Organizations),
            _ => self.one(client, request).await.map(Outcome::Organization),
        };
        answer.unwrap_or_else(|status| {
            if status.code() == tonic::Code::Unauthenticated {
                self.keep(None);
            }
            outcome::failed(&status)
        })
    }

    /// A call that is answered with one organization.
    async fn one(
        &self,
        mut client: OrganizationServiceClient<Channel>,
        request: &Request,
    ) -> Result<Seen, Status> {
        let organization = match request {
            Request::Create {
                request_id,
                handle,
                email,
            } => {
                let call = self.bearing(creation(*request_id, handle, email));
                in_time(client.create_organization(call)).await?.organization
            }
            Request::Rename { organization, handle } => {
                let call = self.bearing(renaming(*organization, handle));
                in_time(client.update_organization(call)).await?.organization
            }
            Request::Get { organization } => {
                let key = pb::get_organization_request::Organization::Id(organization.to_string());
                self.get(client, key).await?
            }
            Request::Find { handle } => {
                let key = pb::get_organization_request::Organization::Handle(handle.clone());
                self.get(client, key).await?
            }
            other => self.switch(client, other).await?,
        };
        outcome::seen(organization)
    }

    /// A change of an organization's state.
    async fn switch(
        &self,
        mut client: OrganizationServiceClient<Channel>,
        request: &Request,
    ) -> Result<Option<pb::Organization>, Status> {
        Ok(match request {
            Request::Suspend { organization } => {
                let key = pb::suspend_organization_request::Organization::Id(organization.to_string());
                let call = pb::SuspendOrganizationRequest {
                    organization: Some(key),
                    etag: String::new(),
                };
                in_time(client.suspend_organization(self.bearing(call)))
                    .await?
                    .organization
            }
            Request::Resume { organization } => {
                let key = pb::resume_organization_request::Organization::Id(organization.to_string());
                let call = pb::ResumeOrganizationRequest {
                    organization: Some(key),
                    etag: String::new(),
                };
                in_time(client.resume_organization(self.bearing(call)))
                    .await?
                    .organization
            }
            Request::Delete { organization } => {
                let key = pb::delete_organization_request::Organization::Id(organization.to_string());
                let call = pb::DeleteOrganizationRequest {
                    organization: Some(key),
                    ..Default::default()
                };
                in_time(client.delete_organization(self.bearing(call)))
                    .await?
                    .organization
            }
            Request::Undelete { organization } => {
                let call = pb::UndeleteOrganizationRequest {
                    id: organization.to_string(),
                    ..Default::default()
                };
                in_time(client.undelete_organization(self.bearing(call)))
                    .await?
                    .organization
            }
            _ => None,
        })
    }

    async fn get(
        &self,
        mut client: OrganizationServiceClient<Channel>,
        key: pb::get_organization_request::Organization,
    ) -> Result<Option<pb::Organization>, Status> {
        let call = self.bearing(pb::GetOrganizationRequest {
            organization: Some(key),
        });
        Ok(in_time(client.get_organization(call)).await?.organization)
    }

    async fn list(&self, mut client: OrganizationServiceClient<Channel>) -> Result<Vec<Seen>, Status> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = pb::ListOrganizationsRequest {
                page_size: PAGE_SIZE,
                page_token,
                show_deleted: true,
            };
            let reply = in_time(client.list_organizations(self.bearing(page))).await?;
            for organization in reply.organizations {
                all.push(outcome::seen(Some(organization))?);
            }
            page_token = reply.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// The operator's call.
    fn bearing<T>(&self, message: T) -> Call<T> {
        bearing(message, self.token().as_deref())
    }
}

/// A call with this token, or without any.
fn bearing<T>(message: T, token: Option<&str>) -> Call<T> {
    let mut call = timed(message);
    let bearer = token.and_then(|token| format!("Bearer {token}").parse().ok());
    if let Some(bearer) = bearer {
        call.metadata_mut().insert("authorization", bearer);
    }
    call
}

/// The name is the handle, so that the handle follows the name.
fn creation(request_id: Uuid, handle: &str, email: &str) -> pb::CreateOrganizationRequest {
    pb::CreateOrganizationRequest {
        name: handle.to_owned(),
        admin: Some(pb::AdminCredentials {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
        }),
        request_id: request_id.to_string(),
        ..Default::default()
    }
}

fn renaming(organization: Uuid, handle: &str) -> pb::UpdateOrganizationRequest {
    pb::UpdateOrganizationRequest {
        organization: Some(pb::Organization {
            id: organization.to_string(),
            name: handle.to_owned(),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".to_owned()],
        }),
        etag: String::new(),
    }
}

fn channel(url: &str) -> Result<Channel, LoadError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| LoadError::Address(url.to_owned()))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .connect_lazy())
}

fn timed<T>(message: T) -> Call<T> {
    let mut call = Call::new(message);
    call.set_timeout(DEADLINE);
    call
}

async fn in_time<T>(call: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(GIVE_UP, call).await {
        Ok(answer) => answer.map(tonic::Response::into_inner),
        Err(_elapsed) => Err(Status::deadline_exceeded("no answer")),
    }
}
