//! HTTP/2 as our own client does not speak it.

use std::net::SocketAddr;

use h2::client;
use http::{HeaderMap, Method, Request};
use prost::bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::Status;

use crate::carrier::SOON;

pub const LOGIN: &str = "/auth.v1.AuthService/Login";

/// A message in gRPC's frame: not compressed, and its length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// Sends these bytes as a call and answers the call's status, and all headers and trailers.
pub async fn call(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (Status, HeaderMap) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{address}{path}"));
    request = request
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut stream) = sender.send_request(request.body(()).unwrap(), false).unwrap();
    stream.send_data(Bytes::from(body), true).unwrap();
    let (parts, mut body) = timeout(SOON, response).await.unwrap().unwrap().into_parts();
    let mut headers = parts.headers;
    while let Some(data) = body.data().await {
        let length = data.unwrap().len();
        body.flow_control().release_capacity(length).unwrap();
    }
    headers.extend(body.trailers().await.unwrap().unwrap_or_default());
    (Status::from_header_map(&headers).unwrap(), headers)
}

/// An HTTP/2 frame (RFC 9113, section 4.1).
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;

/// A connection whose frames are written by hand.
pub struct Frames(TcpStream);

impl Frames {
    pub async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let mut frames = Self(stream);
        frames.write(SETTINGS, 0, 0, &[]).await.unwrap();
        frames
    }

    pub async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.0.write_all(&frame).await
    }

    pub async fn read(&mut self) -> std::io::Result<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await?;
        Ok(Frame {
            kind: head[3],
            payload,
        })
    }

    /// Begins a call: HEADERS with END_HEADERS and without END_STREAM.
    pub async fn open(&mut self, stream: u32) -> std::io::Result<()> {
        // HPACK (RFC 7541): :method POST and :scheme http from the static table, :path as a literal.
        let mut block = vec![0x83, 0x86, 0x04, u8::try_from(LOGIN.len()).unwrap()];
        block.extend_from_slice(LOGIN.as_bytes());
        self.write(1, 0x4, stream, &block).await
    }
}
