//! Page tokens: where a walk of pages goes on, sealed so that a client can neither read meaning into it nor change it.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tenantry_common::id::{AdminId, OrganizationId};
use uuid::Uuid;

/// Longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 1_024;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 32;

/// The token was not made for this caller and these fields, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a token of this list: start again without it")]
pub struct InvalidPageToken;

/// Seals and opens page tokens. Replicas with the same service credential take each other's.
#[derive(Clone)]
pub struct PageTokens {
    key: hmac::Key,
}

/// A list that is walked page by page.
pub trait Pages {
    /// Where a page ends.
    type Cursor;

    /// What a token is bound to: one that was made for anything else is refused.
    fn bound_to(&self) -> Vec<u8>;

    /// The cursor in a token.
    fn write(&self, cursor: Self::Cursor) -> Vec<u8>;

    /// The cursor that [`write`](Self::write) wrote; none for anything else.
    fn read(&self, bytes: &[u8]) -> Option<Self::Cursor>;
}

/// Whose walk of which list of organizations it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The caller.
    pub admin: AdminId,
    /// The list's `show_deleted`.
    pub show_deleted: bool,
}

impl Pages for Walk {
    /// The page's last organization.
    type Cursor = OrganizationId;

    fn bound_to(&self) -> Vec<u8> {
        let mut bound_to = b"organizations".to_vec();
        bound_to.push(u8::from(self.show_deleted));
        bound_to.extend_from_slice(self.admin.as_uuid().as_bytes());
        bound_to
    }

    fn write(&self, last: OrganizationId) -> Vec<u8> {
        last.as_uuid().as_bytes().to_vec()
    }

    fn read(&self, bytes: &[u8]) -> Option<OrganizationId> {
        Uuid::from_slice(bytes).ok().map(OrganizationId::from_uuid)
    }
}

impl PageTokens {
    /// A sealer whose key follows from the services' shared credential.
    pub fn new(service_credential: &[u8]) -> Self {
        let mut purpose = b"tenantry page token key v1\0".to_vec();
        purpose.extend_from_slice(service_credential);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, &purpose).as_ref()),
        }
    }

    /// The token that goes on from `cursor`.
    pub fn seal<P: Pages>(&self, pages: P, cursor: P::Cursor) -> String {
        let mut token = vec![VERSION];
        token.extend_from_slice(&pages.write(cursor));
        token.extend_from_slice(&self.mac(&pages.bound_to(), &token));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Where a token goes on.
    ///
    /// # Errors
    /// [`InvalidPageToken`] for anything that [`seal`](Self::seal) did not give for these pages.
    pub fn open<P: Pages>(&self, pages: P, token: &str) -> Result<P::Cursor, InvalidPageToken> {
        if token.len() > MAX_BYTES {
            return Err(InvalidPageToken);
        }
        let token = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidPageToken)?;
        let signed = token.len().checked_sub(MAC_BYTES).ok_or(InvalidPageToken)?;
        let (signed, mac) = token.split_at_checked(signed).ok_or(InvalidPageToken)?;
        let expected = self.mac(&pages.bound_to(), signed);
        verify_slices_are_equal(mac, &expected).map_err(|_| InvalidPageToken)?;
        match signed.split_first() {
            Some((&VERSION, cursor)) => pages.read(cursor).ok_or(InvalidPageToken),
            _ => Err(InvalidPageToken),
        }
    }

    /// The length keeps what a token is bound to apart from what it says.
    fn mac(&self, bound_to: &[u8], signed: &[u8]) -> [u8; MAC_BYTES] {
        let mut message = bound_to.len().to_be_bytes().to_vec();
        message.extend_from_slice(bound_to);
        message.extend_from_slice(signed);
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(hmac::sign(&self.key, &message).as_ref());
        mac
    }
}
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn walk() -> Walk {
        Walk {
            admin: AdminId::from_uuid(Uuid::from_u128(1)),
            show_deleted: false,
        }
    }

    fn after() -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(2))
    }

    #[test]
    fn a_token_opens_for_its_own_walk_alone() {
        let tokens = PageTokens::new(b"credential");
        let token = tokens.seal(walk(), after());
        assert_eq!(tokens.open(walk(), &token), Ok(after()));
        let other_caller = Walk {
            admin: AdminId::from_uuid(Uuid::from_u128(9)),
            ..walk()
        };
        let other_list = Walk {
            show_deleted: true,
            ..walk()
        };
        for other in [other_caller, other_list] {
            assert_eq!(tokens.open(other, &token), Err(InvalidPageToken));
        }
        assert_eq!(
            PageTokens::new(b"other").open(walk(), &token),
            Err(InvalidPageToken)
        );
    }

    #[test]
    fn no_changed_bit_goes_unnoticed() {
        let tokens = PageTokens::new(b"credential");
        let token = URL_SAFE_NO_PAD.decode(tokens.seal(walk(), after())).unwrap();
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                tokens.open(walk(), &URL_SAFE_NO_PAD.encode(changed)),
                Err(InvalidPageToken)
            );
        }
    }

    proptest! {
        #[test]
        fn other_text_is_refused_without_a_panic(text in "\\PC{0,200}") {
            prop_assert_eq!(PageTokens::new(b"credential").open(walk(), &text), Err(InvalidPageToken));
        }
    }
}
