//! What every command makes of an answer that it cannot use.

use crate::errors::CommandError;

/// An answer without what its proto promises is not taken for one.
pub fn incomplete(method: &str) -> CommandError {
    let status = tonic::Status::internal(format!("the answer to {method} is incomplete"));
    CommandError::Refused {
        status: Box::new(status),
        repeated: false,
        hint: None,
    }
}

/// Tells what to do about a token that the server does not take any more.
pub fn log_in_again(error: CommandError) -> CommandError {
    match error.reason().as_deref() {
        Some("TOKEN_INVALID" | "TOKEN_EXPIRED" | "TOKEN_REVOKED") => {
            error.with_hint("log in again with `tenantry login`".to_owned())
        }
        _ => error,
    }
}
