//! Both servers, and a second org-service, on a MongoDB that is stopped, fails commands, and whose answers are lost.
//!
//! TENANTRY_CHAOS_MONGODB holds the command that starts one, as a JSON array with `{port}` and `{directory}` in it: a
//! MongoDB of the test's own, for its failpoints would meet other tests' commands.

use std::{io::Write, sync::Arc, time::Duration};

use tempfile::TempDir;
use tenantry_chaos::stack::{Between, CommandFault, Fate, MongoServer, Server, Stack, Store, StoreClient};

use crate::stack_support::{Create, is_sound, start};

/// A stack on a MongoDB of its own; none where no command is given, which is said.
async fn on_mongodb(replicas: usize) -> Option<(Stack, TempDir)> {
    let Ok(command) = std::env::var("TENANTRY_CHAOS_MONGODB") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "TENANTRY_CHAOS_MONGODB must be set where CI is"
        );
        let _ = writeln!(
            std::io::stderr(),
            "*** LEFT OUT: a stack on MongoDB. Set TENANTRY_CHAOS_MONGODB. ***"
        );
        return None;
    };
    let command: Vec<String> = serde_json::from_str(&command).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let server = MongoServer::launch(&command, directory.path()).await.unwrap();
    let stack = start(Store::MongoDb(Arc::new(server)), replicas).await;
    Some((stack, directory))
}

fn fault(command: &str, fate: Fate) -> CommandFault {
    CommandFault {
        client: StoreClient::Org,
        commands: vec![command.to_owned()],
        fate,
        times: 1,
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_of_the_store() {
    let Some((mut stack, _directory)) = on_mongodb(2).await else {
        return;
    };
    let create = Create::of(&stack, "acme");
    let id = create.call().await.unwrap();
    stack.stop_store().await.unwrap();
    assert!(Create::of(&stack, "later").call().await.is_err());
    stack.start_store().await.unwrap();
    is_sound(&mut stack).await;
    assert_eq!(create.call().await.unwrap(), id);
    Create::of(&stack, "after").call().await.unwrap();
    stack.end().await.unwrap();
}

#[tokio::test]
async fn another_replica_ends_what_a_killed_one_had_begun() {
    let Some((mut stack, _directory)) = on_mongodb(2).await else {
        return;
    };
    let create = Create::of(&stack, "acme");
    stack
        .arm(Server::Org(0), "kill org.store.record.before")
        .await
        .unwrap();
    create.call().await.unwrap_err();
    // The first one stays dead.
    is_sound(&mut stack).await;
    assert!(!stack.alive(Server::Org(0)).await.unwrap());
    stack.restart(Server::Org(0), &[], None).await.unwrap();
    create.call().await.unwrap();
    stack.end().await.unwrap();
}

#[tokio::test]
async fn a_command_that_fails_is_met_and_got_over() {
    let Some((mut stack, _directory)) = on_mongodb(1).await else {
        return;
    };
    // The first time a server creates a collection it tries out what MongoDB does.
    Create::of(&stack, "first").call().await.unwrap();
    for (name, fate) in [
        ("code", Fate::ErrorCode(262)),
        ("closed", Fate::CloseConnection),
        ("concern", Fate::WriteConcernError(64)),
        ("late", Fate::Late(300)),
    ] {
        stack.fail_command(fault("create", fate)).await.unwrap();
        assert_eq!(stack.failed_commands(), 0);
        let create = Create::of(&stack, name);
        let first = create.call().await;
        assert_eq!(stack.end_command_fault().await.unwrap(), 1, "{name}");
        is_sound(&mut stack).await;
        let id = create.call().await.unwrap();
        assert!(first.is_err() || first.is_ok_and(|first| first == id), "{name}");
    }
    stack.end().await.unwrap();
}

#[tokio::test]
async fn a_command_whose_reply_is_lost_was_run() {
    let Some((mut stack, _directory)) = on_mongodb(1).await else {
        return;
    };
    let sent = |stack: &Stack| stack.link(Between::OrgAndStore).unwrap().sent("create");
    // The first time a server creates a collection it tries out what MongoDB does.
    Create::of(&stack, "first").call().await.unwrap();
    let before = sent(&stack);
    let link = stack.link(Between::OrgAndStore).unwrap();
    link.lose_replies(1, Some("create"));
    let create = Create::of(&stack, "acme");
    let _ = create.call().await;
    assert_eq!(stack.link(Between::OrgAndStore).unwrap().lost(), 1);
    stack.restore_links();
    is_sound(&mut stack).await;
    create.call().await.unwrap();
    // The collection was there when it was looked for: nobody made a second one.
    assert_eq!(sent(&stack), before + 1);
    stack.end().await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_cut_off_is_reached_again() {
    let Some((mut stack, _directory)) = on_mongodb(1).await else {
        return;
    };
    stack.link(Between::OrgAndStore).unwrap().cut();
    assert!(Create::of(&stack, "acme").call().await.is_err());
    stack.restore_links();
    let took = is_sound(&mut stack).await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    Create::of(&stack, "acme2").call().await.unwrap();
    stack.end().await.unwrap();
}
