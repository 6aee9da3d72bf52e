//! Password hashing, kept away from the threads that answer calls.
//!
//! A hash takes a third of a second of one core. Hashes run on threads of their own at the lowest priority, wait in a
//! bounded queue, and are dropped unhashed when nobody waits for them any more.

use std::{
    collections::VecDeque,
    fmt, io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// The lowest priority that a thread can have.
const NICE: i32 = 19;

/// Why a hash was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHashed {
    /// As many wait already as may, or as can be hashed before the deadline.
    #[error("the hashing queue is full")]
    QueueFull,
    /// The deadline passed while it waited.
    #[error("the deadline passed in the hashing queue")]
    DeadlineExceeded,
    /// The job panicked.
    #[error("a hashing job panicked")]
    Panicked,
}

/// The hashing threads and their queue. The threads end when it is dropped.
pub struct HashingPool {
    queue: Arc<Queue>,
}

struct Queue {
    capacity: usize,
    threads: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    closed: bool,
    /// How long a hash takes at present; nothing while none was made.
    typical: Duration,
}

/// Answers whether it hashed, or nobody was there to hash for any more.
type Job = Box<dyn FnOnce() -> bool + Send>;

impl HashingPool {
    /// Starts the threads. `capacity` is how many jobs may wait beyond those that run.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(threads: NonZeroUsize, capacity: NonZeroUsize) -> io::Result<Self> {
        let queue = Arc::new(Queue {
            capacity: capacity.get(),
            threads: u32::try_from(threads.get()).unwrap_or(u32::MAX),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let pool = Self { queue };
        for number in 0..threads.get() {
            let queue = Arc::clone(&pool.queue);
            thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work(&queue))?;
        }
        Ok(pool)
    }

    /// OK when a hash that comes now would be taken into the queue: nothing need be looked up for one that would not.
    ///
    /// # Errors
    /// [`NotHashed::QueueFull`].
    pub fn has_room(&self, deadline: Instant) -> Result<(), NotHashed> {
        self.queue.has_room(&self.queue.lock(), deadline)
    }

    /// Runs `hash` on a hashing thread, unless the deadline passes before its turn or the caller stops waiting.
    ///
    /// # Errors
    /// [`NotHashed`]; a full queue, or one too long for the deadline, answers at once.
    pub async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        hash: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let (reply, answer) = oneshot::channel();
        let job = move || {
            if reply.is_closed() {
                return false;
            }
            let in_time = Instant::now() < deadline;
            let outcome = if in_time {
                Ok(hash())
            } else {
                Err(NotHashed::DeadlineExceeded)
            };
            // Whoever stopped waiting meanwhile needs no answer.
            let _ = reply.send(outcome);
            in_time
        };
        self.queue.push(Box::new(job), deadline)?;
        answer.await.unwrap_or(Err(NotHashed::Panicked))
    }
}

impl fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingPool")
            .field("capacity", &self.queue.capacity)
            .finish_non_exhaustive()
    }
}

impl Drop for HashingPool {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    /// Who would wait in vain is refused now, while there is time to come back.
    fn has_room(&self, state: &State, deadline: Instant) -> Result<(), NotHashed> {
        let before = u32::try_from(state.waiting.len()).unwrap_or(u32::MAX) / self.threads;
        let in_vain = before > 0 && Instant::now() + state.typical.saturating_mul(before) >= deadline;
        if in_vain || state.waiting.len() >= self.capacity {
            return Err(NotHashed::QueueFull);
        }
        Ok(())
    }

