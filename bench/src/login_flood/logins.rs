//! How fast logins are when nothing but logins is asked for.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use tokio::time::sleep;

use super::client::{Answer, Client, connect, log_in};
use crate::Failure;

const CONNECTIONS: usize = 2;

/// How long so many logins take, from the start of the first to the end of the last, with so many under way.
pub(super) async fn time(url: &str, logins: u64, under_way: usize) -> Result<Duration, Failure> {
    let connections = connect(url, CONNECTIONS)?;
    let left = Cell::new(logins);
    let begun = Instant::now();
    let clients = connections.iter().cycle().take(under_way).enumerate();
    try_join_all(clients.map(|(account, client)| log_in_while(client.clone(), account, &left))).await?;
    Ok(begun.elapsed())
}

async fn log_in_while(mut client: Client, account: usize, left: &Cell<u64>) -> Result<(), Failure> {
    while let Some(one_less) = left.get().checked_sub(1) {
        left.set(one_less);
        loop {
            match log_in(&mut client, account).await {
                Answer::Accepted(_) => break,
                Answer::Refused(pause) => sleep(pause).await,
                Answer::Late => {}
                Answer::Failed(why) => return Err(format!("a login failed: {why}").into()),
            }
        }
    }
    Ok(())
}
