//! What is done while no client is at work: lost answers asked for again, everything acknowledged looked at.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::future::try_join_all;
use tokio::time::Instant;

use super::{Load, LoadError, Shared, known::Organization, plan};
use crate::history::{Outcome, Request, State};

/// How long a definite answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before a call is made again.
const PAUSE: Duration = Duration::from_millis(100);
/// Of the organizations that are known to be purged, how many an audit looks at: the youngest.
const PURGED: usize = 12;

impl Load {
    /// Repeats every write whose outcome nobody knows since the last barrier, as a new call, until the answer is
    /// definite; answers how many writes there were. While paused.
    ///
    /// # Errors
    /// [`LoadError::Unanswered`].
    pub async fn settle(&self) -> Result<usize, LoadError> {
        let barrier = self.shared.history.barriers().last().copied().unwrap_or_default();
        let calls = self.shared.history.calls();
        let is_open = |call: usize| calls.get(call).is_some_and(|call| call.invoked > barrier);
        let unsettled = std::mem::take(&mut self.shared.known().unsettled);
        let open: Vec<Request> = unsettled
            .into_iter()
            .filter(|(call, _)| is_open(*call))
            .map(|(_, request)| request)
            .collect();
        let count = open.len();
        self.shared.ask_all(open).await?;
        self.shared.known().unsettled.clear();
        Ok(count)
    }

    /// Asks for everything that was ever acknowledged, so that the history holds what became of it: all organizations,
    /// all handles named since the last audit, the list, the logins, the tokens, of ended sessions too. Answers how many questions that were.
    /// While paused.
    ///
    /// # Errors
    /// [`LoadError::Unanswered`].
    pub async fn audit(&self) -> Result<usize, LoadError> {
        // The list first: it names organizations whose creates were never answered.
        self.shared.ask_all(vec![Request::List]).await?;
        let questions = self.shared.questions();
        let count = questions.len() + 1;
        self.shared.ask_all(questions).await?;
        Ok(count)
    }
}

impl Shared {
    fn questions(&self) -> Vec<Request> {
        let mut known = self.known();
        let mut handles = std::mem::take(&mut known.touched);
        handles.extend((0..plan::POOL).map(plan::pool_handle));
        let (purged, others): (Vec<&Organization>, Vec<&Organization>) = known
            .organizations()
            .partition(|organization| organization.state == State::Purged);
        let mut questions: Vec<Request> = handles
            .into_iter()
            .map(|handle| Request::Find { handle })
            .collect();
        for organization in others.into_iter().chain(purged.into_iter().rev().take(PURGED)) {
            questions.push(Request::Get {
                organization: organization.id,
            });
            questions.extend(plan::login(organization));
            questions.extend(questions_of_tokens(organization));
        }
        questions
    }

    /// Makes the calls, as many at a time as there are clients, each until its answer is definite.
    async fn ask_all(&self, mut requests: Vec<Request>) -> Result<(), LoadError> {
        requests.reverse();
        let waiting = Mutex::new(requests);
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let ask = async |client| {
            while let Some(request) = next() {
                self.ask(client, &request).await?;
            }
            Ok(())
        };
        try_join_all((0..self.clients).map(ask)).await.map(|_| ())
    }

    async fn ask(&self, client: usize, request: &Request) -> Result<(), LoadError> {
        let patience = Instant::now() + PATIENCE;
        let mut why = "nobody logs the operator in".to_owned();
        while Instant::now() < patience {
            if self.connection.is_logged_in().await {
                match self.make(client, client, request).await {
                    Outcome::Unknown(reason) => why = reason,
                    // The operator logs in again, and the hashes' queue empties.
                    Outcome::Refused(reason) if is_passing(request, &reason) => why = reason,
                    _ => return Ok(()),
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(LoadError::Unanswered(PATIENCE, format!("{request:?}: {why}")))
    }
}

/// What is asked about tokens: of one whose session has ended everything, for all of it has to be refused.
fn questions_of_tokens(organization: &Organization) -> Vec<Request> {
    let id = organization.id;
    let validate = |token| Request::Validate {
        organization: id,
        token,
    };
    let of_ended = |token| {
        let refresh = Request::Refresh {
            organization: id,
            token,
        };
        let visit = Request::Visit {
            organization: id,
            token,
        };
        [refresh, visit]
    };
    let ended = organization.ended().next();
    let validations = organization.asked_about().map(validate);
    validations.chain(ended.into_iter().flat_map(of_ended)).collect()
}

/// Whether a refusal is of the call and not of what it asks for.
fn is_passing(request: &Request, reason: &str) -> bool {
    match request {
        Request::Login { .. } => reason == "OVERLOADED",
        other if other.token().is_some() => matches!(reason, "OVERLOADED" | "ADMIN_CHANGED"),
        _ => matches!(
            reason,
            "OVERLOADED" | "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "TOKEN_REVOKED"
        ),
    }
}
