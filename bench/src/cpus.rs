//! CPUs by number, and who runs on which.

use std::{collections::BTreeSet, fmt, io, str::FromStr};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// Some of the machine's CPUs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpus(BTreeSet<usize>);

/// A text is no list of CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCpus;

impl fmt::Display for InvalidCpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be numbers below {}, e.g. 0 or 0,2-3", CpuSet::MAX_CPU)
    }
}

impl std::error::Error for InvalidCpus {}

impl Cpus {
    /// Those that this thread may run on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn allowed() -> io::Result<Self> {
        let set = sched_getaffinity(None)?;
        Ok(Self(
            (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect(),
        ))
    }

    /// Keeps this thread, and those that it starts from now on, on these CPUs.
    ///
    /// # Errors
    /// The operating system's, when none of them is to be had.
    pub fn pin(&self) -> io::Result<()> {
        let mut set = CpuSet::new();
        self.0.iter().for_each(|cpu| set.set(*cpu));
        Ok(sched_setaffinity(None, &set)?)
    }

    /// How many there are; at least one.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether this CPU is one of them.
    pub fn contains(&self, cpu: usize) -> bool {
        self.0.contains(&cpu)
    }

    /// Each by itself.
    pub fn each(&self) -> impl Iterator<Item = Self> {
        self.0.iter().map(|cpu| Self(BTreeSet::from([*cpu])))
    }

    /// These and those.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// These without those, if any are left.
    fn without(&self, other: &Self) -> Option<Self> {
        Self::of(self.0.difference(&other.0).copied())
    }

    /// These, if there are any.
    fn of(cpus: impl IntoIterator<Item = usize>) -> Option<Self> {
        let cpus: BTreeSet<_> = cpus.into_iter().collect();
        (!cpus.is_empty()).then_some(Self(cpus))
    }
}

/// Reads numbers and ranges, as `taskset -c` does.
impl FromStr for Cpus {
    type Err = InvalidCpus;

    fn from_str(text: &str) -> Result<Self, InvalidCpus> {
        let number = |text: &str| match text.parse::<usize>() {
            Ok(cpu) if cpu < CpuSet::MAX_CPU => Ok(cpu),
            _ => Err(InvalidCpus),
        };
        let mut cpus = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            cpus.extend(number(first)?..=number(last)?);
        }
        Self::of(cpus).ok_or(InvalidCpus)
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

/// Where the server runs, its hashing included, and where what calls it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The server's.
    pub server: Cpus,
    /// The load's.
    pub load: Cpus,
}

impl Placement {
    /// What was asked for; for what was not, one CPU each, and the same where there is only one.
    pub fn choose(server: Option<Cpus>, load: Option<Cpus>, allowed: &Cpus) -> Self {
        let one_of = |cpus: &Cpus| Cpus::of(cpus.0.first().copied());
        let left_by = |taken: &Cpus| allowed.without(taken).and_then(|rest| one_of(&rest));
        let server = server
            .or_else(|| load.as_ref().and_then(left_by))
            .or_else(|| one_of(allowed))
            .unwrap_or_else(|| allowed.clone());
        let load = load
            .or_else(|| left_by(&server))
            .unwrap_or_else(|| server.clone());
        Self { server, load }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpus(text: &str) -> Cpus {
        text.parse().unwrap()
    }

    #[test]
    fn a_list_is_numbers_and_ranges() {
        assert_eq!(cpus("0").to_string(), "0");
        assert_eq!(cpus("4,0-2,1").to_string(), "0,1,2,4");
        for text in ["", "a", "1,", "-1", "2-1", "0-999999", "99999"] {
            assert_eq!(text.parse::<Cpus>(), Err(InvalidCpus), "{text}");
        }
    }

    #[test]
    fn server_and_load_share_a_cpu_only_where_there_is_no_other() {
        let chosen = |server: Option<&str>, load: Option<&str>, allowed: &str| {
            let placement = Placement::choose(server.map(cpus), load.map(cpus), &cpus(allowed));
            (placement.server.to_string(), placement.load.to_string())
        };
        let pair = |server: &str, load: &str| (server.to_owned(), load.to_owned());
        assert_eq!(chosen(None, None, "2,5-7"), pair("2", "5"));
        assert_eq!(chosen(None, None, "3"), pair("3", "3"));
        assert_eq!(chosen(None, Some("0"), "0-1"), pair("1", "0"));
        assert_eq!(chosen(Some("0-1"), None, "0-3"), pair("0,1", "2"));
        assert_eq!(chosen(Some("0-1"), None, "0-1"), pair("0,1", "0,1"));
        assert_eq!(chosen(Some("0"), Some("0"), "0-1"), pair("0", "0"));
    }

    #[test]
    fn a_pinned_thread_stays_where_it_was_put() {
        let allowed = Cpus::allowed().unwrap();
        let one = Cpus::of(allowed.0.last().copied()).unwrap();
        let pinned = std::thread::spawn({
            let one = one.clone();
            move || {
                one.pin().unwrap();
                Cpus::allowed().unwrap()
            }
        });
        assert_eq!(pinned.join().unwrap(), one);
        assert_eq!(Cpus::allowed().unwrap(), allowed);
    }
}
