//! Clients that make organizations and change them, and note what they are told.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use org_service::domain::State;
use tenantry_common::id::{Ids, OrganizationId, SystemIds};

use crate::{
    calls::Caller,
    disk::Disk,
    history::{Answer, Request, Seen},
    messages::email_of,
    stack::{RETENTION, Stack},
};

const CLIENTS: usize = 4;
const ORGANIZATIONS: usize = 8;
const CHANGES: usize = 6;

/// Runs the clients until each has done its share.
pub async fn run(stack: &Arc<Stack>, disk: &Disk, seed: u64) {
    let caller = Caller::log_in(stack, disk).await;
    let clients = (0..CLIENTS).map(|number| {
        let random = Rng::with_seed(seed.wrapping_add(number as u64));
        let caller = caller.clone();
        tokio::spawn(
            Client {
                caller,
                number,
                random,
            }
            .run(),
        )
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("a client");
    }
}

struct Client {
    caller: Caller,
    number: usize,
    random: Rng,
}

impl Client {
    async fn run(mut self) {
        for nth in 0..ORGANIZATIONS {
            let name = format!("Number {} {nth}", self.number);
            // Now and then somebody has the e-mail, and the create is rolled back.
            if nth > 0 && self.random.u8(..6) == 0 {
                let taken = email_of(&format!("Number {} 0", self.number));
                self.create(&format!("{name} in vain"), taken).await;
            }
            let email = email_of(&name);
            let Some(created) = self.create(&name, email.clone()).await else {
                panic!("{name} is not created")
            };
            self.live(created, &email).await;
        }
    }

    async fn create(&mut self, name: &str, email: String) -> Option<Seen> {
        let request = Request::Create {
            request_id: SystemIds.uuid_v4(),
            name: name.to_owned(),
            email,
        };
        let answer = self.caller.call(request.clone()).await;
        if self.random.u8(..4) == 0 {
            self.caller.call(request).await;
        }
        match answer {
            Answer::Organization(seen) => Some(seen),
            _ => None,
        }
    }

    /// What befalls an organization.
    async fn live(&mut self, created: Seen, email: &str) {
        let (id, mut state) = (created.id, created.state);
        for change in 0..self.random.usize(..=CHANGES) {
            let request = match (state, self.random.u8(..8)) {
                (State::Active, 0 | 1) => Request::Suspend(id),
                (State::Active, 2 | 3) => Request::Login {
                    id: Some(id),
                    email: email.to_owned(),
                },
                (State::Suspended, 0..=3) => Request::Resume(id),
                (State::Active | State::Suspended, 4) => Request::Delete(id),
                (State::Active | State::Suspended, 5) if self.random.bool() => self.name_of_another(id),
                (State::Active | State::Suspended, _) => Request::Rename {
                    id,
                    name: format!("Number {} {} {change}", self.number, created.handle),
                },
                (_, 0..=5) => Request::Undelete(id),
                _ => return self.wait_for_purge(id).await,
            };
            match self.caller.call(request).await {
                Answer::Organization(seen) => state = seen.state,
                // Others turn the clock on, so it may be gone.
                Answer::Refused(reason) if reason == "ORGANIZATION_NOT_FOUND" => return,
                Answer::Refused(_) | Answer::Token(_) => {}
            }
            self.caller.turn_clock(Duration::from_secs(1)).await;
        }
    }

    /// A rename that may be refused.
    fn name_of_another(&mut self, id: OrganizationId) -> Request {
        let name = format!("Number {} 0", self.random.usize(..CLIENTS));
        Request::Rename { id, name }
    }

    async fn wait_for_purge(&mut self, id: OrganizationId) {
        let over = RETENTION + Duration::from_secs(1);
        self.caller.turn_clock(over).await;
        for _ in 0..500 {
            let record = self.caller.stack.store.get(id).await.expect("the store answers");
            if record.is_some_and(|record| record.state == State::Purged && record.operation.is_none()) {
                self.caller.call(Request::Get(id)).await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} is not purged");
    }
}
