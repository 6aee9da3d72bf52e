//! Both servers on files: killed, frozen, cut off, and whole again.

use std::{path::Path, time::Duration};

use tenantry_chaos::stack::{Between, Error, Server, Started, Store};
use tokio::time::Instant;

use crate::stack_support::{Create, PATIENCE, is_sound, start};

const ORG: Server = Server::Org(0);

#[tokio::test]
async fn a_server_that_dies_at_a_point_is_started_again_and_ends_what_it_had_begun() {
    let mut stack = start(Store::Embedded, 1).await;
    let points = stack.points(ORG).await.unwrap();
    assert!(
        points.contains(&"org.store.record.before".to_owned()),
        "{points:?}"
    );
    let create = Create::of(&stack, "acme");

    stack.arm(ORG, "kill org.store.record.before").await.unwrap();
    let told = create.call().await.unwrap_err();
    let hit = stack.wait_hit(PATIENCE).await;
    assert_eq!(hit, Some((ORG, "org.store.record.before".to_owned())), "{told}");
    while stack.alive(ORG).await.unwrap() {
        tokio::task::yield_now().await;
    }
    // As ordered: no error.
    stack.check().await.unwrap();
    assert_eq!(stack.wait_hit(Duration::ZERO).await, None, "handed out once");

    assert!(matches!(
        stack.restart(ORG, &[], None).await.unwrap(),
        Started::Serving(_)
    ));
    is_sound(&mut stack).await;
    create.call().await.unwrap();
    stack.end().await.unwrap();
}

#[tokio::test]
async fn what_survives_a_kill_of_both_is_what_was_acknowledged() {
    let mut stack = start(Store::Embedded, 1).await;
    let create = Create::of(&stack, "acme");
    let id = create.call().await.unwrap();
    let (auth_url, org_urls) = (stack.auth_url(), stack.org_urls());
    for server in stack.servers() {
        stack.kill(server).await.unwrap();
        assert!(!stack.alive(server).await.unwrap());
    }
    assert!(create.call().await.is_err());
    assert!(matches!(stack.findings().await, Err(Error::NotRunning(_))));
    for server in stack.servers() {
        stack.restart(server, &[], None).await.unwrap();
    }
    assert_eq!((stack.auth_url(), stack.org_urls()), (auth_url, org_urls));
    is_sound(&mut stack).await;
    assert_eq!(create.call().await.unwrap(), id);
}

#[tokio::test]
async fn an_order_that_holds_from_the_start_is_hit_before_the_server_serves() {
    let mut stack = start(Store::Embedded, 1).await;
    let order = ["kill auth.store.key_or_insert.after".to_owned()];
    let started = stack.restart(Server::Auth, &order, None).await.unwrap();
    let point = "auth.store.key_or_insert.after".to_owned();
    assert_eq!(started, Started::Hit(point));
    stack.restart(Server::Auth, &[], None).await.unwrap();
    is_sound(&mut stack).await;
}

#[tokio::test]
async fn an_order_that_is_none_is_refused() {
    let mut stack = start(Store::Embedded, 1).await;
    let refused = stack.arm(ORG, "burn org.store.record.before").await;
    assert!(matches!(refused, Err(Error::Refused(ORG, _))), "{refused:?}");
}

#[tokio::test]
async fn a_frozen_server_does_nothing_until_it_is_thawed() {
    let mut stack = start(Store::Embedded, 1).await;
    let create = Create::of(&stack, "acme");
    stack.freeze(ORG).unwrap();
    let call = create.call();
    tokio::pin!(call);
    let waited = tokio::time::timeout(Duration::from_millis(500), &mut call).await;
    assert!(waited.is_err(), "{waited:?}");
    assert!(stack.alive(ORG).await.unwrap());
    stack.thaw(ORG).unwrap();
    call.await.unwrap();
    is_sound(&mut stack).await;
}

