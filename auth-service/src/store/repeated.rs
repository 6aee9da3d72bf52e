//! How a command that was sent again is told from one that comes too late.

use tenantry_common::clock::Timestamp;

use crate::domain::{Admin, AdminChange};

/// Whether the stored admin is what this change made of the admin of this generation, with nothing changed since.
pub fn is_outcome(stored: &Admin, generation: i64, change: &AdminChange, now: Timestamp) -> bool {
    if generation > stored.generation {
        return false;
    }
    // Whatever the change overwrote is overwritten again, so only its own outcome stays as it is.
    let before = Admin {
        generation,
        ..stored.clone()
    };
    before.changed(change, now).as_ref() == Some(stored)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tenantry_common::{email::Email, id::AdminId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AdminState, Affiliation, Credentials, PasswordHash};

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn admin() -> Admin {
        let credentials = Credentials {
            email: Email::parse("ada@example.com").unwrap(),
            password_hash: PasswordHash::from_stored("x".to_owned()),
        };
        let (id, state) = (
            AdminId::from_uuid(Uuid::from_u128(1)),
            AdminState::Active(credentials),
        );
        Admin::new(id, Affiliation::OPERATOR, state, Timestamp::from_millis(0))
    }

    fn changes() -> [AdminChange; 4] {
        let hash = || PasswordHash::from_stored("y".to_owned());
        [
            AdminChange::Password(hash()),
            AdminChange::Rehash(hash()),
            AdminChange::Email(Email::parse("grace@example.com").unwrap()),
            AdminChange::Generation,
        ]
    }

    #[test]
    fn a_change_knows_its_own_outcome_and_no_other() {
        for made in changes() {
            let stored = admin().changed(&made, NOW).unwrap();
            for change in changes() {
                assert_eq!(
                    is_outcome(&stored, 1, &change, NOW),
                    change == made || (change == AdminChange::Generation && stored.generation == 2),
                    "{change:?} after {made:?}"
                );
            }
            let later = NOW + Duration::from_millis(1);
            assert!(!is_outcome(&stored, 1, &made, later), "{made:?}");
            for generation in [i64::MIN, 0, 3, i64::MAX] {
                assert!(!is_outcome(&stored, generation, &made, NOW), "{made:?}");
            }
        }
    }

    #[test]
    fn what_was_changed_since_is_no_outcome() {
        for made in changes() {
            let since = admin()
                .changed(&made, NOW)
                .and_then(|stored| stored.changed(&AdminChange::Generation, NOW));
            assert!(!is_outcome(&since.unwrap(), 1, &made, NOW), "{made:?}");
            let purged = admin().changed(&made, NOW).unwrap().purged(NOW);
            assert!(!is_outcome(&purged, 1, &made, NOW), "{made:?}");
        }
    }
}
