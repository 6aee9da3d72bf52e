//! A store, and an auth-service that knows what a test has it know.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use tenantry_common::{
    clock::Clock,
    id::{AdminId, OrganizationId, SystemIds},
    rpc::{client::CallContext, deadline::Deadline, request_id::RequestId},
    testing::{EmbeddedTest, ManualClock},
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Finding, Maintenance, samples::*};
use crate::{
    admins::{Admins, AdminsError, FirstAdmin, KnownPage, OrganizationAdmins},
    domain::{CollectionName, HeldHandle, Organization, OrganizationName, Stamp},
    driver::Driver,
    lifecycle::{self, AdminSeen, GateState, Policy},
    organizations::Organizations,
    store::{Fence, LeaseTerm, Store, embedded::EmbeddedStore},
};

type Interlude = Box<dyn Fn(usize) -> BoxFuture<'static, ()> + Send + Sync>;

/// An auth-service that knows what a test has it know. While it is asked, other things may happen.
#[derive(Default)]
struct Known {
    organizations: Mutex<BTreeMap<OrganizationId, OrganizationAdmins>>,
    calls: AtomicUsize,
    interlude: Mutex<Option<Interlude>>,
}

#[async_trait]
impl Admins for Known {
    async fn list(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
        _: &CallContext,
    ) -> Result<KnownPage, AdminsError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let interlude = self
            .interlude
            .lock()
            .unwrap()
            .as_ref()
            .map(|happens| happens(call));
        if let Some(interlude) = interlude {
            interlude.await;
        }
        let all = self.organizations.lock().unwrap();
        let within = |id: &OrganizationId| {
            after.is_none_or(|after| *id > after) && until.is_none_or(|until| *id <= until)
        };
        let mut wanted = all
            .iter()
            .filter(|(id, _)| within(id))
            .map(|(_, known)| known.clone());
        let organizations: Vec<_> = wanted.by_ref().take(limit).collect();
        let more = wanted.next().is_some();
        let last = organizations.last().map(|known| known.organization);
        Ok(KnownPage {
            organizations,
            next: last.filter(|_| more),
        })
    }

    async fn state(&self, _: AdminId, _: &CallContext) -> Result<AdminSeen, AdminsError> {
        Ok(AdminSeen::Active)
    }

    async fn prepare(
        &self,
        _: AdminId,
        _: OrganizationId,
        _: &FirstAdmin,
        _: &CallContext,
    ) -> Result<(), AdminsError> {
        Ok(())
    }

    async fn activate(&self, _: AdminId, _: &CallContext) -> Result<(), AdminsError> {
        Ok(())
    }

    async fn cancel(&self, _: AdminId, _: OrganizationId, _: &CallContext) -> Result<(), AdminsError> {
        Ok(())
    }

    async fn set_gate(
        &self,
        _: OrganizationId,
        _: i64,
        _: GateState,
        _: &CallContext,
    ) -> Result<(), AdminsError> {
        Ok(())
    }
}

/// What a walk came to.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) findings: Vec<Finding>,
    pub(super) pages: usize,
    pub(super) checked: usize,
    pub(super) total: u64,
}

/// Both stores as a test fills them.
pub(super) struct Ground {
    pub(super) maintenance: Maintenance,
    pub(super) store: Arc<dyn Store>,
    known: Arc<Known>,
    _file: EmbeddedTest,
}

impl Ground {
    pub(super) async fn new() -> Self {
        let file = EmbeddedTest::new();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        let opened = EmbeddedStore::open(&file.path(), 4 << 20, Arc::clone(&clock)).await;
        let store: Arc<dyn Store> = Arc::new(opened.unwrap());
        let known = Arc::new(Known::default());
        let length = Duration::from_secs(3_600);
        let driver = Driver {
            store: Arc::clone(&store),
            admins: Arc::clone(&known) as Arc<dyn Admins>,
            ids: Arc::new(SystemIds),
            clock,
            policy: Policy {
                retention: length,
                handle_rest: length,
                recheck: length,
            },
            lease: LeaseTerm {
                owner: Uuid::from_u128(1),
                length,
            },
            tasks: TaskTracker::new(),
        };
        Self {
            maintenance: Maintenance::new(Organizations::new(Arc::new(driver))),
            store,
            known,
            _file: file,
        }
    }

    /// Plants an organization in use that is sound but for its collection, which is missing.
    pub(super) async fn plant(&self, number: u128) -> Organization {
        let text = format!("tenant_{number}");
        let record = Organization {
            id: id(number),
            name: OrganizationName::parse(&text).unwrap(),
            handles: vec![HeldHandle {
                handle: handle(&text),
                rest_until: None,
            }],
            home: Some(in_use(&text)),
            ..active(&text)
        };
        self.store.insert(&record, None).await.unwrap();
        self.knows(known(&record));
        record
    }

    pub(super) fn knows(&self, known: OrganizationAdmins) {
        let mut all = self.known.organizations.lock().unwrap();
        all.insert(known.organization, known);
    }

    /// Walks all pages of this size.
    pub(super) async fn walk(&self, limit: usize) -> Walked {
        let (mut walked, mut from) = (Walked::default(), None);
        loop {
            let page = self.maintenance.findings(from, limit, &context()).await.unwrap();
            walked.findings.extend(page.findings);
            walked.pages += 1;
            walked.checked += page.checked;
            walked.total = page.total;
            from = page.next;
            if from.is_none() {
                return walked;
            }
        }
    }

    /// How often auth-service was asked.
    pub(super) fn asked(&self) -> usize {
        self.known.calls.load(Ordering::SeqCst)
    }

    /// What happens while auth-service is asked for the n-th time.
    pub(super) fn meanwhile(
        &self,
        happens: impl Fn(usize) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        *self.known.interlude.lock().unwrap() = Some(Box::new(happens));
    }
}

pub(super) fn context() -> CallContext {
    CallContext::new(
        RequestId::new(&SystemIds),
        Deadline::after(Duration::from_secs(60)),
    )
}

/// What a record's own collection bears.
pub(super) fn stamp_of(organization: &Organization) -> Stamp {
    Stamp {
        organization: organization.id,
        attempt: ATTEMPT,
    }
}

/// Creates a collection by the right of a record, which is afterwards as it was.
pub(super) async fn create_collection(
    store: &dyn Store,
    record: &Organization,
    name: &CollectionName,
    stamp: Stamp,
) {
    let term = LeaseTerm {
        owner: Uuid::from_u128(1),
        length: Duration::from_secs(3_600),
    };
    let begun = store
        .accept(&lifecycle::repair(record, ACCEPTED), Some(term))
        .await
        .unwrap();
    let fence = Fence {
        organization: begun.id,
        operation: ACCEPTED.operation,
        fence: begun.fence,
    };
    store.create_collection(fence, name, stamp).await.unwrap();
    let ended = Organization {
        operation: None,
        epoch: record.epoch,
        ..begun
    };
    store.record(fence, &ended).await.unwrap();
}
