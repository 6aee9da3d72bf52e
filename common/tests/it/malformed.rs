//! Calls that no client library sends: a path without its slash, metadata with a line end in it.

use crate::{
    carrier::{Running, SOON, login},
    raw::{Frames, GOAWAY, LOGIN, RST_STREAM},
};

/// The frame that every answer begins with.
const HEADERS: u8 = 1;
/// END_STREAM and END_HEADERS.
const WHOLE: u8 = 0x5;

/// A header as HPACK writes one that is in no table (RFC 7541, section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0];
    for text in [name, value] {
        block.push(u8::try_from(text.len()).unwrap());
        block.extend_from_slice(text.as_bytes());
    }
    block
}

/// How the server answers a call with this path and this header: the kind of the first frame that is about it.
async fn answered(server: &Running, path: &str, header: (&str, &str)) -> u8 {
    let mut frames = Frames::connect(server.address).await;
    // :method POST and :scheme http, from the static table.
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (":path", path),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        header,
    ] {
        block.extend(literal(name, value));
    }
    frames.write(HEADERS, WHOLE, 1, &block).await.unwrap();
    let first = async {
        loop {
            let kind = frames.read().await.unwrap().kind;
            if [HEADERS, RST_STREAM, GOAWAY].contains(&kind) {
                return kind;
            }
        }
    };
    tokio::time::timeout(SOON, first).await.unwrap()
}

#[tokio::test]
async fn a_malformed_call_is_reset_before_anybody_reads_it() {
    let server = Running::start().await;
    let harmless = ("x-request-id", "r-1");
    // The frame written by hand is a good one but for what is changed.
    assert_eq!(answered(&server, LOGIN, harmless).await, HEADERS);
    for (path, header) in [
        (LOGIN.trim_start_matches('/'), harmless),
        ("", harmless),
        (LOGIN, ("x-request-id", "r-1\r\nx-org-id: other")),
        (LOGIN, ("x-request-id", "r-1\n")),
        (LOGIN, ("x-request-id", "r-1\0")),
        (LOGIN, ("x-request-id\r\n", "r-1")),
        (LOGIN, ("X-Org-Id", "other")),
    ] {
        let kind = answered(&server, path, header).await;
        assert!(
            [RST_STREAM, GOAWAY].contains(&kind),
            "{path:?} {header:?}: {kind}"
        );
    }
    assert!(server.client().await.login(login("principal")).await.is_ok());
}
