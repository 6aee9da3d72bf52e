//! A file whose making was cut short.

use std::{
    io,
    ops::{Bound, Range},
    sync::atomic::{AtomicBool, Ordering},
};

use redb::{BackendError, StorageBackend};

/// The mark by which redb knows its files. A new file gets its length first, then a header without the mark, then the
/// mark. What the power leaves of that before the mark is there redb takes for a file of something else, so it would
/// never open again.
const MARK: Range<usize> = 0..9;
/// Where the header says how large a page is.
const PAGE_SIZE: Range<usize> = 12..16;
const PAGE: u32 = 4096;
/// The header, and what of its sector stays empty.
const HEADER: usize = 512;
/// Larger than any file that has nothing in it yet.
const NEW_AT_MOST: u64 = 16 << 20;
const CHUNK: usize = 64 << 10;

/// Storage that begins anew where nothing was ever committed: it holds nothing but a header without the mark. Anything
/// else is left as it is.
#[derive(Debug)]
pub(super) struct Newborn<B> {
    storage: B,
    /// Whether it was looked at: once, when nobody else can have it open any more.
    looked: AtomicBool,
}

impl<B: StorageBackend> Newborn<B> {
    pub(super) fn new(storage: B) -> Self {
        Self {
            storage,
            looked: AtomicBool::new(false),
        }
    }

    /// Whether the making of this storage began and did not end.
    fn is_unfinished(&self) -> io::Result<bool> {
        let len = self.storage.len()?;
        if len == 0 || len > NEW_AT_MOST || !len.is_multiple_of(u64::from(PAGE)) {
            return Ok(false);
        }
        let mut header = [0; HEADER];
        self.storage.read(0, &mut header)?;
        let begun = is_zero(&header) || header[PAGE_SIZE] == PAGE.to_le_bytes();
        Ok(begun && is_zero(&header[MARK]) && self.is_empty_from(HEADER as u64, len)?)
    }

    fn is_empty_from(&self, mut offset: u64, len: u64) -> io::Result<bool> {
        while offset < len {
            let size = CHUNK.min(usize::try_from(len - offset).unwrap_or(CHUNK));
            let mut chunk = vec![0; size];
            self.storage.read(offset, &mut chunk)?;
            if !is_zero(&chunk) {
                return Ok(false);
            }
            offset += size as u64;
        }
        Ok(true)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

impl<B: StorageBackend> StorageBackend for Newborn<B> {
    /// redb asks for the first time when it has the lock, and before it reads anything.
    fn len(&self) -> io::Result<u64> {
        if !self.looked.swap(true, Ordering::AcqRel) && self.is_unfinished()? {
            tracing::warn!("the store's file was never finished, and nothing is in it: it is made anew");
            self.storage.set_len(0)?;
        }
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.storage.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.storage.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.storage.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::{Arc, atomic::AtomicUsize},
    };

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::embedded::{EmbeddedDatabase, OpenError};

    const CACHE: usize = 1 << 20;

    /// Storage that outlives its database; the power goes after `left` of its changes.
    #[derive(Clone, Debug)]
    struct Powered {
        storage: Arc<InMemoryBackend>,
        left: Arc<AtomicUsize>,
    }

    impl Powered {
        fn for_changes(left: usize) -> Self {
            Self {
                storage: Arc::new(InMemoryBackend::new()),
                left: Arc::new(AtomicUsize::new(left)),
            }
        }

        fn open(&self) -> Result<EmbeddedDatabase, OpenError> {
            EmbeddedDatabase::open_on(self.clone(), Path::new("store.redb"), CACHE)
        }

        fn change(&self) -> io::Result<()> {
            let one_less = |left: usize| left.checked_sub(1);
            match self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            {
                Ok(_) => Ok(()),
                Err(_) => Err(io::Error::other("the power is gone")),
            }
        }
    }

    impl StorageBackend for Powered {
        fn len(&self) -> io::Result<u64> {
            self.storage.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.storage.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.change()?;
            self.storage.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.change()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.change()?;
            self.storage.write(offset, data)
        }
    }

    #[test]
    fn a_first_start_cut_short_anywhere_is_made_good_by_the_next() {
        let (mut cut_short, mut unfinished) = (0, 0);
        for changes in 0.. {
            let powered = Powered::for_changes(changes);
            let opened = powered.open().is_ok();
            let mut mark = [0; 9];
            if powered.len().unwrap() > 0 {
                powered.read(0, &mut mark).unwrap();
                unfinished += usize::from(is_zero(&mark));
            }
            powered.left.store(usize::MAX, Ordering::SeqCst);
            powered.open().unwrap();
            if opened {
                break;
            }
            cut_short += 1;
        }
        assert!(cut_short >= 4 && unfinished >= 2, "{cut_short}, {unfinished}");
    }

    #[test]
    fn a_file_with_anything_in_it_is_not_made_anew() {
        let page = PAGE as usize;
        let mut begun = vec![0; 4 * page];
        begun[PAGE_SIZE].copy_from_slice(&PAGE.to_le_bytes());
        let mut without_its_mark = begun.clone();
        without_its_mark[3 * page] = 1;
        let mut of_another = vec![0; 4 * page];
        of_another[100] = 1;
        let odd = vec![0; 4 * page - 1];
        for (content, unfinished) in [
            (begun, true),
            (without_its_mark, false),
            (of_another, false),
            (odd, false),
        ] {
            let powered = Powered::for_changes(usize::MAX);
            powered.storage.set_len(content.len() as u64).unwrap();
            powered.storage.write(0, &content).unwrap();
            let opened = powered.open();
            assert_eq!(opened.is_ok(), unfinished, "{opened:?}");
            if let Err(refused) = opened {
                assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused:?}");
                let mut kept = vec![0; content.len()];
                powered.read(0, &mut kept).unwrap();
                assert_eq!(kept, content);
            }
        }
    }
}
