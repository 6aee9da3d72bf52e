//! Faults of the links and of the MongoDB behind them.

use std::time::Duration;

use tokio::time::sleep;

use super::{Between, CommandFault, Error, Link, MongoServer, Stack, Store, StoreClient};

/// What was on its way to a MongoDB that is stopped has so long to be answered.
const GRACE: Duration = Duration::from_millis(300);

impl Stack {
    /// A link; none to a store that is a file.
    pub fn link(&self, between: Between) -> Option<&Link> {
        match between {
            Between::OrgAndAuth => Some(&self.between),
            Between::AuthAndStore => self.stores.as_ref().map(|stores| &stores.auth),
            Between::OrgAndStore => self.stores.as_ref().map(|stores| &stores.org),
        }
    }

    /// Restores all links, and [marks](Self::mark) that.
    pub fn restore_links(&mut self) {
        for between in [Between::OrgAndAuth, Between::AuthAndStore, Between::OrgAndStore] {
            if let Some(link) = self.link(between) {
                link.restore();
            }
        }
        self.mark();
    }

    /// Stops the MongoDB for all stacks: cuts this one's links, lets the server end what has arrived, and kills it.
    ///
    /// # Errors
    /// [`Error::Unfit`] where there is none, or none of our own.
    pub async fn stop_store(&mut self) -> Result<(), Error> {
        let stores = self.stores.iter();
        stores.for_each(|stores| [&stores.auth, &stores.org].into_iter().for_each(Link::cut));
        sleep(GRACE).await;
        self.mongo()?.stop().await
    }

    /// Starts it again and restores the links; how long it took until it answered. [Marks](Self::mark) when it did.
    ///
    /// # Errors
    /// As [`stop_store`](Self::stop_store), and why it does not start.
    pub async fn start_store(&mut self) -> Result<Duration, Error> {
        let took = self.mongo()?.start().await?;
        let stores = self.stores.iter();
        stores.for_each(|stores| [&stores.auth, &stores.org].into_iter().for_each(Link::restore));
        self.mark();
        Ok(took)
    }

    /// Has MongoDB fail this stack's next commands of a kind; one such fault at a time.
    ///
    /// # Errors
    /// [`Error::Unfit`] without MongoDB, and what MongoDB answers.
    pub async fn fail_command(&mut self, fault: CommandFault) -> Result<(), Error> {
        self.mongo()?.fail_command(&fault).await?;
        // Counted from when it holds: a command that came just before is not taken for one that failed.
        let before = self.sent(&fault);
        self.fault = Some((fault, before));
        Ok(())
    }

    /// How many commands the fault has met so far.
    pub fn failed_commands(&self) -> u64 {
        let met = |(fault, before): &(CommandFault, u64)| {
            let sent = self.sent(fault).saturating_sub(*before);
            sent.min(fault.times.into())
        };
        self.fault.as_ref().map_or(0, met)
    }

    /// Ends the fault, whether or not it met all it could; how many commands it met. [Marks](Self::mark) that.
    ///
    /// # Errors
    /// As [`fail_command`](Self::fail_command).
    pub async fn end_command_fault(&mut self) -> Result<u64, Error> {
        self.mongo()?.fail_no_command().await?;
        let met = self.failed_commands();
        self.fault = None;
        self.mark();
        Ok(met)
    }

    fn mongo(&self) -> Result<&MongoServer, Error> {
        match &self.setup.store {
            Store::MongoDb(server) => Ok(server),
            Store::Embedded => Err(Error::Unfit("this stack keeps its data in files")),
        }
    }

    /// How many commands that the fault is about were sent so far.
    fn sent(&self, fault: &CommandFault) -> u64 {
        let between = match fault.client {
            StoreClient::Auth => Between::AuthAndStore,
            StoreClient::Org => Between::OrgAndStore,
        };
        let link = self.link(between);
        let sent = |command: &String| link.map_or(0, |link| link.sent(command));
        fault.commands.iter().map(sent).sum()
    }
}
