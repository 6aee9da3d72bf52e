//! Calls to a server: its address, the deadline, and when a call is repeated.

use std::{error::Error, future::Future, io, sync::OnceLock, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{
    Code, Request, Response, Status,
    transport::{self, Channel},
};
use tonic_types::StatusExt;

use crate::{
    caller::{Caller, Shown, bearer, service},
    errors::CommandError,
    server::{Server, ServerUrl},
};

/// How often a call whose answer was lost is repeated. Every call of this program may be: writes are idempotent,
/// CreateOrganization by its request id.
const REPEATS: u32 = 2;

/// The pause before a repeat, where the server names none. An immediate one would meet the same dying connection.
const PAUSE: Duration = Duration::from_millis(200);

/// What the program calls itself; an admin sees it beside a session.
const USER_AGENT: &str = concat!("tenantry/", env!("CARGO_PKG_VERSION"));

/// How to reach one server, and as whom.
#[derive(Debug)]
pub struct Connection {
    server: Server,
    url: ServerUrl,
    timeout: Duration,
    caller: Caller,
    channel: OnceLock<Channel>,
}

impl Connection {
    /// Connects when the first call is made. `timeout` bounds a call with all its repeats.
    pub fn new(server: Server, url: ServerUrl, timeout: Duration, caller: Caller) -> Self {
        Self {
            server,
            url,
            timeout,
            caller,
            channel: OnceLock::new(),
        }
    }

    /// Makes a call; repeats it when the answer was lost or the server asks for it, while there is time. Where the access
    /// token's time is over, the call is made once more with the next one.
    ///
    /// # Errors
    /// [`CommandError::Refused`] with the server's answer, [`CommandError::Unreachable`] when there was none; what kept
    /// an access token from being had.
    pub async fn call<M, R, F, Fut>(&self, message: M, call: F) -> Result<R, CommandError>
    where
        M: Clone,
        F: Fn(Channel, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let source = match &self.caller {
            Caller::Nobody => return self.call_showing(None, message, &call).await,
            Caller::Service(credential) => {
                let shown = service(credential)?;
                return self.call_showing(Some(shown), message, &call).await;
            }
            Caller::Bearer(source) => source,
        };
        let token = source.token().await?;
        let answer = self
            .call_showing(Some(bearer(&token)?), message.clone(), &call)
            .await;
        // It is refused for its token before anything else is done with it.
        let expired = |error: &CommandError| error.reason().as_deref() == Some("TOKEN_EXPIRED");
        if !answer.as_ref().is_err_and(expired) {
            return answer;
        }
        match source.renewed(&token).await? {
            Some(token) => self.call_showing(Some(bearer(&token)?), message, &call).await,
            None => answer,
        }
    }

    async fn call_showing<M, R, F, Fut>(
        &self,
        shown: Option<Shown>,
        message: M,
        call: &F,
    ) -> Result<R, CommandError>
    where
        M: Clone,
        F: Fn(Channel, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let deadline = Instant::now() + self.timeout;
        let mut repeats = 0;
        loop {
            let request = request(message.clone(), shown.clone(), deadline);
            let answer = timeout_at(deadline, call(self.channel(), request)).await;
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

    /// All calls share it; it connects again when it has to.
    fn channel(&self) -> Channel {
        let connect = || {
            let endpoint = self.url.endpoint();
            let named = endpoint.clone().user_agent(USER_AGENT).unwrap_or(endpoint);
            named
                .connect_timeout(self.timeout)
                .tcp_nodelay(true)
                .connect_lazy()
        };
        self.channel.get_or_init(connect).clone()
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

fn request<M>(message: M, shown: Option<Shown>, deadline: Instant) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    if let Some((key, value)) = shown {
        request.metadata_mut().insert(key, value);
    }
    request
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
mod tests;
