//! A server as a child process, and the orders it takes.

use std::{
    fs::OpenOptions,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Server,
    error::{Error, end_of},
};

/// Longest that a running server may take to acknowledge an order, and to tell its points.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(10);

/// A running server. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    server: Server,
    child: Child,
    stdin: ChildStdin,
    told: watch::Receiver<Told>,
    /// How many of the hits were handed out.
    taken: AtomicUsize,
    log: PathBuf,
    killed: bool,
}

/// What a server has told so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    points: Option<Vec<String>>,
    /// Orders, and whether they were taken.
    answered: Vec<(String, bool)>,
    hits: Vec<String>,
    under_way: Option<UnderWay>,
}

/// What a server sees each time it looks for operations under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnderWay {
    /// How many there are; none when the store does not say.
    pub(super) operations: Option<u64>,
    /// When it first told that.
    pub(super) since: Instant,
    /// How often it has looked by now.
    pub(super) looks: u64,
}

impl Told {
    fn hear(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "points" => self.points = Some(rest.split_whitespace().map(str::to_owned).collect()),
            "armed" => self.answered.push((rest.to_owned(), true)),
            "refused" => {
                let order = rest.split_once(": ").map_or(rest, |(order, _)| order);
                self.answered.push((order.to_owned(), false));
            }
            "hit" => self.hits.push(rest.to_owned()),
            "under-way" => self.look(rest.parse().ok()),
            _ => {}
        }
    }

    fn look(&mut self, operations: Option<u64>) {
        let last = self.under_way;
        let standing = last.filter(|last| last.operations == operations);
        self.under_way = Some(UnderWay {
            operations,
            since: standing.map_or_else(Instant::now, |last| last.since),
            looks: last.map_or(0, |last| last.looks) + 1,
        });
    }

    /// Whether it was ordered to stop itself at this point.
    fn stops_at(&self, point: &str) -> bool {
        self.answered.iter().any(|(order, armed)| {
            let mut words = order.split_whitespace();
            *armed && words.next() == Some("stop") && words.next() == Some(point)
        })
    }
}

impl Process {
    /// Starts it with orders, and with what it logs added to `log`.
    pub(super) fn spawn(
        server: Server,
        mut command: Command,
        orders: &[String],
        log: &Path,
    ) -> Result<Self, Error> {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.map_err(Error::io(format!("{}", log.display())))?;
        command
            .env("TENANTRY_FAILPOINTS", orders.join(";"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            // A stopped process that loses its parent is woken and hung up, if its group is its own: it cannot stay
            // behind, even where this process has no time to clean up.
            .process_group(0);
        let mut child = command
            .spawn()
            .map_err(Error::io(format!("{:?}", command.as_std())))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::NotRunning(server));
        };
        let (teller, told) = watch::channel(Told {
            answered: orders.iter().map(|order| (order.clone(), true)).collect(),
            ..Told::default()
        });
        tokio::spawn(listen(BufReader::new(stdout).lines(), teller));
        Ok(Self {
            server,
            child,
            stdin,
            told,
            taken: AtomicUsize::new(0),
            log: log.to_owned(),
            killed: false,
        })
    }

    /// The points that it has.
    pub(super) async fn points(&self) -> Result<Vec<String>, Error> {
        let told = self.hear("no points were told", |told| told.points.is_some());
        told.await?;
        Ok(self.told.borrow().points.clone().unwrap_or_default())
    }

    /// Gives an order and waits until it holds.
    pub(super) async fn arm(&mut self, order: &str) -> Result<(), Error> {
        let before = self.told.borrow().answered.len();
        let line = format!("{order}\n");
        let written = async {
            self.stdin.write_all(line.as_bytes()).await?;
            self.stdin.flush().await
        };
        written
            .await
            .map_err(Error::io(format!("{} takes no orders", self.server)))?;
        let answer = |told: &Told| {
            let mut later = told.answered.iter().skip(before);
            later
                .find(|(answered, _)| answered == order)
                .map(|(_, armed)| *armed)
        };
        self.hear("an order was not answered", |told| answer(told).is_some())
            .await?;
        match answer(&self.told.borrow()) {
            Some(true) => Ok(()),
            _ => Err(Error::Refused(self.server, order.to_owned())),
        }
    }

