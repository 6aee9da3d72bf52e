//! Page tokens: each opens for its own walk, and no other text does.

use std::sync::LazyLock;

use org_service::page_token::{PageTokens, Walk};
use tenantry_common::id::{AdminId, OrganizationId};
use uuid::Uuid;

use crate::edits::edited;

const WALK: Walk = Walk {
    admin: AdminId::from_uuid(Uuid::from_u128(1)),
    show_deleted: false,
};

static TOKENS: LazyLock<PageTokens> = LazyLock::new(|| PageTokens::new(&[7; 32]));

/// Takes the bytes for a token; then for the id of a page's last organization (16) and edits of its token.
pub fn page_token(bytes: &[u8]) -> bool {
    let tokens = &*TOKENS;
    let accepted = std::str::from_utf8(bytes).is_ok_and(|text| opens_as_itself(tokens, text));
    if let Some((last, edits)) = bytes.split_first_chunk() {
        let last = OrganizationId::from_uuid(Uuid::from_bytes(*last));
        let genuine = tokens.seal(WALK, last);
        assert_eq!(tokens.open(WALK, &genuine), Ok(last));
        let deleted_too = Walk {
            show_deleted: true,
            ..WALK
        };
        assert!(
            tokens.open(deleted_too, &genuine).is_err(),
            "opened for another walk"
        );
        if let Ok(text) = String::from_utf8(edited(&genuine, edits)) {
            let opened = opens_as_itself(tokens, &text);
            assert_eq!(opened, text == genuine, "a forged token was accepted: {text}");
        }
    }
    accepted
}

fn opens_as_itself(tokens: &PageTokens, text: &str) -> bool {
    tokens.open(WALK, text).is_ok_and(|last| {
        assert_eq!(tokens.seal(WALK, last), text);
        true
    })
}
