//! The connections of a server: how they are accepted, and how the last of them are cut.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo, TcpIncoming};

/// How long a connection may be silent before the host asks whether the peer is there.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after a failed accept: without one, a process that is out of file descriptors would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections without end, until `cut` ends them all.
pub(super) fn accept(
    listener: TcpListener,
    cut: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let incoming = TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .with_keepalive(Some(TCP_KEEPALIVE));
    stream::unfold((incoming, cut), |(mut incoming, cut)| async move {
        loop {
            match incoming.next().await? {
                Ok(stream) => return Some((Ok(Connection::new(stream, &cut)), (incoming, cut))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    })
}

/// A TCP connection that fails for both sides once it is cut.
pub(super) struct Connection {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn new(stream: TcpStream, cut: &CancellationToken) -> Self {
        // A token of its own, so that connections do not share a lock.
        Self {
            stream,
            cut: Box::pin(cut.child_token().cancelled_owned()),
        }
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Result<(), io::Error> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_connection_does_not_wait_to_fill_its_packets_and_can_be_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let cut = CancellationToken::new();
        let mut accepted = Box::pin(accept(listener, cut.clone()));
        let mut connection = accepted.next().await.unwrap().unwrap();
        assert!(connection.stream.nodelay().unwrap());
        assert_eq!(
            connection.connect_info().remote_addr(),
            Some(client.local_addr().unwrap())
        );
        let reading = tokio::spawn(async move { connection.read(&mut [0; 1]).await });
        cut.cancel();
        assert_eq!(
            reading.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::ConnectionAborted
        );
    }
}
