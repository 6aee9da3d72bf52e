//! How a server is brought to a point where it dies.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use tokio::time::sleep;
use uuid::{Builder, Uuid};

use super::{
    fault::At,
    points::{Leftover, Way, way_to},
    scene::{Scene, SceneError, Strike, UNTIL_SOUND},
};
use crate::{
    history::{Call, Outcome, Request, Seen, State},
    stack::{Server, Started},
};

/// The client that what is done by hand is written down for.
const HAND: usize = usize::MAX;

impl Scene {
    /// Has a server die at a point, however it is reached.
    pub(super) async fn kill_at(&mut self, at: &At) -> Result<Strike, SceneError> {
        let order = format!("kill {} {}", at.point, at.nth);
        match way_to(&at.point) {
            Way::Load => self.order("kill", at).await,
            Way::Start => self.die_on_the_way(at.server, order, None).await,
            Way::Takeover(first) => match self.die_first(at.server, first).await? {
                None => self.die_on_the_way(at.server, order, None).await,
                Some(void) => Ok(void),
            },
            Way::Later(leftover, ahead) => match self.leave(at.server, leftover).await? {
                None => self.die_on_the_way(at.server, order, Some(ahead)).await,
                Some(void) => Ok(void),
            },
            Way::GateMoved => self.after_a_moved_gate(at, &order).await,
            Way::LoginOvertaken => self.between_logins(at, &order).await,
            Way::OwnAccount => self.within_a_session(at, &order).await,
            Way::Squatter => self.beside_a_squatter(at, order).await,
            Way::TakenEmail => self.for_a_taken_email(at, &order).await,
        }
    }

    /// Has the server die at another point before; the strike, if it did not come there.
    async fn die_first(&mut self, server: Server, point: &str) -> Result<Option<Strike>, SceneError> {
        let at = At {
            server,
            point: point.to_owned(),
            nth: 1,
        };
        let strike = self.order("kill", &at).await?;
        Ok(strike.void.is_some().then_some(strike))
    }

    /// Starts the server again with an order for a point on its way.
    async fn die_on_the_way(
        &mut self,
        server: Server,
        order: String,
        ahead: Option<Duration>,
    ) -> Result<Strike, SceneError> {
        if let Some(ahead) = ahead {
            self.ahead.push((self.history.now(), ahead));
        }
        match self.stack.restart(server, &[order], ahead).await? {
            Started::Hit(_) => Ok(Strike {
                void: self.idle(),
                dead: vec![server],
            }),
            Started::Serving(_) => self.until_hit(server).await,
        }
    }

    /// Sees to it that the server leaves something to see to later; the strike, if it did not come to that.
    async fn leave(&mut self, server: Server, leftover: Leftover) -> Result<Option<Strike>, SceneError> {
        match leftover {
            Leftover::Recheck(point) => self.leave_recheck(server, point).await,
            Leftover::RestingHandle => {
                let renamed = |call: &Call| {
                    matches!(call.request, Request::Rename { .. })
                        && matches!(call.outcome, Some(Outcome::Organization(_)))
                };
                Ok(self.until_called(renamed).await)
            }
            Leftover::RolledBackCreate => {
                // Clients do so too, but seldom.
                self.until(|scene| scene.an_admin().is_some()).await;
                self.create_in_vain().await;
                let taken = Outcome::Refused("EMAIL_TAKEN".to_owned());
                let refused = |call: &Call| {
                    matches!(call.request, Request::Create { .. }) && call.outcome.as_ref() == Some(&taken)
                };
                Ok(self.until_called(refused).await)
            }
        }
    }

    async fn leave_recheck(&mut self, server: Server, point: &str) -> Result<Option<Strike>, SceneError> {
        if let Some(void) = self.die_first(server, point).await? {
            return Ok(Some(void));
        }
        self.stack.restart(server, &[], None).await?;
        self.load.pause().await;
        self.stack.until_sound(UNTIL_SOUND).await?;
        self.history.barrier();
        self.load.resume();
        Ok(None)
    }

    /// Waits until some call was like that; the strike, if none was.
    async fn until_called(&self, wanted: impl Fn(&Call) -> bool) -> Option<Strike> {
        let called = |scene: &Self| scene.history.look(|calls| calls.iter().any(&wanted));
        self.until(called).await;
        (!called(self)).then(|| Strike::unless(false, "there was nothing to see to later"))
    }

    /// Moves organizations' gates behind org-service's back, one after the other, and has each repaired, until the
    /// server dies.
    async fn after_a_moved_gate(&mut self, at: &At, order: &str) -> Result<Strike, SceneError> {
        self.until(|scene| scene.active_organizations().len() > 2).await;
        self.stack.arm(at.server, order).await?;
        for seen in self.active_organizations() {
            self.move_gate(&seen, false).await;
            // The server dies under this call, if the organization is still as it was seen.
            self.stack.repair(at.server, seen.id).await?;
            if !self.stack.alive(at.server).await? {
                break;
            }
        }
        self.until_hit(at.server).await
    }

