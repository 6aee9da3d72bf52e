//! What the power leaves of two files when it goes.

use std::{collections::BTreeMap, iter::once};

use fastrand::Rng;

use crate::{
    disk::{AUTH, Event, Images, ORG, write},
    history::Note,
};

/// What a disk writes as a whole or not at all.
const SECTOR: usize = 512;

/// How much of what was not synced is there afterwards.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// Nothing.
    Nothing,
    /// All of it, but for sectors of the last write.
    AllButTheLastTorn,
    /// Any of the writes, in their order, the last of them torn.
    SomeWrites,
    /// Of every sector any of the contents that it had since the sync.
    AnySectors,
}

/// A log that is played again, up to one cut after the other.
pub struct Replay<'a> {
    log: &'a [Event],
    at: usize,
    synced: Images,
    /// What came to each file since it was synced.
    since: [Vec<usize>; 2],
    /// How many of a file's last syncs were told of and not done.
    lies: usize,
    /// Where each sync that was not done yet began, per file.
    told: [Vec<usize>; 2],
}

impl<'a> Replay<'a> {
    /// The log of what came to a disk on which these files were.
    pub fn new(start: Images, log: &'a [Event]) -> Self {
        Self {
            log,
            at: 0,
            synced: start,
            since: Default::default(),
            lies: 0,
            told: Default::default(),
        }
    }

    /// A disk that says of every sync that it is done, is that many of them behind, and loses all that is not.
    pub fn lying(self, lies: usize) -> Self {
        Self { lies, ..self }
    }

    /// Plays everything before `position`.
    pub fn advance(&mut self, position: usize) {
        while self.at < position {
            match &self.log[self.at] {
                Event::Write { file, .. } | Event::SetLen { file, .. } => self.since[*file].push(self.at),
                Event::Synced { file } => self.sync(*file),
                Event::Note(_) => {}
            }
            self.at += 1;
        }
    }

    fn sync(&mut self, file: usize) {
        self.told[file].push(self.since[file].len());
        if self.told[file].len() <= self.lies {
            return;
        }
        let done = self.told[file].remove(0);
        for &event in &self.since[file][..done] {
            apply(&mut self.synced[file], &self.log[event]);
        }
        self.since[file].drain(..done);
        for told in &mut self.told[file] {
            *told -= done;
        }
    }

    /// Whether anything may be lost.
    pub fn has_unsynced(&self) -> bool {
        self.since.iter().any(|since| !since.is_empty())
    }

    /// What the clients knew by then.
    pub fn notes(&self) -> Vec<Note> {
        let notes = self.log[..self.at].iter().filter_map(|event| match event {
            Event::Note(note) => Some(note.clone()),
            _ => None,
        });
        notes.collect()
    }

    /// The files when the power goes now, in the middle of what comes next.
    pub fn cut(&self, random: &mut Rng) -> Images {
        if self.lies > 0 {
            return self.synced.clone();
        }
        let under_way = self.log.get(self.at);
        std::array::from_fn(|file| {
            let mut since: Vec<&Event> = self.since[file].iter().map(|&event| &self.log[event]).collect();
            since.extend(under_way.filter(|event| is_of(event, file)));
            leave(&self.synced[file], &since, random)
        })
    }
}

fn is_of(event: &Event, of: usize) -> bool {
    matches!(event, Event::Write { file, .. } | Event::SetLen { file, .. } if *file == of)
}

fn apply(file: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Write { offset, bytes, .. } => write(file, *offset, bytes),
        Event::SetLen { len, .. } => file.resize(*len, 0),
        Event::Synced { .. } | Event::Note(_) => {}
    }
}

fn leave(synced: &[u8], since: &[&Event], random: &mut Rng) -> Vec<u8> {
    const WAYS: [Left; 4] = [
        Left::Nothing,
        Left::AllButTheLastTorn,
        Left::SomeWrites,
        Left::AnySectors,
    ];
    match WAYS[random.usize(..WAYS.len())] {
        Left::Nothing => synced.to_vec(),
        Left::AllButTheLastTorn => in_order(synced, since, random, 1.0),
        Left::SomeWrites => {
            let share = random.f64();
            in_order(synced, since, random, share)
        }
        Left::AnySectors => any_sectors(synced, since, random),
    }
}

