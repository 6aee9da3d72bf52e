//! When a stack has come to rest, and what is wrong with it then.

use std::time::{Duration, Instant};

use tenantry_proto::organization::v1::ListFindingsRequest;
use tokio::time::sleep;

use super::{Error, Findings, Server, Stack, asking, process::UnderWay, server::Place};

/// How long a probe's answer may take.
const PROBE: Duration = Duration::from_secs(2);

/// How long all findings may take.
const FINDINGS: Duration = Duration::from_secs(30);

impl Stack {
    /// Notes the present as the end of a fault: [`until_sound`](Self::until_sound) counts from here.
    pub fn mark(&mut self) {
        self.marked = Instant::now();
    }

    /// Waits until every org-service that is neither killed nor frozen answers, and sees no operation under way before
    /// and after; how long that took since the last [mark](Self::mark).
    ///
    /// # Errors
    /// [`Error::TooLate`] after `patience`, and those of [`check`](Self::check).
    pub async fn until_sound(&mut self, patience: Duration) -> Result<Duration, Error> {
        let begun = Instant::now();
        loop {
            self.check().await?;
            if let Some(sound) = self.sound_since().await? {
                return Ok(sound.saturating_duration_since(self.marked));
            }
            if begun.elapsed() > patience {
                return Err(self.never_sound(patience));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What is wrong, by an org-service that runs.
    ///
    /// # Errors
    /// The server's refusal, and where none runs.
    pub async fn findings(&mut self) -> Result<Findings, Error> {
        let asked = self.running_orgs().await?;
        let place = asked.first().ok_or(Error::NotRunning(Server::Org(0)))?;
        let found = asking::findings(&self.places[*place].channel, FINDINGS).await;
        found.map_err(|status| Error::Findings(Box::new(status)))
    }

    /// Since when nothing is under way, if that is so. A probe shows that the servers answer, and do not only stand
    /// still; looks from after that answer still see nothing.
    async fn sound_since(&mut self) -> Result<Option<Instant>, Error> {
        let running = self.running_orgs().await?;
        if running.is_empty() {
            return Err(Error::NotRunning(Server::Org(0)));
        }
        let Some(idle) = self.idle(&running) else {
            return Ok(None);
        };
        for place in &running {
            let request = ListFindingsRequest {
                page_size: 1,
                ..ListFindingsRequest::default()
            };
            let channel = &self.places[*place].channel;
            if asking::page(channel, request, PROBE).await.is_err() {
                return Ok(None);
            }
        }
        let answered = Instant::now();
        for (place, seen) in running.iter().zip(idle) {
            if !self.places[*place].process()?.sees_again(seen).await {
                return Ok(None);
            }
        }
        Ok(Some(answered))
    }

    /// What each of these sees, if all of them see nothing under way.
    fn idle(&self, running: &[usize]) -> Option<Vec<UnderWay>> {
        let seen = running.iter().map(|place| {
            let seen = self.places[*place].process().ok()?.under_way()?;
            (seen.operations == Some(0)).then_some(seen)
        });
        seen.collect()
    }

    /// The places of the org-services that run.
    async fn running_orgs(&mut self) -> Result<Vec<usize>, Error> {
        let mut running = Vec::new();
        for (index, place) in self.places.iter_mut().enumerate() {
            let is_org = matches!(place.server, Server::Org(_));
            if is_org && !place.frozen && place.process_mut()?.ended().await?.is_none() {
                running.push(index);
            }
        }
        Ok(running)
    }

    fn never_sound(&self, patience: Duration) -> Error {
        let told = |place: &Place| {
            let process = place.process().ok();
            let under_way = process.and_then(|process| process.under_way());
            let operations = under_way.map(|told| told.operations);
            format!("{} told {operations:?}", place.server)
        };
        let told: Vec<_> = self.places[1..].iter().map(told).collect();
        let log = self.places[1..].iter().filter_map(|place| place.process().ok());
        Error::TooLate {
            what: format!("not at rest ({})", told.join(", ")),
            patience,
            log: log.map(|process| process.end_of_log()).collect(),
        }
    }
}
