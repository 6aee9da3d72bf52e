//! Sessions.

use serde::Serialize;
use tenantry_proto::auth::v1::{ListSessionsResponse, Session};

use super::time;
use crate::output::Answer;

/// One login of an admin.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_expire_time: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    peer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    user_agent: String,
    current: bool,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            create_time: time(session.create_time),
            last_used_time: time(session.last_used_time),
            expire_time: time(session.expire_time),
            idle_expire_time: time(session.idle_expire_time),
            peer: session.peer,
            user_agent: session.user_agent,
            current: session.current,
        }
    }
}

impl SessionView {
    fn row(&self) -> Vec<String> {
        let time = |time: &Option<String>| time.clone().unwrap_or_default();
        vec![
            if self.current { "*" } else { "" }.to_owned(),
            self.id.clone(),
            time(&self.create_time),
            time(&self.last_used_time),
            // Never after `expire_time`: when it ends if nothing is done.
            time(&self.idle_expire_time),
            self.peer.clone(),
            self.user_agent.clone(),
        ]
    }
}

/// An admin's sessions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionsView {
    sessions: Vec<SessionView>,
}

impl From<ListSessionsResponse> for SessionsView {
    fn from(answer: ListSessionsResponse) -> Self {
        Self {
            sessions: answer.sessions.into_iter().map(Into::into).collect(),
        }
    }
}

impl Answer for SessionsView {
    const HAS_HEADING: bool = true;

    fn rows(&self) -> Vec<Vec<String>> {
        let heading = ["", "ID", "CREATED", "LAST USED", "ENDS", "PEER", "USER AGENT"];
        let heading = heading.map(str::to_owned).to_vec();
        std::iter::once(heading)
            .chain(self.sessions.iter().map(SessionView::row))
            .collect()
    }
}
