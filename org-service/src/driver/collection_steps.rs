//! The steps that move collections. A command is sent once: after one that failed, what is there now decides.

use std::sync::Arc;

use tenantry_common::{seeded_bug, store::error::StoreError};

use super::drive::{Drive, Stop};
use crate::{
    domain::{CollectionName, Seen, Stamp},
    lifecycle,
};

impl Drive {
    pub(super) async fn look(&mut self) -> Result<(), Stop> {
        let names = lifecycle::own_names(&self.organization);
        loop {
            match self.driver.store.look(self.organization.id, &names).await {
                Ok(seen) => {
                    self.observed.found(seen);
                    return Ok(());
                }
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    pub(super) async fn create_collection(&mut self, name: CollectionName) -> Result<(), Stop> {
        let stamp = Stamp {
            organization: self.organization.id,
            attempt: self.driver.ids.uuid_v4(),
        };
        let fence = self.renewed().await?;
        let store = Arc::clone(&self.driver.store);
        match self
            .while_renewing(fence, store.create_collection(fence, &name, stamp))
            .await
        {
            Ok(()) => {
                self.notes.note(format!("created collection {name}"));
                let stamp = Some(stamp);
                self.observed.created(Seen { name, stamp });
            }
            Err(error) => self.after_failed_command(&error).await?,
        }
        Ok(())
    }

    pub(super) async fn move_home(
        &mut self,
        from: &CollectionName,
        home: &CollectionName,
    ) -> Result<(), Stop> {
        if self.rename(from, home).await? {
            self.notes.note(format!("moved collection {from} to {home}"));
            self.observed.moved(from, home);
        }
        Ok(())
    }

    pub(super) async fn quarantine(&mut self, name: &CollectionName) -> Result<(), Stop> {
        if seeded_bug!(QuarantineDrops) {
            return self.drop_collection(name).await;
        }
        let to = CollectionName::stray(self.driver.ids.uuid_v4());
        tracing::warn!(organization = %self.organization.id, %name, %to, "a collection stands in the way: set aside");
        if self.rename(name, &to).await? {
            self.notes.note(format!("set collection {name} aside as {to}"));
            self.observed.look_again();
        }
        Ok(())
    }

    pub(super) async fn condemn(&mut self, name: &CollectionName) -> Result<(), Stop> {
        let to = CollectionName::condemned(self.organization.id, self.driver.ids.uuid_v4());
        if self.rename(name, &to).await? {
            self.notes
                .note(format!("moved collection {name} to {to}, to be dropped"));
            self.observed.look_again();
        }
        Ok(())
    }

    pub(super) async fn drop_collection(&mut self, name: &CollectionName) -> Result<(), Stop> {
        let fence = self.renewed().await?;
        let store = Arc::clone(&self.driver.store);
        match self
            .while_renewing(fence, store.drop_collection(fence, name))
            .await
        {
            Ok(()) => {
                self.notes.note(format!("dropped collection {name}"));
                self.observed.dropped(name);
            }
            Err(error) => self.after_failed_command(&error).await?,
        }
        Ok(())
    }

    /// Renames; false when it did not, or is not known to have.
    async fn rename(&mut self, from: &CollectionName, to: &CollectionName) -> Result<bool, Stop> {
        let fence = self.renewed().await?;
        let store = Arc::clone(&self.driver.store);
        match self
            .while_renewing(fence, store.rename_collection(fence, from, to))
            .await
        {
            Ok(()) => Ok(true),
            Err(error) => self.after_failed_command(&error).await.map(|()| false),
        }
    }

    async fn after_failed_command(&mut self, error: &StoreError) -> Result<(), Stop> {
        match error {
            StoreError::Conflict => Err(Stop::LeaseLost),
            StoreError::AlreadyExists(_) | StoreError::NotFound => {
                self.observed.look_again();
                Ok(())
            }
            uncertain => {
                self.observed.lost_sight();
                self.wait(uncertain).await
            }
        }
    }
}