#[tokio::test]
async fn a_server_stopped_at_a_point_goes_on_when_it_is_thawed() {
    let mut stack = start(Store::Embedded, 1).await;
    let create = Create::of(&stack, "acme");
    stack.arm(ORG, "stop org.store.record.after").await.unwrap();
    let (called, hit) = tokio::join!(create.call(), async {
        let hit = stack.wait_hit(PATIENCE).await;
        stack.thaw(ORG).unwrap();
        hit
    });
    assert_eq!(hit, Some((ORG, "org.store.record.after".to_owned())));
    called.unwrap();
}

#[tokio::test]
async fn what_began_while_the_services_were_cut_off_ends_once_they_are_not() {
    let mut stack = start(Store::Embedded, 1).await;
    let create = Create::of(&stack, "acme");
    assert!(stack.link(Between::OrgAndStore).is_none(), "it is a file");
    // auth-service prepares the admin; org-service does not hear of it, and can ask nobody.
    stack
        .arm(Server::Auth, "stop auth.store.insert_admin.after")
        .await
        .unwrap();
    let link = stack.link(Between::OrgAndAuth).unwrap();
    let link_cut = async {
        let hit = stack.wait_hit(PATIENCE).await;
        link.cut();
        hit
    };
    let (called, hit) = tokio::join!(create.call(), link_cut);
    assert!(hit.is_some());
    assert!(called.is_err(), "{called:?}");
    stack.thaw(Server::Auth).unwrap();
    let early = stack.until_sound(Duration::from_millis(500)).await;
    assert!(matches!(early, Err(Error::TooLate { .. })), "{early:?}");
    let restored = Instant::now();
    stack.restore_links();
    let took = is_sound(&mut stack).await;
    assert!(took > Duration::ZERO && took <= restored.elapsed(), "{took:?}");
    create.call().await.unwrap();
}

#[tokio::test]
async fn a_death_that_nobody_ordered_is_an_error_with_the_end_of_the_log() {
    let mut stack = start(Store::Embedded, 1).await;
    let pid = process_of(stack.directory(), "org-service");
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    while stack.alive(ORG).await.unwrap() {
        tokio::task::yield_now().await;
    }
    let died = stack.until_sound(PATIENCE).await.unwrap_err();
    assert!(matches!(died, Error::Died { .. }), "{died}");
    let shown = died.to_string();
    assert!(
        shown.contains("org-service-0") && shown.contains("ready"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_stack_that_is_dropped_leaves_nothing() {
    let mut stack = start(Store::Embedded, 1).await;
    let directory = stack.directory().to_owned();
    let processes = ["auth-service", "org-service"].map(|name| process_of(&directory, name));
    // A frozen one goes too.
    stack.freeze(ORG).unwrap();
    drop(stack);
    let gone = |pid| rustix::process::test_kill_process(pid).is_err();
    while !processes.iter().all(|pid| gone(*pid)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_clock_that_is_ahead_shows_at_once_what_takes_days() {
    let mut stack = start(Store::Embedded, 1).await;
    Create::of(&stack, "acme").call().await.unwrap();
    let ahead = Duration::from_secs(8 * 24 * 3_600);
    let started = stack.restart(ORG, &[], Some(ahead)).await.unwrap();
    assert!(matches!(started, Started::Serving(_)));
    let id = Create::of(&stack, "later").call().await.unwrap();
    // The id is a UUIDv7: its first 48 bits are the time of the clock that made it.
    let millis = u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
    let log = std::fs::metadata(stack.directory().join("org-service-0.log")).unwrap();
    let now = log
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let seen = Duration::from_millis(millis).saturating_sub(now);
    assert!(seen > ahead - Duration::from_secs(60), "{seen:?}");
}

/// The process that runs this program in a directory of its own.
fn process_of(directory: &Path, name: &str) -> rustix::process::Pid {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter(|process| {
        let program = std::fs::read_link(process.path().join("exe"));
        let at = std::fs::read_link(process.path().join("cwd"));
        at.is_ok_and(|at| at == directory) && program.is_ok_and(|program| program.ends_with(name))
    });
    let mut ids = found.filter_map(|process| process.file_name().to_str()?.parse().ok());
    rustix::process::Pid::from_raw(ids.next().expect("no such process")).unwrap()
}
