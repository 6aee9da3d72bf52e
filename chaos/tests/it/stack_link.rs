//! What a link does to a conversation, between a client and a server that speak plain TCP.

use std::time::Duration;

use tenantry_chaos::stack::Link;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, timeout},
};

/// Long enough for what happens on this host; nothing here waits for it but what shall not happen.
const SOON: Duration = Duration::from_millis(200);

/// A server that answers every byte with itself, and tells which it got.
async fn echo() -> (Link, mpsc::UnboundedReceiver<u8>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let link = Link::to(listener.local_addr().unwrap()).await.unwrap();
    let (got, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let got = got.clone();
            tokio::spawn(async move {
                while let Ok(byte) = client.read_u8().await {
                    let _ = got.send(byte);
                    if client.write_u8(byte).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (link, heard)
}

async fn client(link: &Link) -> TcpStream {
    TcpStream::connect(link.address()).await.unwrap()
}

async fn says(client: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    client.write_u8(byte).await?;
    client.read_u8().await
}

#[tokio::test]
async fn a_link_carries_both_ways() {
    let (link, mut heard) = echo().await;
    let mut client = client(&link).await;
    assert_eq!(says(&mut client, 1).await.unwrap(), 1);
    assert_eq!(says(&mut client, 2).await.unwrap(), 2);
    assert_eq!((heard.recv().await, heard.recv().await), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_cut_ends_old_connections_and_new_ones_until_it_is_mended() {
    let (link, _heard) = echo().await;
    let mut old = client(&link).await;
    assert_eq!(says(&mut old, 1).await.unwrap(), 1);
    link.cut();
    assert!(old.read_u8().await.is_err());
    assert!(says(&mut client(&link).await, 2).await.is_err());
    link.restore();
    assert_eq!(says(&mut client(&link).await, 3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_cut_that_is_mended_at_once_still_ends_connections() {
    let (link, _heard) = echo().await;
    let mut old = client(&link).await;
    assert_eq!(says(&mut old, 1).await.unwrap(), 1);
    link.cut();
    link.restore();
    assert!(old.read_u8().await.is_err());
}

#[tokio::test]
async fn what_a_hung_link_held_arrives_late_though_its_client_is_gone() {
    let (link, mut heard) = echo().await;
    let mut client = client(&link).await;
    assert_eq!(says(&mut client, 1).await.unwrap(), 1);
    heard.recv().await;
    link.hang();
    client.write_u8(2).await.unwrap();
    drop(client);
    assert!(timeout(SOON, heard.recv()).await.is_err());
    link.restore();
    assert_eq!(heard.recv().await, Some(2));
}

#[tokio::test]
async fn a_slow_link_delays_each_piece() {
    let (link, _heard) = echo().await;
    let mut client = client(&link).await;
    assert_eq!(says(&mut client, 1).await.unwrap(), 1);
    link.slow(SOON);
    let begun = Instant::now();
    assert_eq!(says(&mut client, 2).await.unwrap(), 2);
    assert!(begun.elapsed() >= 2 * SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_lost_reply_is_one_to_something_that_was_done() {
    let (link, mut heard) = echo().await;
    let (mut first, mut second) = (client(&link).await, client(&link).await);
    assert_eq!(says(&mut first, 1).await.unwrap(), 1);
    link.lose_replies(1, None);
    assert!(says(&mut first, 2).await.is_err());
    assert_eq!(link.lost(), 1);
    // Only that one.
    assert_eq!(says(&mut second, 3).await.unwrap(), 3);
    assert_eq!(link.lost(), 1);
    let all = [heard.recv().await, heard.recv().await, heard.recv().await];
    assert_eq!(all, [Some(1), Some(2), Some(3)]);
}

#[tokio::test]
async fn a_server_that_is_not_there_closes_the_connection() {
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let link = Link::to(gone.local_addr().unwrap()).await.unwrap();
    drop(gone);
    assert!(says(&mut client(&link).await, 1).await.is_err());
}
