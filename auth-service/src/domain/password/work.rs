//! The costly part of verification, in one place, so that a test can count it.

use std::time::Duration;

use bcrypt::HashParts;
use rustix::time::{ClockId, clock_gettime};

use super::{derived::Derived, hash::UnusableHash};

/// What costs time.
pub(super) trait Work {
    /// bcrypt with 2^`cost` rounds. None for an input of more than 71 bytes, at once.
    fn bcrypt(&self, input: &[u8], cost: u32, salt: [u8; 16]) -> Option<HashParts>;

    /// Whether the password is the one that the key was derived from.
    fn derive(&self, key: &Derived, password: &[u8]) -> Result<bool, UnusableHash>;

    /// The time that the work has taken, from some beginning.
    fn cpu_time(&self) -> Duration;
}

/// The work of the thread that asks for it. Its time is its own alone: waiting for a processor does not count.
pub(super) struct ThisThread;

impl Work for ThisThread {
    fn bcrypt(&self, input: &[u8], cost: u32, salt: [u8; 16]) -> Option<HashParts> {
        bcrypt::non_truncating_hash_with_salt(input, cost, salt).ok()
    }

    fn derive(&self, key: &Derived, password: &[u8]) -> Result<bool, UnusableHash> {
        key.is_from(password)
    }

    fn cpu_time(&self) -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_time_is_what_it_worked() {
        let before = ThisThread.cpu_time();
        assert!(ThisThread.bcrypt(b"input", 4, [0; 16]).is_some());
        let after = ThisThread.cpu_time();
        assert!(after > before, "{before:?} {after:?}");
        let others = std::thread::spawn(|| ThisThread.cpu_time()).join().unwrap();
        assert!(others < after, "{others:?} {after:?}");
    }

    #[test]
    fn nothing_is_cut_off() {
        assert!(ThisThread.bcrypt(&[b'P'; 71], 4, [0; 16]).is_some());
        assert!(ThisThread.bcrypt(&[b'P'; 72], 4, [0; 16]).is_none());
    }
}
