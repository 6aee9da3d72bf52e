//! What must hold after the power came back: nothing is damaged, everything comes home, and what was answered stands.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fastrand::Rng;
use org_service::domain::{Handle, Organization, State};
use tenantry_common::{clock::Timestamp, id::OrganizationId, rpc::status::reason_of};
use tenantry_proto::{auth::v1::ValidateTokenRequest, organization::v1 as pb};

use crate::{
    calls,
    case::About,
    history::{Answer, Creation, Ledger, Life, Outcome, Request, Told},
    messages::with_credential,
    stack::{RETENTION, Stack},
};

const EVERYTHING: usize = 100_000;
/// Longer than anything waits, and shorter than a token lives.
const HALF_A_DAY: Duration = Duration::from_secs(43_200);
/// How many tokens, and how many creates, are tried; of each the last ones.
const SAMPLE: usize = 3;

type Records = BTreeMap<OrganizationId, Organization>;

/// Everything that is not as it must be.
#[derive(Debug, Default)]
pub struct Broken(Vec<String>);

impl Broken {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn because(what: String) -> Self {
        Self(vec![what])
    }

    pub fn is_about(&self, what: &str) -> bool {
        self.0.iter().any(|broken| broken.contains(what))
    }

    pub fn push(&mut self, what: String) {
        self.0.push(what);
    }
}

/// Looks at everything that was promised. To the end means that somebody logs in too, which costs a hash, and that
/// time passes until nothing waits any more.
pub async fn check(stack: &Stack, ledger: &Ledger, random: &mut Rng, about: &About) -> Broken {
    let mut broken = Broken::default();
    let under_way = |record: &Organization| record.operation.is_some();
    let records = at_rest(stack, about.patience, under_way, &mut broken).await;
    findings(stack, &mut broken).await;
    for (id, told) in &ledger.organizations {
        if let Err(what) = stands(told, records.get(id), ledger) {
            broken.push(format!("{id}: {what}"));
        }
    }
    creations(stack, ledger, &records, &mut broken).await;
    tokens(stack, ledger, &mut broken).await;
    if about.to_the_end {
        logins(stack, ledger, &records, random, &mut broken).await;
        stack.turn_clock(HALF_A_DAY);
        at_rest(stack, about.patience, waits, &mut broken).await;
        findings(stack, &mut broken).await;
    }
    broken
}

