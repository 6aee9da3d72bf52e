//! Calls as the clients make them, and what is noted of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use org_service::domain::State;
use tenantry_common::{clock::Timestamp, id::OrganizationId, rpc::status::reason_of};
use tenantry_proto::{auth::v1::LoginRequest, organization::v1 as pb};
use tokio::sync::RwLock;
use tonic::{Response, Status};
use uuid::Uuid;

use crate::{
    OPERATOR, PASSWORD,
    disk::Disk,
    history::{Answer, Note, Request, Seen},
    messages::{bearer, create_request},
    stack::Stack,
};

/// Who calls, one call at a time.
#[derive(Clone)]
pub struct Caller {
    pub stack: Arc<Stack>,
    disk: Disk,
    calls: Arc<AtomicUsize>,
    calling: Arc<RwLock<()>>,
    operator: String,
}

impl Caller {
    /// Of the operator, who logs in for that.
    pub async fn log_in(stack: &Arc<Stack>, disk: &Disk) -> Self {
        let mut caller = Self {
            stack: Arc::clone(stack),
            disk: disk.clone(),
            calls: Arc::default(),
            calling: Arc::default(),
            operator: String::new(),
        };
        let login = Request::Login {
            id: None,
            email: OPERATOR.0.to_owned(),
        };
        let Answer::Token(operator) = caller.call(login).await else {
            panic!("the operator does not log in")
        };
        caller.operator = operator;
        caller
    }

    /// Waits until nobody calls, for no lease outlasts this.
    pub async fn turn_clock(&self, by: Duration) {
        let _nobody_calls = self.calling.write().await;
        self.stack.turn_clock(by);
    }

    pub async fn call(&self, request: Request) -> Answer {
        let _calling = self.calling.read().await;
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        self.disk.note(Note::Asked {
            call,
            request: request.clone(),
        });
        let answer = match self.send(request.clone()).await {
            Ok(answer) => answer,
            Err(status) => match reason_of(&status) {
                Some(reason) if is_definite(&reason) => Answer::Refused(reason),
                _ => panic!("{request:?}: {status:?}"),
            },
        };
        self.disk.note(Note::Answered {
            call,
            answer: answer.clone(),
        });
        answer
    }

    async fn send(&self, request: Request) -> Result<Answer, Status> {
        let organization = match request {
            Request::Create {
                request_id,
                name,
                email,
            } => {
                let request = creation(request_id, &name, email);
                let reply = self.stack.org.clone().create_organization(request).await?;
                reply.into_inner().organization
            }
            Request::Login { id, email } => return login(&self.stack, id.is_none(), email).await,
            as_operator => self.send_as_operator(as_operator).await?,
        };
        Ok(Answer::Organization(seen(
            &organization.expect("an organization"),
        )))
    }

    async fn send_as_operator(&self, request: Request) -> Result<Option<pb::Organization>, Status> {
        let (mut org, operator) = (self.stack.org.clone(), &self.operator);
        Ok(match request {
            Request::Rename { id, name } => {
                let request = bearer(operator, rename(id, name));
                org.update_organization(request).await?.into_inner().organization
            }
            Request::Suspend(id) => {
                let request = bearer(operator, suspend(id));
                org.suspend_organization(request).await?.into_inner().organization
            }
            Request::Resume(id) => {
                let request = bearer(operator, resume(id));
                org.resume_organization(request).await?.into_inner().organization
            }
            Request::Delete(id) => {
                let request = bearer(operator, delete(id));
                org.delete_organization(request).await?.into_inner().organization
            }
            Request::Undelete(id) => {
                let request = bearer(operator, undelete(id));
                org.undelete_organization(request)
                    .await?
                    .into_inner()
                    .organization
            }
            Request::Get(id) => {
                let request = bearer(operator, get(id));
                org.get_organization(request).await?.into_inner().organization
            }
            Request::Create { .. } | Request::Login { .. } => panic!("no operator's: {request:?}"),
        })
    }
}

/// A refusal after which nothing goes on.
fn is_definite(reason: &str) -> bool {
    matches!(
        reason,
        "EMAIL_TAKEN" | "HANDLE_TAKEN" | "HANDLE_RESTING" | "ORGANIZATION_NOT_FOUND" | "ORGANIZATION_STATE"
    )
}

/// Logs in with the right password.
pub async fn login(stack: &Stack, operator: bool, email: String) -> Result<Answer, Status> {
    let password = if operator { OPERATOR.1 } else { PASSWORD };
    let request = LoginRequest {
        email,
        password: password.to_owned(),
    };
    let reply = stack.auth.clone().login(request).await;
    reply.map(|reply: Response<_>| Answer::Token(reply.into_inner().access_token))
}

pub fn creation(request_id: Uuid, name: &str, email: String) -> pb::CreateOrganizationRequest {
    let mut request = create_request(name);
    request.request_id = request_id.to_string();
    if let Some(admin) = &mut request.admin {
        admin.email = email;
    }
    request
}

fn rename(id: OrganizationId, name: String) -> pb::UpdateOrganizationRequest {
    let organization = pb::Organization {
        id: id.to_string(),
        name,
        ..Default::default()
    };
    pb::UpdateOrganizationRequest {
        organization: Some(organization),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".to_owned()],
        }),
        etag: String::new(),
    }
}

fn suspend(id: OrganizationId) -> pb::SuspendOrganizationRequest {
    let key = pb::suspend_organization_request::Organization::Id(id.to_string());
    pb::SuspendOrganizationRequest {
        organization: Some(key),
        ..Default::default()
    }
}

fn resume(id: OrganizationId) -> pb::ResumeOrganizationRequest {
    let key = pb::resume_organization_request::Organization::Id(id.to_string());
    pb::ResumeOrganizationRequest {
        organization: Some(key),
        ..Default::default()
    }
}

fn delete(id: OrganizationId) -> pb::DeleteOrganizationRequest {
    let key = pb::delete_organization_request::Organization::Id(id.to_string());
    pb::DeleteOrganizationRequest {
        organization: Some(key),
        ..Default::default()
    }
}

fn get(id: OrganizationId) -> pb::GetOrganizationRequest {
    let key = pb::get_organization_request::Organization::Id(id.to_string());
    pb::GetOrganizationRequest {
        organization: Some(key),
    }
}

fn undelete(id: OrganizationId) -> pb::UndeleteOrganizationRequest {
    pb::UndeleteOrganizationRequest {
        id: id.to_string(),
        ..Default::default()
    }
}

fn seen(organization: &pb::Organization) -> Seen {
    let state = match organization.state() {
        pb::OrganizationState::Active => State::Active,
        pb::OrganizationState::Suspended => State::Suspended,
        pb::OrganizationState::Deleted => State::Deleted,
        pb::OrganizationState::Purged => State::Purged,
        pb::OrganizationState::Unspecified => panic!("{organization:?} has no state"),
    };
    let epoch = organization.etag.trim_matches('"').parse();
    let millis = |time: prost_types::Timestamp| time.seconds * 1_000 + i64::from(time.nanos) / 1_000_000;
    Seen {
        id: organization.id.parse().expect("an id"),
        handle: organization.handle.clone(),
        state,
        epoch: epoch.expect("a number"),
        purge_time: organization
            .purge_time
            .map(|time| Timestamp::from_millis(millis(time))),
    }
}
