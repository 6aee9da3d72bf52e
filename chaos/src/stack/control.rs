//! Orders to servers, and what is done to their processes.

use std::{process::ExitStatus, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use rustix::process::Signal;
use tokio::time::timeout;

use super::{Error, Server, Stack, Started, server::Start};

impl Stack {
    /// The points that a server has.
    ///
    /// # Errors
    /// When it is not running, or was not built with failpoints.
    pub async fn points(&self, server: Server) -> Result<Vec<String>, Error> {
        self.place(server)?.process()?.points().await
    }

    /// Gives an order (`kill|stop|fail POINT [NTH]`) and waits until it holds.
    ///
    /// # Errors
    /// When the server is not running, does not answer, or refuses.
    pub async fn arm(&mut self, server: Server, order: &str) -> Result<(), Error> {
        self.place_mut(server)?.process_mut()?.arm(order).await
    }

    /// The next point that any server hits, or has hit, and that was not handed out yet; none after `patience`.
    pub async fn wait_hit(&self, patience: Duration) -> Option<(Server, String)> {
        let running = self.places.iter().filter_map(|place| {
            let process = place.process().ok()?;
            Some(async move { Some((place.server, process.next_hit().await?)) })
        });
        let mut hits: FuturesUnordered<_> = running.collect();
        let first = async {
            loop {
                match hits.next().await {
                    Some(None) => {}
                    Some(hit) => return hit,
                    None => return None,
                }
            }
        };
        timeout(patience, first).await.ok().flatten()
    }

    /// Whether a server's process is there, be it frozen.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn alive(&mut self, server: Server) -> Result<bool, Error> {
        Ok(self.exit_status(server).await?.is_none())
    }

    /// How a server's process ended, if it has.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn exit_status(&mut self, server: Server) -> Result<Option<ExitStatus>, Error> {
        self.place_mut(server)?.process_mut()?.ended().await
    }

    /// Looks whether all is as it was made to be.
    ///
    /// # Errors
    /// [`Error::Died`] when a server ended that was neither killed nor ordered to kill itself.
    pub async fn check(&mut self) -> Result<(), Error> {
        for place in &mut self.places {
            place.process_mut()?.check().await?;
        }
        Ok(())
    }

    /// Kills a server as `kill -9` does, and waits for its end.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn kill(&mut self, server: Server) -> Result<(), Error> {
        self.place_mut(server)?.kill().await
    }

    /// Has a server stand still.
    ///
    /// # Errors
    /// When it is not running.
    pub fn freeze(&mut self, server: Server) -> Result<(), Error> {
        let place = self.place_mut(server)?;
        place.process()?.signal(Signal::STOP)?;
        place.frozen = true;
        Ok(())
    }

    /// Has a server go on, whoever stopped it, and [marks](Self::mark) that.
    ///
    /// # Errors
    /// When it is not running.
    pub fn thaw(&mut self, server: Server) -> Result<(), Error> {
        let place = self.place_mut(server)?;
        place.process()?.signal(Signal::CONT)?;
        place.frozen = false;
        self.mark();
        Ok(())
    }

    /// Starts a server again at its address, killing it first where it runs, and waits until it serves or hits a point
    /// on its way there. [Marks](Self::mark) the start. `orders` hold from the start on; its clock is ahead by
    /// `clock_ahead`.
    ///
    /// # Errors
    /// Why it does not serve.
    pub async fn restart(
        &mut self,
        server: Server,
        orders: &[String],
        clock_ahead: Option<Duration>,
    ) -> Result<Started, Error> {
        let start = Start {
            orders: orders.to_vec(),
            clock_ahead,
            bug: self.setup.seeded_bug.clone(),
        };
        self.mark();
        let since = self.marked;
        let place = self.place_mut(server)?;
        place.launch(start).await?;
        place.up(since).await
    }
}
