//! The disk of one machine, which remembers in which order everything came to it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

use crate::history::Note;

/// auth-service's file and org-service's.
pub const FILES: [&str; 2] = ["auth.redb", "org.redb"];
pub const AUTH: usize = 0;
pub const ORG: usize = 1;

/// Both files' bytes.
pub type Images = [Vec<u8>; 2];

/// What came to the disk, and what the clients knew by then.
#[derive(Clone, Debug)]
pub enum Event {
    Write {
        file: usize,
        offset: usize,
        bytes: Box<[u8]>,
    },
    SetLen {
        file: usize,
        len: usize,
    },
    /// It is over: whatever came to this file before is there for good.
    Synced {
        file: usize,
    },
    Note(Note),
}

/// Both files as programs see them, and the log of all that came, in one order.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    files: Images,
    log: Vec<Event>,
}

impl Disk {
    /// A disk with these files on it.
    pub fn with(files: Images) -> Self {
        let log = Vec::new();
        Self(Arc::new(Mutex::new(State { files, log })))
    }

    pub fn file(&self, file: usize) -> DiskFile {
        DiskFile {
            disk: self.clone(),
            file,
        }
    }

    pub fn note(&self, note: Note) {
        self.state().log.push(Event::Note(note));
    }

    /// Takes the log; what comes afterwards is not remembered.
    pub fn take_log(&self) -> Vec<Event> {
        std::mem::take(&mut self.state().log)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the two files, as redb uses it.
#[derive(Clone, Debug)]
pub struct DiskFile {
    disk: Disk,
    file: usize,
}

impl StorageBackend for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = position(offset)?;
        let state = self.disk.state();
        let there = state.files[self.file].get(offset..offset + out.len());
        out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (file, len) = (self.file, position(len)?);
        let mut state = self.disk.state();
        state.files[file].resize(len, 0);
        state.log.push(Event::SetLen { file, len });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.state().log.push(Event::Synced { file: self.file });
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (file, offset) = (self.file, position(offset)?);
        let mut state = self.disk.state();
        write(&mut state.files[file], offset, data);
        state.log.push(Event::Write {
            file,
            offset,
            bytes: data.into(),
        });
        Ok(())
    }
}

/// Writes into a file, which grows where it must: for nothing it need not, wherever that is written.
pub fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput.into())
}