    /// Moves an organization's gate behind org-service's back while its admin logs in, again and again, until
    /// auth-service dies.
    async fn between_logins(&mut self, at: &At, order: &str) -> Result<Strike, SceneError> {
        const ROUNDS: usize = 40;
        const LOGINS: usize = 8;
        self.until(|scene| scene.an_admin().is_some()).await;
        let Some((seen, login)) = self.an_admin() else {
            return Ok(Strike::unless(false, "there is nobody who could log in"));
        };
        self.stack.arm(at.server, order).await?;
        for _ in 0..ROUNDS {
            self.move_gate(&seen, true).await;
            let pause = Duration::from_micros(self.rng.u64(0..6_000));
            let logins = (0..LOGINS).map(|_| self.load.ask(&login));
            let shut = async {
                sleep(pause).await;
                // auth-service may be dead by then.
                let _ = self.stack.set_gate(seen.id, seen.epoch, false).await;
            };
            tokio::join!(join_all(logins), shut);
            if !self.stack.alive(at.server).await? {
                break;
            }
        }
        self.until_hit(at.server).await
    }

    /// Has an admin log in, refresh, change the e-mail and revoke all sessions, again and again, until auth-service dies.
    async fn within_a_session(&mut self, at: &At, order: &str) -> Result<Strike, SceneError> {
        const ROUNDS: usize = 20;
        self.until(|scene| scene.an_admin().is_some()).await;
        self.stack.arm(at.server, order).await?;
        for _ in 0..ROUNDS {
            // Whoever was the admin may be gone by now, or have another e-mail.
            if let Some((seen, login)) = self.an_admin() {
                self.use_session(seen.id, &login).await;
            }
            if !self.stack.alive(at.server).await? {
                break;
            }
        }
        self.until_hit(at.server).await
    }

    async fn use_session(&mut self, organization: Uuid, login: &Request) {
        self.load.ask(login).await;
        let brought = |call: &Call| call.request == *login && call.outcome == Some(Outcome::Granted);
        let Some(token) = self.history.look(|calls| calls.iter().rposition(brought)) else {
            return;
        };
        let email = format!("hand_{:08x}@example.com", self.rng.u32(..));
        for request in [
            Request::Refresh { organization, token },
            Request::ChangeEmail {
                organization,
                token,
                email,
            },
            Request::RevokeAll {
                organization,
                token,
                keep_current: false,
            },
        ] {
            self.load.ask(&request).await;
        }
    }

    /// Moves a gate. For who looks at the history it is a suspension of which nobody knows whether it happened.
    async fn move_gate(&mut self, seen: &Seen, open: bool) {
        let organization = seen.id;
        self.moved.insert(organization);
        let call = self.history.invoke(HAND, Request::Suspend { organization });
        // auth-service may be dead, or the organization have moved on.
        let _ = self.stack.set_gate(organization, seen.epoch, open).await;
        self.history.finish(call, Outcome::Unknown("by hand".to_owned()));
    }

    /// Has a collection that is nobody's stand where a new organization's shall be.
    async fn beside_a_squatter(&mut self, at: &At, order: String) -> Result<Strike, SceneError> {
        let handle = format!("squat_{:08x}", self.rng.u32(..));
        let collection = format!("org_{handle}");
        self.stack.kill(at.server).await?;
        self.stack.plant(&collection).await?;
        self.stack.restart(at.server, &[order], None).await?;
        // The server dies under this call.
        let email = format!("{handle}@example.com");
        self.create(handle, email).await;
        self.until_hit(at.server).await
    }

    /// Creates organizations for somebody who is another one's admin until the server dies.
    async fn for_a_taken_email(&mut self, at: &At, order: &str) -> Result<Strike, SceneError> {
        const ROUNDS: usize = 20;
        self.until(|scene| scene.an_admin().is_some()).await;
        self.stack.arm(at.server, order).await?;
        for _ in 0..ROUNDS {
            self.create_in_vain().await;
            if !self.stack.alive(at.server).await? {
                break;
            }
        }
        self.until_hit(at.server).await
    }

    /// Creates an organization for whoever is another one's admin. Who that was may be gone by now, or have another
    /// e-mail.
    async fn create_in_vain(&mut self) {
        if let Some((_, Request::Login { email, .. })) = self.an_admin() {
            let handle = format!("vain_{:08x}", self.rng.u32(..));
            self.create(handle, email).await;
        }
    }

    /// Creates an organization, beside the clients.
    async fn create(&mut self, handle: String, email: String) {
        let request = Request::Create {
            request_id: Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid(),
            handle,
            email,
        };
        self.load.ask(&request).await;
    }

    /// The organizations that answers showed last as ACTIVE, the youngest answer first.
    fn active_organizations(&self) -> Vec<Seen> {
        let mut met = HashSet::new();
        let youngest = |call: &Call| call.seen().filter(|seen| met.insert(seen.id)).cloned();
        let mut seen: Vec<_> = self
            .history
            .look(|calls| calls.iter().rev().filter_map(youngest).collect());
        seen.retain(|seen| seen.state == State::Active);
        seen
    }

    /// An organization in use, and the login of its admin.
    fn an_admin(&self) -> Option<(Seen, Request)> {
        self.active_organizations().into_iter().find_map(|seen| {
            let logs_in = |call: &&Call| {
                let own =
                    matches!(&call.request, Request::Login { organization, .. } if *organization == seen.id);
                own && call.outcome == Some(Outcome::Granted)
            };
            // The last one: the admin may have had another e-mail before.
            let login = |calls: &[Call]| Some(calls.iter().rev().find(logs_in)?.request.clone());
            let login = self.history.look(login)?;
            Some((seen, login))
        })
    }
}