    fn push(&self, job: Job, deadline: Instant) -> Result<(), NotHashed> {
        let mut state = self.lock();
        self.has_room(&state, deadline)?;
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next job, as soon as there is one; None when the pool is gone.
    fn pop(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Remembers how long a hash took: three parts of what was known, one of what is new.
    fn took(&self, time: Duration) {
        let mut state = self.lock();
        state.typical = if state.typical.is_zero() {
            time
        } else {
            (state.typical * 3 + time) / 4
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(queue: &Queue) {
    // On Linux this is the thread's own priority. Without it logins are answered as well, only less politely.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "hashing threads run at normal priority");
    }
    while let Some(job) = queue.pop() {
        let began = Instant::now();
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)) {
            Ok(true) => queue.took(began.elapsed()),
            Ok(false) => {}
            Err(_) => tracing::error!("a hashing job panicked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use futures::{FutureExt, future::join_all, poll};

    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    /// A pool of one thread, which is busy until the sender is dropped.
    async fn busy(capacity: usize) -> (Arc<HashingPool>, mpsc::Sender<()>) {
        let pool = Arc::new(HashingPool::start(ONE, NonZeroUsize::new(capacity).unwrap()).unwrap());
        let (free, blocked) = mpsc::channel::<()>();
        let (started, start) = oneshot::channel();
        let running = Arc::clone(&pool);
        tokio::spawn(async move {
            let block = move || {
                let _ = started.send(());
                let _ = blocked.recv();
            };
            running.run(later(), block).await
        });
        start.await.unwrap();
        (pool, free)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let (pool, free) = busy(1).await;
        let mut waiting = Box::pin(pool.run(later(), || "hashed"));
        assert!(poll!(&mut waiting).is_pending());
        assert_eq!(
            pool.run(later(), || ()).now_or_never(),
            Some(Err(NotHashed::QueueFull))
        );
        drop(free);
        assert_eq!(waiting.await, Ok("hashed"));
    }

    /// The time that hashes take is what the pool has seen, so it is told here.
    #[tokio::test]
    async fn who_would_wait_in_vain_is_refused_at_once() {
        let (pool, free) = busy(8).await;
        pool.queue.took(Duration::from_secs(20));
        let mut first = Box::pin(pool.run(later(), || "first"));
        let mut second = Box::pin(pool.run(later(), || "second"));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        let soon = Instant::now() + Duration::from_secs(30);
        assert_eq!(pool.has_room(soon), Err(NotHashed::QueueFull));
        assert_eq!(
            pool.run(soon, || ()).now_or_never(),
            Some(Err(NotHashed::QueueFull))
        );
        assert_eq!(pool.has_room(later()), Ok(()));
        drop(free);
        assert_eq!((first.await, second.await), (Ok("first"), Ok("second")));
    }

    #[tokio::test]
    async fn a_job_past_its_deadline_is_not_hashed() {
        let (pool, free) = busy(8).await;
        let hashed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&hashed);
        let mut late = Box::pin(pool.run(Instant::now(), move || count.fetch_add(1, Ordering::SeqCst)));
        assert!(poll!(&mut late).is_pending());
        drop(free);
        assert_eq!(late.await, Err(NotHashed::DeadlineExceeded));
        assert_eq!(hashed.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_job_that_nobody_waits_for_is_not_hashed() {
        let (pool, free) = busy(8).await;
        let hashed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&hashed);
        let mut abandoned = Box::pin(pool.run(later(), move || count.fetch_add(1, Ordering::SeqCst)));
        assert!(poll!(&mut abandoned).is_pending());
        drop(abandoned);
        drop(free);
        // The queue is in order: this one runs after the abandoned one was passed over.
        assert_eq!(pool.run(later(), || ()).await, Ok(()));
        assert_eq!(hashed.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_panic_ends_neither_the_thread_nor_the_wait() {
        let pool = HashingPool::start(ONE, NonZeroUsize::new(8).unwrap()).unwrap();
        let panics = || panic!("this job always panics");
        assert_eq!(pool.run::<()>(later(), panics).await, Err(NotHashed::Panicked));
        assert_eq!(pool.run(later(), || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn hashing_threads_alone_have_the_lowest_priority() {
        let two = NonZeroUsize::new(2).unwrap();
        let pool = HashingPool::start(two, NonZeroUsize::new(8).unwrap()).unwrap();
        let own = rustix::process::nice(0).unwrap();
        let theirs = join_all((0..4).map(|_| pool.run(later(), || rustix::process::nice(0).unwrap()))).await;
        assert_eq!(theirs, [Ok(NICE); 4]);
        assert_eq!(rustix::process::nice(0).unwrap(), own);
    }
}
