//! The walk over everything, page by page: what is wrong is looked at again before it counts.

use std::collections::{HashMap, HashSet};

use tenantry_common::{id::OrganizationId, rpc::client::CallContext, store::error::StoreError};

use super::{
    FINDINGS_PER_ORGANIZATION, Maintenance, before,
    collection::{Met, of_collection},
    finding::Finding,
    page::{Cursor, Page, Part, Position, Subject, kept, merged, seen_twice},
    record::{Holders, Looked, of_missing, of_organization},
};
use crate::{
    admins::OrganizationAdmins,
    domain::{CollectionName, Handle, Organization, Seen},
    organizations::{Error, lookup},
    store::Lookup,
};

/// Most organizations that auth-service tells of in one answer.
const KNOWN_PER_ANSWER: usize = 1_000;

impl Maintenance {
    /// Looks at `limit` organizations after the cursor, or at a page of collections, and again at what seems wrong: a
    /// finding counts when it was seen twice and no change of its organization was accepted in between.
    ///
    /// A page may be shorter, and a page of collections is longer: each costs a listing of all of them.
    ///
    /// # Errors
    /// [`Error::AuthUnavailable`], or the store's.
    pub async fn findings(
        &self,
        from: Option<Cursor>,
        limit: usize,
        context: &CallContext,
    ) -> Result<Page, Error> {
        let from = match from {
            Some(from) => from,
            None => self.beginning().await?,
        };
        let total = from.total;
        let part = match from.position {
            Position::Organizations(after) => self.organizations_after(after, limit, context).await?,
            Position::Collections(after) => self.collections_after(after, limit).await?,
        };
        Ok(Page {
            findings: part.findings,
            checked: part.checked,
            total,
            next: part.next.map(|position| Cursor { position, total }),
        })
    }

    async fn beginning(&self) -> Result<Cursor, StoreError> {
        let counts = self.organizations.store.counts().await?;
        Ok(Cursor {
            position: Position::Organizations(None),
            total: counts.organizations.saturating_add(counts.collections),
        })
    }

    async fn organizations_after(
        &self,
        after: Option<OrganizationId>,
        limit: usize,
        context: &CallContext,
    ) -> Result<Part, Error> {
        let records = self.organizations.store.records(after, limit).await?;
        let last = records.last().filter(|_| records.len() >= limit);
        let until = last.map(|record| record.id);
        let known = self
            .organizations
            .admins
            .list(after, until, limit, context)
            .await?;
        // So far both were asked.
        let end = known.next.or(until);
        let mut subjects = merged(records, known.organizations, end);
        let suspected = self.judged(&subjects).await?;

        let kept = kept(suspected.iter().map(Vec::len), self.findings_per_page);
        let cut = subjects.len() > kept;
        subjects.truncate(kept);
        let end = if cut {
            subjects.last().map(|subject| subject.id)
        } else {
            end
        };
        let checked = subjects
            .iter()
            .filter(|subject| subject.organization.is_some())
            .count();
        Ok(Part {
            findings: self
                .confirmed(suspected.into_iter().take(kept).flatten().collect(), context)
                .await?,
            checked,
            next: Some(match end {
                Some(end) => Position::Organizations(Some(end)),
                None => Position::Collections(None),
            }),
        })
    }

    /// What is wrong with each.
    async fn judged(&self, subjects: &[Subject]) -> Result<Vec<Vec<Finding>>, StoreError> {
        let store = &self.organizations.store;
        let records = || {
            subjects
                .iter()
                .filter_map(|subject| subject.organization.as_ref())
        };
        let wanted: Vec<Lookup> = records().map(lookup).collect();
        let seen = match wanted.as_slice() {
            [] => Vec::new(),
            wanted => store.look_for(wanted).await?,
        };
        let seen: HashMap<OrganizationId, Vec<Seen>> = wanted.iter().map(|one| one.id).zip(seen).collect();
        let handles = records().flat_map(|record| record.handles.iter().map(|held| held.handle.clone()));
        let holders = self.holders(handles.collect()).await?;
        let now = self.organizations.clock.now();
        let judge = |subject: &Subject| match (&subject.organization, &subject.auth) {
            (Some(organization), auth) => {
                let looked = Looked {
                    organization,
                    collections: seen.get(&subject.id).map(Vec::as_slice).unwrap_or_default(),
                    auth: auth.as_ref(),
                    holders: &holders,
                };
                of_organization(&looked, now)
            }
            (None, Some(known)) => of_missing(known),
            (None, None) => Vec::new(),
        };
        let mut judged: Vec<Vec<Finding>> = subjects.iter().map(judge).collect();
        for findings in &mut judged {
            findings.truncate(FINDINGS_PER_ORGANIZATION);
        }
        Ok(judged)
    }

