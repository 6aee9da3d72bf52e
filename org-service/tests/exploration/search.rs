//! The search: breadth first, every world once.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
    io::Write,
};

use crate::{run::Run, world::World};

/// What a search found.
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    /// The shortest way to something wrong, if there is one.
    pub(crate) violation: Option<String>,
}

/// Fingerprints are mixed already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks_exact(8) {
            self.0 ^= chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
    }

    fn write_u128(&mut self, n: u128) {
        self.0 = n as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Default)]
struct Search {
    numbers: HashMap<u128, u32, BuildHasherDefault<AsIs>>,
    /// From which world each was reached first.
    parents: Vec<u32>,
    /// All transitions, ordered by where they start, and where those of each world begin.
    targets: Vec<u32>,
    begins: Vec<usize>,
    /// Worlds in which all is quiet, and right.
    quiet: Vec<u32>,
    waiting: VecDeque<World>,
}

impl Search {
    /// The world's number; a new one waits to be looked at.
    fn number(&mut self, world: World, parent: u32) -> u32 {
        let next = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(world.fingerprint()).or_insert(next);
        if number == next {
            self.parents.push(parent);
            self.waiting.push_back(world);
        }
        number
    }

    /// Looks at every world; the first that is wrong, and what is, ends it.
    fn run(&mut self, run: &Run) -> Option<(u32, String)> {
        self.number(World::empty(run), 0);
        for number in 0.. {
            let world = self.waiting.pop_front()?;
            if let Some(wrong) = world.violation(run) {
                return Some((number, wrong));
            }
            if world.is_quiet() {
                self.quiet.push(number);
            }
            self.begins.push(self.targets.len());
            for (_, next) in world.successors(run) {
                let target = self.number(next, number);
                self.targets.push(target);
            }
        }
        None
    }

    /// A world from which none is reached in which all is quiet: everything reached backwards from those is fine.
    fn trapped(&self) -> Option<u32> {
        let states = self.parents.len();
        let mut ends = vec![0_usize; states + 1];
        for target in &self.targets {
            ends[*target as usize + 1] += 1;
        }
        for state in 0..states {
            ends[state + 1] += ends[state];
        }
        let mut fill = ends.clone();
        let mut sources = vec![0_u32; self.targets.len()];
        for source in 0..states {
            let until = self.begins.get(source + 1).copied().unwrap_or(self.targets.len());
            for target in &self.targets[self.begins[source]..until] {
                sources[fill[*target as usize]] = source as u32;
                fill[*target as usize] += 1;
            }
        }
        let mut fine = vec![false; states];
        let mut waiting = self.quiet.clone();
        waiting.iter().for_each(|state| fine[*state as usize] = true);
        while let Some(state) = waiting.pop() {
            for source in &sources[ends[state as usize]..ends[state as usize + 1]] {
                if !std::mem::replace(&mut fine[*source as usize], true) {
                    waiting.push(*source);
                }
            }
        }
        fine.iter().position(|fine| !fine).map(|state| state as u32)
    }

    /// The way from the empty world to this one, step by step: walked again, since no step was kept.
    fn way_to(&self, run: &Run, state: u32) -> String {
        let mut way = vec![state];
        while let Some(&last) = way.last().filter(|last| **last != 0) {
            way.push(self.parents[last as usize]);
        }
        let mut world = World::empty(run);
        let mut told = String::new();
        for (nth, state) in way.iter().rev().skip(1).enumerate() {
            let mut next = world.successors(run).into_iter();
            let Some((action, after)) =
                next.find(|(_, after)| self.numbers.get(&after.fingerprint()) == Some(state))
            else {
                return told;
            };
            told.push_str(&format!("{:3}. {}\n", nth + 1, world.described(run, &action)));
            world = after;
        }
        told + &world.told()
    }
}

/// Looks at every world that can come about, and says on the terminal how many there are.
pub(crate) fn explore(run: &Run) -> Explored {
    let mut search = Search::default();
    let wrong = search.run(run);
    let trapped = || {
        search
            .trapped()
            .map(|state| (state, "nothing leads to rest from here".to_owned()))
    };
    let violation = wrong
        .or_else(trapped)
        .map(|(state, wrong)| format!("{wrong}, after\n{}", search.way_to(run, state)));
    let (states, transitions) = (search.parents.len(), search.targets.len());
    let violations = u8::from(violation.is_some());
    // Past the test harness, which shows nothing of a test that passes.
    let what = violation.iter().flat_map(|found| found.lines().next());
    let line = format!(
        "explored {states} states, {transitions} transitions, {violations} violations: {}{}\n",
        run.named(),
        what.map(|what| format!(": {what}")).collect::<String>()
    );
    drop(std::io::stderr().write_all(line.as_bytes()));
    Explored {
        states,
        transitions,
        violation,
    }
}
