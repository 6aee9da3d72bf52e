//! A TCP connection's way, on which it can be cut, held up, slowed down, or robbed of an answer.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use super::wire;

const CHUNK: usize = 64 << 10;

/// A proxy in front of one server, at an address of its own for as long as it lives.
///
/// What is in flight when a link hangs is carried on once it is restored, to the server even if the client is gone by
/// then: that is how a command arrives late.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    road: watch::Sender<Road>,
    traffic: Arc<Traffic>,
    accepting: JoinHandle<()>,
}

/// How it stands with a link.
#[derive(Clone, Debug, Default)]
struct Road {
    mode: Mode,
    /// Connections of before a cut end, even when the link was restored before they could notice.
    cuts: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Open,
    Cut,
    Hung,
    Slow(Duration),
    /// The server's replies are lost; to this MongoDB command alone, where there is one.
    Lossy(Option<String>),
}

/// What went over a link.
#[derive(Debug, Default)]
struct Traffic {
    to_lose: AtomicU64,
    lost: AtomicU64,
    commands: Mutex<HashMap<String, u64>>,
}

impl Link {
    /// A link to the server at `target`, which need not be there yet.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (road, watched) = watch::channel(Road::default());
        let traffic = Arc::new(Traffic::default());
        let accepting = tokio::spawn(accept(listener, target, watched, Arc::clone(&traffic)));
        Ok(Self {
            address,
            road,
            traffic,
            accepting,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections; new ones end at once.
    pub fn cut(&self) {
        self.road.send_modify(|road| {
            road.mode = Mode::Cut;
            road.cuts += 1;
        });
    }

    /// Keeps all connections, and carries nothing.
    pub fn hang(&self) {
        self.set(Mode::Hung);
    }

    /// Carries everything later, by `pause` per piece.
    pub fn slow(&self, pause: Duration) {
        self.set(Mode::Slow(pause));
    }

    /// Loses the next `count` replies: the command reaches the server, the reply gets no further, and its connection
    /// ends. With `command`, only replies to this MongoDB command, e.g. `renameCollection`. [`lost`](Self::lost) tells
    /// whether any was.
    pub fn lose_replies(&self, count: u64, command: Option<&str>) {
        self.traffic.to_lose.store(count, Ordering::SeqCst);
        self.set(Mode::Lossy(command.map(str::to_owned)));
    }

    /// Everything goes its way again.
    pub fn restore(&self) {
        self.set(Mode::Open);
    }

    /// How many replies were lost so far.
    pub fn lost(&self) -> u64 {
        self.traffic.lost.load(Ordering::SeqCst)
    }

    /// How often this MongoDB command was sent so far.
    pub fn sent(&self, command: &str) -> u64 {
        self.traffic.sent(command)
    }

    fn set(&self, mode: Mode) {
        self.road.send_modify(|road| road.mode = mode);
    }
}

impl Drop for Link {
    /// Ends its connections too: they see that nobody watches over the road any more.
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Traffic {
    fn sent(&self, command: &str) -> u64 {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.get(command).copied().unwrap_or_default()
    }

    fn note(&self, command: &str) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        *commands.entry(command.to_owned()).or_default() += 1;
    }

    /// Whether one more reply is to be lost; it is then.
    fn lose(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        let losing = self
            .to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok();
        if losing {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
        losing
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    road: watch::Receiver<Road>,
    traffic: Arc<Traffic>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, most likely.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Road { mode, cuts } = road.borrow().clone();
        if mode != Mode::Cut {
            let carried = carry(client, target, (road.clone(), cuts), Arc::clone(&traffic));
            tokio::spawn(carried);
        }
    }
}

/// One connection, until it ends or is cut once more than it was when it began.
async fn carry(
    client: TcpStream,
    target: SocketAddr,
    (road, cuts): (watch::Receiver<Road>, u64),
    traffic: Arc<Traffic>,
) {
    let mut watched = road.clone();
    // A server that is not there: the client finds its connection closed.
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let way = Arc::new(Way {
        traffic,
        awaited: AtomicBool::new(false),
    });
    let there = way.there(from_client, to_server, road.clone());
    let back = way.back(from_server, to_client, road);
    tokio::select! {
        _ = watched.wait_for(|road| road.cuts != cuts) => {}
        // The server is through with this connection, or its client lost a reply.
        () = back => {}
        // Never ends before: what has arrived is not taken back because the client hangs up.
        () = async { there.await; std::future::pending().await } => {}
    }
}

/// One connection's two directions.
struct Way {
    traffic: Arc<Traffic>,
    /// The reply that comes next is one to lose.
    awaited: AtomicBool,
}

impl Way {
    async fn there(
        &self,
        mut client: impl AsyncRead + Unpin,
        mut server: impl AsyncWrite + Unpin,
        mut road: watch::Receiver<Road>,
    ) {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = client.read(&mut chunk).await {
            let Some(mode) = passable(&mut road).await else {
                return;
            };
            let command = wire::command(&chunk[..length]);
            if let Some(command) = command {
                self.traffic.note(command);
            }
            if let Mode::Lossy(only) = mode {
                let wanted = only.is_none() || only.as_deref() == command;
                self.awaited.store(wanted, Ordering::SeqCst);
            }
            if server.write_all(&chunk[..length]).await.is_err() {
                return;
            }
        }
        // The client is through; the server is told when nothing holds it up.
        if passable(&mut road).await.is_some() {
            let _ = server.shutdown().await;
        }
    }

    /// Ends when the server does, or when a reply is lost.
    async fn back(
        &self,
        mut server: impl AsyncRead + Unpin,
        mut client: impl AsyncWrite + Unpin,
        mut road: watch::Receiver<Road>,
    ) {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = server.read(&mut chunk).await {
            let Some(mode) = passable(&mut road).await else {
                return;
            };
            let lossy = matches!(mode, Mode::Lossy(_));
            if lossy && self.awaited.swap(false, Ordering::SeqCst) && self.traffic.lose() {
                return;
            }
            // The client may be gone while the server still works for it.
            let _ = client.write_all(&chunk[..length]).await;
        }
    }
}

/// Waits as long as the link hangs, or for its slowness; none once the link is no more.
async fn passable(road: &mut watch::Receiver<Road>) -> Option<Mode> {
    let mode = road
        .wait_for(|road| road.mode != Mode::Hung)
        .await
        .ok()?
        .mode
        .clone();
    if let Mode::Slow(pause) = mode {
        sleep(pause).await;
    }
    Some(mode)
}