    async fn holders(&self, handles: Vec<Handle>) -> Result<Holders, StoreError> {
        let mut holders = Holders::new();
        if handles.is_empty() {
            return Ok(holders);
        }
        for (handle, holder) in self.organizations.store.holders(&handles).await? {
            holders.entry(handle).or_default().push(holder);
        }
        Ok(holders)
    }

    /// Those of these findings about organizations that a second look finds again.
    async fn confirmed(&self, suspected: Vec<Finding>, context: &CallContext) -> Result<Vec<Finding>, Error> {
        let ids: Vec<OrganizationId> = {
            let mut ids: Vec<_> = suspected
                .iter()
                .filter_map(|finding| finding.organization)
                .collect();
            ids.dedup();
            ids
        };
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Ok(Vec::new());
        };
        let records = self.records_of(ids.iter().copied()).await?;
        let wanted: HashSet<&OrganizationId> = ids.iter().collect();
        let mut known = self.known_between(*first, *last, context).await?;
        known.retain(|known| wanted.contains(&known.organization));
        let again = self.judged(&merged(records, known, None)).await?;
        Ok(seen_twice(&suspected, again.into_iter().flatten()))
    }

    /// What auth-service has of the organizations from `first` to `last`.
    async fn known_between(
        &self,
        first: OrganizationId,
        last: OrganizationId,
        context: &CallContext,
    ) -> Result<Vec<OrganizationAdmins>, Error> {
        let mut known = Vec::new();
        let mut after = before(first);
        loop {
            let admins = &self.organizations.admins;
            let page = admins.list(after, Some(last), KNOWN_PER_ANSWER, context).await?;
            known.extend(page.organizations);
            after = page.next;
            if after.is_none() {
                return Ok(known);
            }
        }
    }

    async fn collections_after(&self, after: Option<CollectionName>, limit: usize) -> Result<Part, Error> {
        let limit = limit.max(self.collections_per_page);
        let mut seen = self
            .organizations
            .store
            .collections(after.as_ref(), limit)
            .await?;
        let full = seen.len() >= limit;
        let suspected = self.suspected(&seen).await?;

        let kept = kept(
            suspected.iter().map(|found| usize::from(found.is_some())),
            self.findings_per_page,
        );
        let more = full || seen.len() > kept;
        seen.truncate(kept);
        let suspected: Vec<Finding> = suspected.into_iter().take(kept).flatten().collect();
        let names: Vec<CollectionName> = suspected
            .iter()
            .filter_map(|finding| finding.collection.clone())
            .collect();
        let again = self.organizations.store.at(&names).await?;
        let again = self.suspected(&again).await?;
        Ok(Part {
            findings: seen_twice(&suspected, again.into_iter().flatten()),
            checked: seen.len(),
            next: seen
                .last()
                .filter(|_| more)
                .map(|last| Position::Collections(Some(last.name.clone()))),
        })
    }

    /// What is wrong with each of these collections.
    async fn suspected(&self, seen: &[Seen]) -> Result<Vec<Option<Finding>>, StoreError> {
        let handles = seen.iter().filter_map(|seen| seen.name.handle()).collect();
        let holders = self.holders(handles).await?;
        let owner = |seen: &Seen| seen.stamp.map(|stamp| stamp.organization);
        let place = |seen: &Seen| place(&seen.name, &holders);
        // A holder's own: by far the most, and the look at the holder saw to it.
        let is_at_home =
            |seen: &Seen| seen.name.handle().is_some() && owner(seen).is_some() && owner(seen) == place(seen);

        let odd = || seen.iter().filter(|seen| !is_at_home(seen));
        let ids: HashSet<OrganizationId> = odd()
            .flat_map(|seen| [owner(seen), place(seen)])
            .flatten()
            .collect();
        let records = self.records_of(ids).await?;
        let records: HashMap<OrganizationId, Organization> =
            records.into_iter().map(|record| (record.id, record)).collect();
        let now = self.organizations.clock.now();
        let judge = |seen: &Seen| {
            let met = Met {
                seen,
                owner: owner(seen).and_then(|id| records.get(&id)),
                place: place(seen).and_then(|id| records.get(&id)),
            };
            (!is_at_home(seen)).then(|| of_collection(&met, now)).flatten()
        };
        Ok(seen.iter().map(judge).collect())
    }
}

/// Whose name it is.
fn place(name: &CollectionName, holders: &Holders) -> Option<OrganizationId> {
    let holder = || holders.get(&name.handle()?)?.first().copied();
    name.trash_of().or_else(|| name.condemned_for()).or_else(holder)
}