    /// The next point that was hit and not yet handed out; none when the process ends without.
    pub(super) async fn next_hit(&self) -> Option<String> {
        let taken = self.taken.load(Ordering::SeqCst);
        let mut told = self.told.clone();
        // An error is the process's end; what it told last is still there.
        let _ = told.wait_for(|told| told.hits.len() > taken).await;
        let hit = told.borrow().hits.get(taken).cloned()?;
        let stops = told.borrow().stops_at(&hit);
        if stops {
            self.until_stopped().await;
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
        Some(hit)
    }

    /// It tells of a hit just before: who wakes it must not come too early.
    async fn until_stopped(&self) {
        const TRIES: u32 = 1_000;
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(process) = id.and_then(Pid::from_raw) else {
            return;
        };
        let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        for _ in 0..TRIES {
            if !matches!(waitid(WaitId::Pid(process), look), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// How much is under way, as it last told.
    pub(super) fn under_way(&self) -> Option<UnderWay> {
        self.told.borrow().under_way
    }

    /// Whether a look that begins from now on sees the same.
    pub(super) async fn sees_again(&self, seen: UnderWay) -> bool {
        // One that was under way by now may be the next that is told of.
        let looks = self.under_way().map_or(0, |seen| seen.looks) + 2;
        let enough = |told: &Told| {
            let now = told.under_way;
            now.is_some_and(|now| now.looks >= looks || now.since != seen.since)
        };
        self.hear("no more looks were told", enough).await.is_ok()
            && self.under_way().is_some_and(|now| now.since == seen.since)
    }

    /// Its exit, if it has ended.
    pub(super) async fn ended(&mut self) -> Result<Option<ExitStatus>, Error> {
        let exit = self.child.try_wait().map_err(Error::io("waiting"))?;
        if exit.is_some() {
            // Until all that it told has been heard.
            let heard = async { while self.told.changed().await.is_ok() {} };
            let _ = timeout(ACKNOWLEDGEMENT, heard).await;
        }
        Ok(exit)
    }

    /// Waits for its end, which is near.
    pub(super) async fn until_ended(&mut self) -> Result<(), Error> {
        while self.ended().await?.is_none() {
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// An error if it has ended, and neither was killed nor told that it would kill itself.
    pub(super) async fn check(&mut self) -> Result<(), Error> {
        let Some(status) = self.ended().await? else {
            return Ok(());
        };
        let by_itself = status.signal() == Some(Signal::KILL.as_raw()) && !self.told.borrow().hits.is_empty();
        if self.killed || by_itself {
            return Ok(());
        }
        Err(Error::Died {
            who: self.server.to_string(),
            status,
            log: self.end_of_log(),
        })
    }

    /// Kills it and waits for its end.
    pub(super) async fn kill(&mut self) -> Result<(), Error> {
        self.killed = true;
        let killed = self.child.kill().await;
        killed.map_err(Error::io(format!("{} cannot be killed", self.server)))
    }

    /// Sends it a signal that does not end it.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let process = id.and_then(Pid::from_raw).ok_or(Error::NotRunning(self.server))?;
        kill_process(process, signal).map_err(|error| Error::Io {
            what: format!("{} cannot be signalled", self.server),
            source: error.into(),
        })
    }

    pub(super) fn end_of_log(&self) -> String {
        end_of(&self.log)
    }

    async fn hear(&self, or: &str, told: impl FnMut(&Told) -> bool) -> Result<(), Error> {
        let mut receiver = self.told.clone();
        match timeout(ACKNOWLEDGEMENT, receiver.wait_for(told)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Error::NotRunning(self.server)),
            Err(_) => Err(Error::TooLate {
                what: format!("{}: {or}", self.server),
                patience: ACKNOWLEDGEMENT,
                log: self.end_of_log(),
            }),
        }
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, teller: watch::Sender<Told>) {
    while let Ok(Some(line)) = lines.next_line().await {
        teller.send_modify(|told| told.hear(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_tells_is_understood() {
        let mut told = Told::default();
        for line in [
            "points a.b c.d",
            "armed kill a.b 2",
            "refused burn a: an order is `kill|stop|fail POINT [NTH]`, NTH from 1",
            "under-way 3",
            "hit a.b",
            "something else",
        ] {
            told.hear(line);
        }
        assert_eq!(
            told.points.as_deref(),
            Some(["a.b", "c.d"].map(str::to_owned).as_slice())
        );
        let answered = [("kill a.b 2".to_owned(), true), ("burn a".to_owned(), false)];
        assert_eq!(told.answered, answered);
        assert_eq!(told.hits, ["a.b"]);
        assert!(!told.stops_at("a.b"));
        told.hear("armed stop a.b");
        assert!(told.stops_at("a.b"));
        assert_eq!(told.under_way.unwrap().operations, Some(3));
    }

    #[test]
    fn what_a_server_sees_stands_until_it_sees_something_else() {
        let mut told = Told::default();
        told.hear("under-way 3");
        let first = told.under_way.unwrap();
        told.hear("under-way 3");
        let second = told.under_way.unwrap();
        assert_eq!(second, UnderWay { looks: 2, ..first });
        told.hear("under-way unknown");
        let third = told.under_way.unwrap();
        assert_eq!((third.operations, third.looks), (None, 3));
        assert!(third.since > first.since);
    }
}
