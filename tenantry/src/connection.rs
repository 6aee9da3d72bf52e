//! Calls to a server: its address, the deadline, the bearer token, and when a call is repeated.

use std::{error::Error, future::Future, io, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tenantry_common::{config::ServiceCredential, rpc::service_credential::METADATA_KEY};
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{
    Code, Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    transport::{self, Channel},
};
use tonic_types::StatusExt;

use crate::{
    errors::CommandError,
    server::{Server, ServerUrl},
};

/// How often a call whose answer was lost is repeated. Every call of this program may be: writes are idempotent,
/// CreateOrganization by its request id.
const REPEATS: u32 = 2;

/// The pause before a repeat, where the server names none. An immediate one would meet the same dying connection.
const PAUSE: Duration = Duration::from_millis(200);

/// How to reach one server, and as whom.
#[derive(Debug)]
pub struct Connection {
    server: Server,
    url: ServerUrl,
    timeout: Duration,
    caller: Caller,
}

/// Who makes a call.
#[derive(Debug)]
pub enum Caller {
    /// Nobody whom the server knows.
    Nobody,
    /// Who has this access token.
    Bearer(SecretString),
    /// One of the services.
    Service(ServiceCredential),
}

impl Connection {
    /// Connects when the first call is made. `timeout` bounds a call with all its repeats.
    pub fn new(server: Server, url: ServerUrl, timeout: Duration, caller: Caller) -> Self {
        Self {
            server,
            url,
            timeout,
            caller,
        }
    }

    /// Makes a call; repeats it when the answer was lost or the server asks for it, while there is time.
    ///
    /// # Errors
    /// [`CommandError::Refused`] with the server's answer, [`CommandError::Unreachable`] when there was none.
    pub async fn call<M, R, F, Fut>(&self, message: M, call: F) -> Result<R, CommandError>
    where
        M: Clone,
        F: Fn(Channel, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let deadline = Instant::now() + self.timeout;
        let channel = self.channel();
        let mut repeats = 0;
        loop {
            let request = self.request(message.clone(), deadline)?;
            let answer = timeout_at(deadline, call(channel.clone(), request)).await;
            let status = match answer {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => status,
                Err(_) => return Err(self.too_late()),
            };
            let again = Instant::now() + pause(&status);
            if repeats == REPEATS || !may_repeat(&status) || again >= deadline {
                return Err(self.failed(status, repeats > 0));
            }
            sleep_until(again).await;
            repeats += 1;
        }
    }

    fn channel(&self) -> Channel {
        let endpoint = self.url.endpoint();
        endpoint
            .connect_timeout(self.timeout)
            .tcp_nodelay(true)
            .connect_lazy()
    }

    fn request<M>(&self, message: M, deadline: Instant) -> Result<Request<M>, CommandError> {
        let mut request = Request::new(message);
        request.set_timeout(deadline.saturating_duration_since(Instant::now()));
        let metadata = request.metadata_mut();
        match &self.caller {
            Caller::Nobody => None,
            Caller::Bearer(token) => metadata.insert("authorization", bearer(token)?),
            Caller::Service(credential) => metadata.insert(METADATA_KEY, service(credential)?),
        };
        Ok(request)
    }

    fn failed(&self, status: Status, repeated: bool) -> CommandError {
        if was_answered(&status) {
            return CommandError::Refused {
                status: Box::new(status),
                repeated,
                hint: None,
            };
        }
        // tonic's own timer speaks of a cancelled call; nobody cancelled anything.
        if status.code() == Code::Cancelled && status.message() == "Timeout expired" {
            return self.too_late();
        }
        let cause = innermost(&status).unwrap_or_else(|| status.message().to_owned());
        self.unreachable(&format!(
            "cannot reach {} at {}: {cause}",
            self.server.name, self.url
        ))
    }

    fn too_late(&self) -> CommandError {
        let within = humantime::format_duration(self.timeout);
        self.unreachable(&format!(
            "{} at {} did not answer within {within}",
            self.server.name, self.url
        ))
    }

    fn unreachable(&self, message: &str) -> CommandError {
        let hint = format!(
            "start both servers with `tenantry dev`, or say where it is with {}",
            self.server.flag
        );
        CommandError::Unreachable {
            message: message.to_owned(),
            hint,
        }
    }
}

/// The `authorization` metadata (RFC 6750, section 2.1).
fn bearer(token: &SecretString) -> Result<MetadataValue<Ascii>, CommandError> {
    let text = format!("Bearer {}", token.expose_secret());
    secret(&text).ok_or_else(|| CommandError::Usage("the saved token is none: log in again".to_owned()))
}

fn service(credential: &ServiceCredential) -> Result<MetadataValue<Ascii>, CommandError> {
    let unfit = || CommandError::Usage("the service credential must be visible ASCII characters".to_owned());
    secret(credential.expose()).ok_or_else(unfit)
}

/// A value that is not shown by Debug; None when metadata cannot hold the text.
fn secret(text: &str) -> Option<MetadataValue<Ascii>> {
    let mut value = text.parse::<MetadataValue<Ascii>>().ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether a server wrote this status, rather than our end of a connection that failed.
fn was_answered(status: &Status) -> bool {
    status.get_details_error_info().is_some()
        || status.source().is_none() && status.message() != "Timeout expired"
}

/// Whether the call may be made again: the server asks for it, or the connection broke before the answer. A port
/// where nobody listens is told at once.
fn may_repeat(status: &Status) -> bool {
    if was_answered(status) {
        return status.code() == Code::Unavailable;
    }
    let refused = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    causes(status).any(|cause| cause.is::<transport::Error>()) && !causes(status).any(refused)
}

fn pause(status: &Status) -> Duration {
    status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay)
        .unwrap_or(PAUSE)
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |cause: &&(dyn Error + 'static)| {
        (*cause).source()
    })
}

