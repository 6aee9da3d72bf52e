//! How each fault is done.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    fault::{At, Fault, Trouble},
    scene::{Scene, SceneError, Strike},
};
use crate::stack::{Between, CommandFault, Server};

/// How long the load goes on after a fault that does not kill.
const AFTERMATH: Duration = Duration::from_millis(150);

impl Scene {
    /// Does what the fault says, and ends it, but for servers that are dead then.
    pub(super) async fn befall(&mut self, fault: &Fault) -> Result<Strike, SceneError> {
        match fault {
            Fault::KillAt(at) => self.kill_at(at).await,
            Fault::KillNow { servers, after } => self.kill_now(servers, *after).await,
            Fault::WriteFails(at) => self.fail_at(at).await,
            Fault::FreezeAt { at, lasting } => self.freeze_at(at, *lasting).await,
            Fault::FreezeNow { server, lasting } => {
                let void = self.idle();
                self.freeze(*server, *lasting, void).await
            }
            Fault::Link { trouble, lasting } => self.trouble(*trouble, *lasting).await,
            Fault::StoreAway { between, lasting } => {
                let void = self.idle();
                if let Some(link) = self.stack.link(*between) {
                    link.cut();
                }
                sleep(*lasting).await;
                self.restored(void).await
            }
            Fault::StoreRestarts { lasting } => {
                let void = self.idle();
                self.stack.stop_store().await?;
                sleep(*lasting).await;
                self.stack.start_store().await?;
                self.restored(void).await
            }
            Fault::Commands(commands) => self.fail_commands(commands).await,
            Fault::AnswersLost {
                between,
                command,
                times,
            } => self.lose_answers(*between, command, *times).await,
        }
    }

    async fn kill_now(&mut self, servers: &[Server], after: Duration) -> Result<Strike, SceneError> {
        sleep(after).await;
        let void = self.idle();
        for server in servers {
            self.stack.kill(*server).await?;
        }
        let dead = servers.to_vec();
        Ok(Strike { void, dead })
    }

    async fn fail_at(&mut self, at: &At) -> Result<Strike, SceneError> {
        let strike = self.order("fail", at).await?;
        // It is over as soon as it struck.
        self.stack.mark();
        sleep(AFTERMATH).await;
        if strike.void.is_some() {
            return Ok(strike);
        }
        // It lives.
        Ok(Strike {
            dead: Vec::new(),
            ..strike
        })
    }

    async fn freeze_at(&mut self, at: &At, lasting: Duration) -> Result<Strike, SceneError> {
        let strike = self.order("stop", at).await?;
        if strike.void.is_some() {
            return Ok(strike);
        }
        self.freeze(at.server, lasting, None).await
    }

    async fn freeze(
        &mut self,
        server: Server,
        lasting: Duration,
        void: Option<String>,
    ) -> Result<Strike, SceneError> {
        self.stack.freeze(server)?;
        sleep(lasting).await;
        self.stack.thaw(server)?;
        sleep(AFTERMATH).await;
        let dead = Vec::new();
        Ok(Strike { void, dead })
    }

    async fn trouble(&mut self, trouble: Trouble, lasting: Duration) -> Result<Strike, SceneError> {
        let void = self.idle();
        if let Some(link) = self.stack.link(Between::OrgAndAuth) {
            match trouble {
                Trouble::Cut => link.cut(),
                Trouble::Hang => link.hang(),
                Trouble::Slow(millis) => link.slow(Duration::from_millis(millis)),
                Trouble::LoseAnswers => link.lose_replies(u64::MAX, None),
            }
        }
        sleep(lasting).await;
        self.restored(void).await
    }

    async fn fail_commands(&mut self, commands: &CommandFault) -> Result<Strike, SceneError> {
        self.stack.fail_command(commands.clone()).await?;
        self.until(|scene| scene.stack.failed_commands() > 0).await;
        sleep(AFTERMATH).await;
        let met = self.stack.end_command_fault().await?;
        Ok(Strike::unless(met > 0, "no such command came"))
    }

    async fn lose_answers(
        &mut self,
        between: Between,
        command: &str,
        times: u64,
    ) -> Result<Strike, SceneError> {
        let lost = |scene: &Self| scene.stack.link(between).map_or(0, |link| link.lost());
        let before = lost(self);
        if let Some(link) = self.stack.link(between) {
            link.lose_replies(times, Some(command));
        }
        self.until(|scene| lost(scene) > before).await;
        sleep(AFTERMATH).await;
        self.stack.restore_links();
        Ok(Strike::unless(lost(self) > before, "no such command came"))
    }

    /// The links are restored, and the load goes on for a moment.
    async fn restored(&mut self, void: Option<String>) -> Result<Strike, SceneError> {
        self.stack.restore_links();
        sleep(AFTERMATH).await;
        let dead = Vec::new();
        Ok(Strike { void, dead })
    }
}
