//! What the processor can do: the bcrypt crate, and nothing around it.

use std::{
    num::NonZeroUsize,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{Failure, cpus::Cpus};

/// As long as what the server gives bcrypt: a digest of 48 bytes in base64.
const INPUT: [u8; 64] = [b'x'; 64];
/// The priority of the server's hashing threads.
const NICE: i32 = 19;

/// Threads that verify one password over and over.
#[derive(Debug)]
pub struct RawBcrypt {
    threads: NonZeroUsize,
    cpus: Cpus,
    stored: String,
}

impl RawBcrypt {
    /// As many threads as the server has for hashing, on its CPUs, with its cost.
    ///
    /// # Errors
    /// When bcrypt does not take the cost.
    pub fn new(threads: NonZeroUsize, cpus: Cpus, cost: u32) -> Result<Self, Failure> {
        let stored = bcrypt::non_truncating_hash(INPUT, cost)?;
        Ok(Self {
            threads,
            cpus,
            stored,
        })
    }

    /// How long so many verifications take, from the start of the first to the end of the last.
    ///
    /// # Errors
    /// When a thread cannot be had, or a verification fails.
    pub fn time(&self, verifications: u64) -> Result<Duration, Failure> {
        let left = AtomicU64::new(verifications);
        let start = Barrier::new(self.threads.get() + 1);
        let work = || {
            let ready = self.prepare_thread();
            start.wait();
            ready?;
            while take_one(&left) {
                self.verify()?;
            }
            Ok::<_, Failure>(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.get()).map(|_| scope.spawn(work)).collect();
            start.wait();
            let begun = Instant::now();
            for thread in threads {
                thread.join().map_err(|_| "a thread that hashes panicked")??;
            }
            Ok(begun.elapsed())
        })
    }

    fn prepare_thread(&self) -> Result<(), Failure> {
        self.cpus.pin()?;
        rustix::process::nice(NICE)?;
        Ok(())
    }

    fn verify(&self) -> Result<(), Failure> {
        if bcrypt::non_truncating_verify(INPUT, &self.stored)? {
            Ok(())
        } else {
            Err("bcrypt does not know its own hash".into())
        }
    }
}

fn take_one(left: &AtomicU64) -> bool {
    let one_less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verification_is_made_once_however_many_threads_there_are() {
        let left = AtomicU64::new(1_000);
        let taken: u64 = thread::scope(|scope| {
            let count = || (0..).take_while(|_| take_one(&left)).count() as u64;
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 1_000);
    }

    #[test]
    fn more_verifications_take_longer() {
        let raw = RawBcrypt::new(NonZeroUsize::MIN, Cpus::allowed().unwrap(), 4).unwrap();
        assert!(raw.time(1).unwrap() > Duration::ZERO);
        assert!(RawBcrypt::new(NonZeroUsize::MIN, Cpus::allowed().unwrap(), 99).is_err());
    }
}
