//! What else the machine did meanwhile, and what processes take of it: from /proc (proc(5)).

use std::{fmt, fs, io, time::Instant};

use rustix::param::clock_ticks_per_second;
use serde::Serialize;

use crate::cpus::Cpus;

/// Time that CPUs spent, in clock ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CpuTime {
    /// For processes, in user mode and in the kernel's.
    busy: u64,
    /// For other guests of the same host.
    steal: u64,
}

/// What others took of the CPUs, as a share of all that there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Disturbance {
    /// Other processes.
    pub foreign: f64,
    /// Other guests of the same host.
    pub steal: f64,
}

impl Disturbance {
    /// More than this share spoils what was measured meanwhile.
    pub const MOST: f64 = 0.1;

    /// Whether it spoils what was measured meanwhile.
    pub fn spoils(&self) -> bool {
        self.foreign + self.steal > Self::MOST
    }

    /// The worse of the two, in each respect.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        Self {
            foreign: self.foreign.max(other.foreign),
            steal: self.steal.max(other.steal),
        }
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} %", 100.0 * (self.foreign + self.steal))
    }
}

/// Watches CPUs, and sets aside what this process and the server do there.
#[derive(Debug)]
pub struct Watch {
    cpus: Cpus,
    server: u32,
    begun: Instant,
    all: CpuTime,
    ours: u64,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn begin(cpus: &Cpus, server: u32) -> io::Result<Self> {
        Ok(Self {
            cpus: cpus.clone(),
            server,
            begun: Instant::now(),
            all: cpu_time(cpus)?,
            ours: ours(server)?,
        })
    }

    /// What others took since.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn end(self) -> io::Result<Disturbance> {
        let (all, ours) = (cpu_time(&self.cpus)?, ours(self.server)?);
        let ticks = self.begun.elapsed().as_secs_f64() * ticks_per_second() * self.cpus.count() as f64;
        let busy = all.busy.saturating_sub(self.all.busy);
        let foreign = busy.saturating_sub(ours.saturating_sub(self.ours));
        Ok(Disturbance {
            foreign: foreign as f64 / ticks,
            steal: all.steal.saturating_sub(self.all.steal) as f64 / ticks,
        })
    }
}

/// Memory that a process has, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// At present (VmRSS).
    pub resident: u64,
    /// Most since the peak was forgotten (VmHWM).
    pub peak: u64,
}

/// The memory of a process.
///
/// # Errors
/// When /proc cannot be read.
pub fn memory(process: u32) -> io::Result<Memory> {
    parse_memory(&fs::read_to_string(format!("/proc/{process}/status"))?).ok_or_else(unreadable)
}

/// Forgets a process' peak: it begins again at what is resident now. Where that is not allowed the old one stands.
pub fn forget_peak(process: u32) {
    // 5 is the peak alone (proc_pid_clear_refs(5)).
    let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
}

/// Seconds of CPU time that a process has taken.
///
/// # Errors
/// When /proc cannot be read.
pub fn cpu_seconds(process: u32) -> io::Result<f64> {
    Ok(process_ticks(process)? as f64 / ticks_per_second())
}

fn cpu_time(cpus: &Cpus) -> io::Result<CpuTime> {
    parse_cpu_time(&fs::read_to_string("/proc/stat")?, cpus).ok_or_else(unreadable)
}

fn ours(server: u32) -> io::Result<u64> {
    Ok(process_ticks(std::process::id())? + process_ticks(server)?)
}

fn process_ticks(process: u32) -> io::Result<u64> {
    parse_process_ticks(&fs::read_to_string(format!("/proc/{process}/stat"))?).ok_or_else(unreadable)
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "/proc is not as it should be")
}

/// Sums up the lines `cpuN user nice system idle iowait irq softirq steal …`. Interrupts are nobody's: those of the load
/// would look like somebody else's work.
fn parse_cpu_time(stat: &str, cpus: &Cpus) -> Option<CpuTime> {
    let mut sum = CpuTime::default();
    let mut found = 0;
    for line in stat.lines() {
        let Some((name, times)) = line.split_once(' ') else {
            continue;
        };
        let number = name.strip_prefix("cpu").and_then(|number| number.parse().ok());
        if number.is_some_and(|number| cpus.contains(number)) {
            let times: Vec<u64> = times
                .split_whitespace()
                .map_while(|time| time.parse().ok())
                .collect();
            sum.busy += times.get(..3)?.iter().sum::<u64>();
            sum.steal += times.get(7)?;
            found += 1;
        }
    }
    (found == cpus.count()).then_some(sum)
}

/// Fields 14 and 15, user and system time; the second field is a name in brackets that may hold anything.
fn parse_process_ticks(stat: &str) -> Option<u64> {
    let (_, from_the_third) = stat.rsplit_once(") ")?;
    let mut fields = from_the_third.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn parse_memory(status: &str) -> Option<Memory> {
    let kib = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory {
        resident: kib("VmRSS:")?,
        peak: kib("VmHWM:")?,
    })
}

fn ticks_per_second() -> f64 {
    clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  300 30 30 3000 0 3 3 15 0 0\ncpu0 100 10 10 1000 0 1 1 5 0 0\n\
        cpu1 200 20 20 2000 0 2 2 10 0 0\nintr 1 2 3\n";

    fn cpus(text: &str) -> Cpus {
        text.parse().unwrap()
    }

    #[test]
    fn the_time_of_the_cpus_is_without_idleness_and_interrupts() {
        let time = |text| parse_cpu_time(STAT, &cpus(text)).map(|time| (time.busy, time.steal));
        assert_eq!(time("0"), Some((120, 5)));
        assert_eq!(time("0-1"), Some((360, 15)));
        assert_eq!(time("0,2"), None);
        assert_eq!(parse_cpu_time("cpu0 1 2\n", &cpus("0")), None);
    }

    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "7 (a) R (b) c) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0";
        assert_eq!(parse_process_ticks(stat), Some(42));
        assert_eq!(parse_process_ticks("7 (a) S 1 2"), None);
    }

    #[test]
    fn memory_is_what_is_there_and_what_was_at_most() {
        let status = "Name:\tx\nVmHWM:\t   2000 kB\nVmRSS:\t   1500 kB\n";
        let memory = Memory {
            resident: 1_500,
            peak: 2_000,
        };
        assert_eq!(parse_memory(status), Some(memory));
        assert_eq!(parse_memory("VmRSS:\t1 kB\n"), None);
    }

    #[test]
    fn this_process_is_read_as_any_other() {
        let this = std::process::id();
        assert!(memory(this).unwrap().peak > 0);
        forget_peak(this);
        let mut count = 0_u64;
        while cpu_seconds(this).unwrap() == 0.0 {
            count = std::hint::black_box(count + 1);
        }
        assert!(Watch::begin(&Cpus::allowed().unwrap(), this).is_ok());
    }

    #[test]
    fn a_tenth_of_the_cpus_for_others_is_the_most_that_spoils_nothing() {
        let disturbance = |foreign, steal| Disturbance { foreign, steal };
        assert!(!disturbance(0.06, 0.03).spoils());
        assert!(disturbance(0.06, 0.05).spoils());
        assert_eq!(
            disturbance(0.1, 0.2).or_worse(disturbance(0.3, 0.1)),
            disturbance(0.3, 0.2)
        );
    }
}
