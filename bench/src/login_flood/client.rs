//! Calls of auth-service, and what their answers mean.

use std::time::{Duration, Instant};

use tenantry_common::rpc::{
    client::{channel, endpoint},
    status::{RETRY_PUSHBACK_KEY, reason, reason_of},
};
use tenantry_proto::auth::v1::{LoginRequest, ValidateTokenRequest, auth_service_client::AuthServiceClient};
use tokio::time::sleep;
use tonic::{Code, Status, transport::Channel};

use crate::{
    Failure,
    accounts::{PASSWORD, email},
};

/// How long a server may take until it logs anybody in.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause before it is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// Pause after a refusal that names none.
const DEFAULT_PUSHBACK: Duration = Duration::from_secs(1);

/// One connection.
pub(super) type Client = AuthServiceClient<Channel>;

/// What came of a login.
#[derive(Debug)]
pub(super) enum Answer {
    /// An access token.
    Accepted(String),
    /// Too many wait; with the pause that the server asks for.
    Refused(Duration),
    /// It was not this login's turn before its time was up.
    Late,
    /// Anything else, which nobody expects.
    Failed(String),
}

/// So many connections, each made when it is first used.
pub(super) fn connect(url: &str, connections: usize) -> Result<Vec<Client>, Failure> {
    let connect = |_| Ok(Client::new(channel(endpoint("--url", url)?)));
    (0..connections.max(1)).map(connect).collect()
}

/// Logs in with the account that has this number.
pub(super) async fn log_in(client: &mut Client, account: usize) -> Answer {
    let request = LoginRequest {
        email: email(account),
        password: PASSWORD.to_owned(),
    };
    match client.login(request).await {
        Ok(answer) => Answer::Accepted(answer.into_inner().access_token),
        Err(status) => refusal(&status),
    }
}

fn refusal(status: &Status) -> Answer {
    let reason = reason_of(status).unwrap_or_default();
    match status.code() {
        Code::ResourceExhausted if reason == reason::OVERLOADED => Answer::Refused(pushback(status)),
        Code::DeadlineExceeded => Answer::Late,
        code => Answer::Failed(format!("{code:?} {reason}: {}", status.message())),
    }
}

fn pushback(status: &Status) -> Duration {
    let millis = status.metadata().get(RETRY_PUSHBACK_KEY);
    let millis = millis.and_then(|millis| millis.to_str().ok()?.parse().ok());
    millis.map_or(DEFAULT_PUSHBACK, Duration::from_millis)
}

/// A token of this account's, as soon as the server gives one.
pub(super) async fn token(url: &str, account: usize) -> Result<String, Failure> {
    let mut clients = connect(url, 1)?;
    let begun = Instant::now();
    loop {
        let answer = match clients.first_mut() {
            Some(client) => log_in(client, account).await,
            None => return Err("there is no connection".into()),
        };
        match answer {
            Answer::Accepted(token) => return Ok(token),
            answer if begun.elapsed() > PATIENCE => return Err(format!("no login: {answer:?}").into()),
            Answer::Refused(pause) => sleep(pause).await,
            Answer::Late | Answer::Failed(_) => sleep(PAUSE).await,
        }
    }
}

/// Asks whom the token speaks for, and looks whether the answer names somebody.
pub(super) async fn validate(mut client: Client, access_token: String) -> Result<(), String> {
    match client.validate_token(ValidateTokenRequest { access_token }).await {
        Ok(answer) if answer.get_ref().principal.is_some() => Ok(()),
        Ok(_) => Err("the answer names nobody".to_owned()),
        Err(status) => Err(format!("{:?}: {}", status.code(), status.message())),
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::rpc::status::Failure as Refusal;

    use super::*;

    fn answer(code: Code, reason: &'static str) -> Answer {
        refusal(
            &Refusal::new(code, reason, "…")
                .retry_after(Duration::from_secs(3))
                .into(),
        )
    }

    #[test]
    fn a_refusal_is_a_full_queue_and_nothing_else() {
        let refused = answer(Code::ResourceExhausted, reason::OVERLOADED);
        assert!(matches!(refused, Answer::Refused(pause) if pause == Duration::from_secs(3)));
        let throttled = answer(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
        assert!(matches!(throttled, Answer::Failed(why) if why.contains("TOO_MANY_ATTEMPTS")));
        assert!(matches!(
            answer(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            Answer::Late
        ));
        assert!(matches!(
            answer(Code::Unavailable, "STORE_UNAVAILABLE"),
            Answer::Failed(_)
        ));
    }
}