/// A share of what came, in its order; the last of it torn.
fn in_order(synced: &[u8], since: &[&Event], random: &mut Rng, share: f64) -> Vec<u8> {
    let there: Vec<&&Event> = since.iter().filter(|_| random.f64() < share).collect();
    let mut file = synced.to_vec();
    for (number, event) in there.iter().enumerate() {
        match event {
            Event::Write { offset, bytes, .. } if number + 1 == there.len() => {
                let whole = within(&mut file, *offset, bytes);
                for (offset, part) in sectors(*offset, whole) {
                    if random.bool() {
                        write(&mut file, offset, part);
                    }
                }
            }
            // What lies beyond the end of a file that was not made longer is nowhere.
            Event::Write { offset, bytes, .. } => {
                let bytes = within(&mut file, *offset, bytes);
                write(&mut file, *offset, bytes);
            }
            other => apply(&mut file, other),
        }
    }
    file
}

/// Of `bytes` what lies before the end of the file.
fn within<'b>(file: &mut [u8], offset: usize, bytes: &'b [u8]) -> &'b [u8] {
    &bytes[..bytes.len().min(file.len().saturating_sub(offset))]
}

/// The parts of a write that lie in one sector each.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (SECTOR - offset % SECTOR).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let rest = rest.chunks(SECTOR).enumerate();
    once((offset, head)).chain(rest.map(move |(number, part)| (offset + first + number * SECTOR, part)))
}

/// Any length that the file had since it was synced, and of each sector any content.
fn any_sectors(synced: &[u8], since: &[&Event], random: &mut Rng) -> Vec<u8> {
    let mut now = synced.to_vec();
    let mut lengths = vec![synced.len()];
    let mut contents: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
    for event in since {
        let before = now.len();
        apply(&mut now, event);
        let changed = match event {
            Event::Write { offset, bytes, .. } => *offset..offset + bytes.len(),
            // What is cut off and comes again is empty.
            _ => before.min(synced.len())..now.len().min(synced.len()),
        };
        lengths.push(now.len());
        for sector in changed.start / SECTOR..changed.end.div_ceil(SECTOR) {
            let content = &now[sector * SECTOR..now.len().min((sector + 1) * SECTOR)];
            contents.entry(sector).or_default().push(content.to_vec());
        }
    }
    let mut file = synced.to_vec();
    file.resize(lengths[random.usize(..lengths.len())], 0);
    for (sector, contents) in contents {
        let Some(chosen) = random.usize(..=contents.len()).checked_sub(1) else {
            continue;
        };
        let offset = sector * SECTOR;
        let bytes = within(&mut file, offset, &contents[chosen]);
        write(&mut file, offset, bytes);
    }
    file
}

/// Where the power goes, in the order of the log: some anywhere, most next to a sync or to an answer, some while the
/// files are made, and some at the first start but later.
pub fn positions(log: &[Event], count: usize, random: &mut Rng) -> Vec<usize> {
    let is_decisive =
        |event: &Event| matches!(event, Event::Synced { .. } | Event::Note(Note::Answered { .. }));
    let decisive: Vec<usize> = (0..log.len()).filter(|&at| is_decisive(&log[at])).collect();
    let first = |wanted: &dyn Fn(&Event) -> bool| log.iter().position(wanted).unwrap_or(0);
    let first_note = first(&|event| matches!(event, Event::Note(_)));
    let made = [AUTH, ORG].map(|file| first(&|event| is_of(event, file)));
    let mut positions: Vec<usize> = (0..count)
        .map(|_| match random.u8(..20) {
            0 => made[random.usize(..made.len())] + random.usize(..6),
            1 => random.usize(..=first_note),
            2..=7 => random.usize(..=log.len()),
            _ => (decisive[random.usize(..decisive.len())] + random.usize(..4)).saturating_sub(1),
        })
        .map(|position| position.min(log.len()))
        .collect();
    positions.sort_unstable();
    positions
}
