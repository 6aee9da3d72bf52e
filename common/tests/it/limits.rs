//! HTTP/2's limits, seen from the wire.

use crate::{
    carrier::{Running, SOON, login},
    raw::{Frames, GOAWAY, RST_STREAM, SETTINGS},
};

/// ENHANCE_YOUR_CALM (RFC 9113, section 7).
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];

#[tokio::test]
async fn streams_and_headers_are_announced_to_be_limited() {
    let server = Running::start().await;
    let mut frames = Frames::connect(server.address).await;
    let settings = loop {
        let frame = frames.read().await.unwrap();
        if frame.kind == SETTINGS {
            break frame.payload;
        }
    };
    let value = |id: u16| {
        let found = settings.chunks(6).find(|entry| entry[..2] == id.to_be_bytes());
        found.map(|entry| u32::from_be_bytes(entry[2..].try_into().unwrap()))
    };
    assert_eq!(value(3), Some(200), "SETTINGS_MAX_CONCURRENT_STREAMS");
    assert_eq!(value(6), Some(16 * 1_024), "SETTINGS_MAX_HEADER_LIST_SIZE");
}

#[tokio::test]
async fn a_client_that_makes_the_server_reset_its_streams_is_sent_away() {
    let server = Running::start().await;
    let mut frames = Frames::connect(server.address).await;
    let mut resets = 0;
    let goaway = async {
        for stream in (1_u32..).step_by(2) {
            // A window that grows beyond its limit is the stream's error (RFC 9113, section 6.9.1).
            let sent = async {
                frames.open(stream).await?;
                frames.write(8, 0, stream, &0x7fff_ffff_u32.to_be_bytes()).await
            };
            let sent = sent.await;
            loop {
                let Ok(frame) = frames.read().await else {
                    panic!("closed without a GOAWAY after {resets} resets ({sent:?})");
                };
                match frame.kind {
                    GOAWAY => return frame.payload,
                    RST_STREAM => break,
                    _ => {}
                }
            }
            resets += 1;
            assert!(resets < 5_000, "no limit");
        }
        unreachable!()
    };
    let payload = tokio::time::timeout(SOON, goaway).await.unwrap();
    assert_eq!(payload[4..8], ENHANCE_YOUR_CALM);
    assert!((1_000..=1_025).contains(&resets), "{resets}");
}

#[tokio::test]
async fn a_client_that_resets_its_own_streams_is_sent_away() {
    let server = Running::start().await;
    let mut frames = Frames::connect(server.address).await;
    let flood = async {
        // All at once, so that none of them is accepted before it is reset.
        for stream in (1_u32..2_001).step_by(2) {
            if frames.open(stream).await.is_err()
                || frames.write(RST_STREAM, 0, stream, &[0, 0, 0, 8]).await.is_err()
            {
                break;
            }
        }
        loop {
            let frame = frames.read().await.expect("closed without a GOAWAY");
            if frame.kind == GOAWAY {
                return frame.payload;
            }
        }
    };
    let payload = tokio::time::timeout(SOON, flood).await.unwrap();
    assert_eq!(payload[4..8], ENHANCE_YOUR_CALM);
}

#[tokio::test]
async fn metadata_above_the_limit_is_refused() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let mut send = async |bytes: usize| {
        let mut request = tonic::Request::new(login("x"));
        request
            .metadata_mut()
            .insert("x-large", "a".repeat(bytes).parse().unwrap());
        client.login(request).await
    };
    assert!(send(12 * 1_024).await.is_ok());
    assert!(send(64 * 1_024).await.is_err());
}