/// The records when none of them is as `busy` says any more.
async fn at_rest(
    stack: &Stack,
    patience: Duration,
    busy: impl Fn(&Organization) -> bool,
    broken: &mut Broken,
) -> Records {
    let began = Instant::now();
    loop {
        let records = stack.store.records(None, EVERYTHING).await;
        let records = records.expect("the store answers");
        let busy: Vec<&Organization> = records.iter().filter(|record| busy(record)).collect();
        let over = began.elapsed() > patience;
        if over && !busy.is_empty() {
            broken.push(format!("these never come to rest: {busy:?}"));
        }
        if over || busy.is_empty() {
            return records.into_iter().map(|record| (record.id, record)).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn waits(record: &Organization) -> bool {
    let rests = record.handles.iter().any(|held| held.rest_until.is_some());
    record.operation.is_some() || rests || record.recheck_until.is_some() || record.state == State::Deleted
}

async fn findings(stack: &Stack, broken: &mut Broken) {
    let mut page_token = String::new();
    loop {
        let request = pb::ListFindingsRequest {
            page_token,
            ..Default::default()
        };
        let page = stack
            .maintenance
            .clone()
            .list_findings(with_credential(request))
            .await;
        match page {
            Ok(page) => {
                let page = page.into_inner();
                for finding in page.findings {
                    broken.push(format!("a finding: {finding:?}"));
                }
                page_token = page.next_page_token;
            }
            Err(status) => return broken.push(format!("no findings: {status:?}")),
        }
        if page_token.is_empty() {
            return;
        }
    }
}

/// Whether an organization is as somebody was told, or as what was under way makes it.
fn stands(told: &Told, record: Option<&Organization>, ledger: &Ledger) -> Result<(), String> {
    let Some(record) = record else {
        return Err(format!("there is no record, told was {told:?}"));
    };
    let mut allowed = vec![(told.seen.state, told.seen.handle.clone(), told.seen.epoch)];
    let due = |purge: Timestamp| purge <= ledger.clock;
    if let Some((request, asked)) = &told.under_way {
        let (state, handle) = outcome(request, told, record);
        if state == State::Deleted && due(*asked + RETENTION) {
            allowed.push((State::Purged, handle.clone(), told.seen.epoch + 2));
        }
        allowed.push((state, handle, told.seen.epoch + 1));
    }
    if told.purged {
        allowed.clear();
    }
    if told.purged || told.seen.purge_time.is_some_and(due) {
        allowed.push((State::Purged, told.seen.handle.clone(), told.seen.epoch + 1));
    }
    let is = (record.state, record.handle.to_string(), record.epoch);
    if allowed.contains(&is) {
        return Ok(());
    }
    Err(format!("it is {is:?}, told was {told:?}"))
}

/// What a call makes of an organization that comes to its end.
fn outcome(request: &Request, told: &Told, record: &Organization) -> (State, String) {
    let seen = &told.seen;
    match request {
        Request::Rename { name, .. } => {
            let handle = Handle::fold(name).expect("a handle");
            (seen.state, handle.to_string())
        }
        Request::Suspend(_) => (State::Suspended, seen.handle.clone()),
        Request::Resume(_) => (State::Active, seen.handle.clone()),
        Request::Delete(_) => (State::Deleted, seen.handle.clone()),
        // As before the deletion.
        Request::Undelete(_) if record.state == State::Suspended => (State::Suspended, seen.handle.clone()),
        Request::Undelete(_) => (State::Active, seen.handle.clone()),
        Request::Create { .. } | Request::Get(_) | Request::Login { .. } => (seen.state, seen.handle.clone()),
    }
}

async fn creations(stack: &Stack, ledger: &Ledger, records: &Records, broken: &mut Broken) {
    for creation in &ledger.creations {
        let key = creation.request_id;
        let of_it = |record: &&Organization| {
            let request = record.create_request.as_ref();
            request.is_some_and(|request| request.key == key)
        };
        let made = records.values().find(of_it).map(|record| record.id);
        let sound = match creation.outcome {
            Outcome::Created(id) => made == Some(id),
            Outcome::Refused => made.is_none(),
            Outcome::UnderWay => true,
        };
        if !sound {
            broken.push(format!("{creation:?} made {made:?}"));
        }
    }
    let answered = |creation: &&Creation| matches!(creation.outcome, Outcome::Created(_));
    for creation in ledger.creations.iter().rev().filter(answered).take(SAMPLE) {
        let request = calls::creation(creation.request_id, &creation.name, creation.email.clone());
        match stack.org.clone().create_organization(request).await {
            Ok(reply) => {
                let id = reply
                    .into_inner()
                    .organization
                    .and_then(|made| made.id.parse().ok());
                if id.map(Outcome::Created) != Some(creation.outcome.clone()) {
                    broken.push(format!("{creation:?} repeated gives {id:?}"));
                }
            }
            Err(status) => broken.push(format!("{creation:?} repeated: {status:?}")),
        }
    }
}

async fn tokens(stack: &Stack, ledger: &Ledger, broken: &mut Broken) {
    let last = ledger.tokens.iter().rev().take(2 * SAMPLE);
    for token in last.chain(ledger.tokens.first()) {
        let request = ValidateTokenRequest {
            access_token: token.text.clone(),
        };
        let outcome = stack.auth.clone().validate_token(request).await;
        let sound = match (&outcome, token.life) {
            (Ok(_), life) => life != Life::Dead,
            (Err(status), Life::Dead | Life::InDoubt) => {
                reason_of(status).as_deref() == Some("TOKEN_REVOKED")
            }
            (Err(_), Life::Alive) => false,
        };
        if !sound {
            broken.push(format!(
                "the token of {} that is {:?}: {outcome:?}",
                token.email, token.life
            ));
        }
    }
}

/// An admin logs in if the organization is ACTIVE, and not otherwise: one of each. Not one whose e-mail another create
/// asked for: that may have it, once the first one's organization is purged.
async fn logins(stack: &Stack, ledger: &Ledger, records: &Records, random: &mut Rng, broken: &mut Broken) {
    for active in [true, false] {
        let wanted = |creation: &&Creation| match creation.outcome {
            Outcome::Created(id) => records
                .get(&id)
                .is_some_and(|record| (record.state == State::Active) == active),
            _ => false,
        };
        let is_sole = |creation: &&Creation| {
            let mut others = ledger.creations.iter();
            !others.any(|other| other.email == creation.email && other.request_id != creation.request_id)
        };
        let candidates: Vec<&Creation> = ledger.creations.iter().filter(wanted).filter(is_sole).collect();
        let Some(creation) = random.choice(candidates) else {
            continue;
        };
        let outcome = calls::login(stack, false, creation.email.clone()).await;
        let sound = match &outcome {
            Ok(Answer::Token(_)) => active,
            Err(status) => !active && reason_of(status).as_deref() == Some("CREDENTIALS_INVALID"),
            Ok(_) => false,
        };
        if !sound {
            broken.push(format!("{creation:?} logs in: {outcome:?}"));
        }
    }
}
