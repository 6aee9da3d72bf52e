//! Refresh tokens: what is issued verifies, and no other text does.

use std::sync::LazyLock;

use auth_service::domain::{RefreshTokens, VerifiedRefreshToken};
use tenantry_common::id::SessionId;
use uuid::Uuid;

use crate::edits::edited;

static TOKENS: LazyLock<RefreshTokens> = LazyLock::new(|| RefreshTokens::new(&[7; RefreshTokens::KEY_BYTES]));

/// Takes the bytes for a token; then for a session's id (16), a counter (8), and edits of the token of these.
pub fn refresh_token(bytes: &[u8]) -> bool {
    let tokens = &*TOKENS;
    let accepted = std::str::from_utf8(bytes).is_ok_and(|text| verifies_as_itself(tokens, text));
    let Some((session, rest)) = bytes.split_first_chunk() else {
        return accepted;
    };
    let Some((counter, edits)) = rest.split_first_chunk() else {
        return accepted;
    };
    let session_id = SessionId::from_uuid(Uuid::from_bytes(*session));
    let counter = i64::from_be_bytes(*counter);
    // Nobody's id is nil.
    if session_id.as_uuid().is_nil() {
        return accepted;
    }
    let genuine = tokens.issue(session_id, counter);
    let expected = VerifiedRefreshToken { session_id, counter };
    assert_eq!(tokens.verify(&genuine), Ok(expected));
    if let Ok(text) = String::from_utf8(edited(&genuine, edits)) {
        let verified = verifies_as_itself(tokens, &text);
        assert_eq!(verified, text == genuine, "a forged token was accepted: {text}");
    }
    accepted
}

fn verifies_as_itself(tokens: &RefreshTokens, text: &str) -> bool {
    tokens.verify(text).is_ok_and(|verified| {
        assert_eq!(tokens.issue(verified.session_id, verified.counter), text);
        true
    })
}
