//! What clients ask of servers in miniature.

use uuid::Uuid;

use super::World;
use crate::{
    history::{Outcome, Request},
    linearizability::sightings,
};

impl World {
    pub(super) fn request(&mut self) -> Request {
        let handle = format!("h{}", self.rng.usize(0..4));
        let shown: Vec<Uuid> = self
            .calls
            .iter()
            .flat_map(sightings)
            .map(|seen| seen.id)
            .collect();
        let Some(organization) = self.rng.choice(shown.iter().rev().take(60)).copied() else {
            return self.create(handle);
        };
        match self.rng.usize(0..16) {
            0..3 => self.create(handle),
            3..6 => Request::Rename { organization, handle },
            6 => Request::Suspend { organization },
            7 => Request::Resume { organization },
            8..10 => Request::Delete { organization },
            10 => Request::Undelete { organization },
            11..14 => Request::Get { organization },
            14 => Request::Find { handle },
            _ => Request::List,
        }
    }

    fn create(&mut self, handle: String) -> Request {
        let repeated = self.calls.iter().rev().take(12).find(|call| {
            matches!(call.request, Request::Create { .. })
                && matches!(call.outcome, Some(Outcome::Unknown(_)))
        });
        if let (Some(call), true) = (repeated, self.rng.bool()) {
            return call.request.clone();
        }
        self.created += 1;
        let email = if self.rng.usize(0..5) == 0 {
            "taken"
        } else {
            "free"
        };
        Request::Create {
            request_id: Uuid::from_u128(self.created << 64),
            handle,
            email: email.to_owned(),
        }
    }
}
