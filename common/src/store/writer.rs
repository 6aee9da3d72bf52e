//! The one thread that writes to an embedded database: jobs that wait together are committed together.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use redb::{Database, Durability, WriteTransaction};
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;

/// How many jobs may share a transaction: beyond it the waits grow and the throughput does not.
const BATCH: usize = 64;
/// How many jobs may wait; more have to wait for a place in the queue.
const QUEUE: usize = 1_024;

/// The writer thread has ended; nothing was written.
pub(super) struct WriterStopped;

/// A handle of the writer thread. Dropping it waits until the jobs in the queue are done.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let batches = Batches {
            database,
            commits: Arc::clone(&commits),
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || batches.run(jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            commits,
        })
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Result<T, StoreError>, WriterStopped> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting {
            work,
            outcome: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or(WriterStopped)?;
        queue.send(job).await.map_err(|_| WriterStopped)?;
        answer.await.map_err(|_| WriterStopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // It contains its panics, so there is nothing to hear from it.
            let _ = thread.join();
        }
    }
}

/// A write that waits for its turn.
trait Job: Send {
    /// Runs it, maybe not for the first time; answers whether its writes may stay.
    fn run(&mut self, transaction: &WriteTransaction) -> bool;
    /// Tells its caller what came out, or that the commit failed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, F> {
    work: F,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnMut(&WriteTransaction) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, transaction: &WriteTransaction) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(transaction)))
            .unwrap_or_else(|_| Err(StoreError::Internal("a write panicked".to_owned())));
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        let never_ran = || Err(StoreError::Unavailable("the write was not begun".to_owned()));
        // A caller that hung up has no use for it.
        let _ = reply.send(committed.and_then(|()| outcome.unwrap_or_else(never_ran)));
    }
}

struct Batches {
    database: Arc<Database>,
    commits: Arc<AtomicU64>,
}

impl Batches {
    fn run(self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut jobs, BATCH) > 0 {
            while !jobs.is_empty() {
                self.settle_some(&mut jobs);
            }
        }
    }

    /// Runs jobs in one transaction until one fails, commits those before it and answers them all. That one ran
    /// last, so nothing else has to be undone; its answer may rest on what its neighbours wrote and waits for them.
    fn settle_some(&self, jobs: &mut Vec<Box<dyn Job>>) {
        let mut ran = 0;
        let committed = catch_unwind(AssertUnwindSafe(|| self.commit_until_failure(jobs, &mut ran)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the database panicked".to_owned())));
        // Where not even the first could run the whole batch hears of it.
        let settled = if ran == 0 { jobs.len() } else { ran };
        for job in jobs.drain(..settled) {
            job.answer(committed.as_ref().copied().map_err(repeat));
        }
    }

    fn commit_until_failure(&self, jobs: &mut [Box<dyn Job>], ran: &mut usize) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        for job in jobs.iter_mut() {
            *ran += 1;
            if !job.run(&transaction) {
                transaction.abort()?;
                return self.commit_again(&mut jobs[..*ran - 1]);
            }
        }
        self.commit(transaction)
    }

    /// Runs the jobs before a failed one once more: redb cannot undo a part of a transaction.
    fn commit_again(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let transaction = self.begin()?;
        if jobs.iter_mut().all(|job| job.run(&transaction)) {
            return self.commit(transaction);
        }
        transaction.abort()?;
        Err(StoreError::Internal(
            "a write failed when it was repeated".to_owned(),
        ))
    }

    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        Ok(transaction)
    }

    fn commit(&self, transaction: WriteTransaction) -> Result<(), StoreError> {
        transaction.commit()?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The same failure for each job of a batch: whether its write happened is not known.
fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::Corrupt(text) => StoreError::Internal(format!("the commit failed: {text}")),
        StoreError::Internal(text) => StoreError::Internal(text.clone()),
        other => StoreError::Unavailable(other.to_string()),
    }
}