/// The last cause says most: "Connection refused" rather than "transport error".
fn innermost(status: &Status) -> Option<String> {
    causes(status).last().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tenantry_common::rpc::status::Failure;

    use super::*;

    fn connection(timeout: Duration) -> Connection {
        Connection::new(Server::ORG, Server::ORG.default_url(), timeout, Caller::Nobody)
    }

    /// What a call gives when its attempts meet these statuses in turn, and how many attempts there were.
    async fn attempts(timeout: Duration, statuses: &[Status]) -> (Result<(), CommandError>, usize) {
        let made = AtomicU32::new(0);
        let connection = connection(timeout);
        let result = connection.call((), |_, _| {
            let attempt = made.fetch_add(1, Ordering::Relaxed) as usize;
            let status = statuses.get(attempt).cloned();
            async move { status.map_or_else(|| Ok(Response::new(())), Err) }
        });
        (result.await, made.load(Ordering::Relaxed) as usize)
    }

    fn busy(delay: Duration) -> Status {
        Failure::new(Code::Unavailable, "OPERATION_IN_PROGRESS", "busy")
            .retry_after(delay)
            .into()
    }

    #[tokio::test(start_paused = true)]
    async fn unavailable_is_repeated_after_the_pause_that_the_server_names() {
        let start = Instant::now();
        let (result, made) = attempts(Duration::from_secs(10), &[busy(Duration::from_secs(3))]).await;
        result.unwrap();
        assert_eq!((made, start.elapsed().as_secs()), (2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_end() {
        let statuses = vec![busy(Duration::from_millis(5)); 9];
        let (result, made) = attempts(Duration::from_secs(10), &statuses).await;
        assert!(matches!(
            result,
            Err(CommandError::Refused { repeated: true, .. })
        ));
        assert_eq!(made, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_repeat_begins_after_the_deadline() {
        let (result, made) = attempts(Duration::from_secs(1), &[busy(Duration::from_secs(3))]).await;
        assert!(matches!(
            result,
            Err(CommandError::Refused { repeated: false, .. })
        ));
        assert_eq!(made, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final() {
        let taken = Failure::new(Code::AlreadyExists, "HANDLE_TAKEN", "taken").into();
        let (result, made) = attempts(Duration::from_secs(1), &[taken]).await;
        assert_eq!(result.unwrap_err().reason().as_deref(), Some("HANDLE_TAKEN"));
        assert_eq!(made, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_told_with_the_url() {
        let connection = connection(Duration::from_secs(2));
        let silent = connection.call((), |_, _| async {
            std::future::pending::<()>().await;
            Ok(Response::new(()))
        });
        let error = silent.await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("org-service at http://127.0.0.1:50052 did not answer within 2s"),
            "{text}"
        );
    }

    #[test]
    fn a_bearer_and_a_credential_are_sent_and_not_shown_by_debug() {
        let credential = tenantry_common::config::service_credential(Some("secret".repeat(6).into()), None);
        for (caller, key, value) in [
            (Caller::Bearer("secret".into()), "authorization", "Bearer secret"),
            (
                Caller::Service(credential.unwrap()),
                METADATA_KEY,
                &"secret".repeat(6),
            ),
        ] {
            let connection = Connection {
                caller,
                ..connection(PAUSE)
            };
            let request = connection.request((), Instant::now() + PAUSE).unwrap();
            assert_eq!(request.metadata().get(key).unwrap(), value);
            assert!(!format!("{connection:?} {request:?}").contains("secret"));
        }
    }
}
