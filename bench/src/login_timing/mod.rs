//! Whether the time that a refused login takes tells whose e-mail it was, or how the password is stored.

pub mod class;
mod lane;
mod population;
mod report;
mod table;

use std::{collections::BTreeSet, fs, sync::atomic::AtomicBool, thread};

use auth_service::domain::Cost;
use fastrand::Rng;

use self::{
    class::Class,
    lane::{Measured, PER_BLOCK, Plan},
    population::ACCOUNTS,
    report::{Comparison, Report, ServerFigures, Setting},
};
use crate::{
    Failure,
    arguments::LoginTiming,
    cpus::{Cpus, Placement},
    note,
    place::BenchStore,
};

/// Servers where it is not said on which CPUs.
const SERVERS: usize = 2;

/// Measures, and prints what was measured.
///
/// # Errors
/// When it cannot be measured.
pub fn run(arguments: &LoginTiming) -> Result<(), Failure> {
    let placements = placements(arguments, &Cpus::allowed()?);
    let plan = Plan {
        classes: classes(&arguments.classes, arguments.bcrypt_cost)?,
        blocks: arguments.samples.get().div_ceil(PER_BLOCK * placements.len()),
        bcrypt_cost: arguments.bcrypt_cost,
    };
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    note(&format!(
        "{} classes, {} logins of each at each of {} servers, seed {seed}",
        plan.classes.len(),
        plan.blocks * PER_BLOCK,
        placements.len(),
    ));
    let lanes = measure(&plan, &arguments.store, &placements, seed)?;
    let report = report(&plan, &arguments.store, placements, seed, &lanes);
    table::print(&report)?;
    if let Some(file) = &arguments.json {
        fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    Ok(())
}

/// Each once, unknown first.
fn classes(asked: &[Class], cost: Cost) -> Result<Vec<Class>, Failure> {
    let classes: BTreeSet<_> = asked.iter().copied().chain([Class::Unknown]).collect();
    if classes.len() == 1 {
        return Err("--classes must name one to compare with unknown".into());
    }
    if classes.contains(&Class::OldCost) && cost == Cost::MIN {
        return Err(format!("there is no older cost than {cost}: raise --bcrypt-cost").into());
    }
    Ok(classes.into_iter().collect())
}

/// One for each of the server's CPUs.
fn placements(arguments: &LoginTiming, allowed: &Cpus) -> Vec<Placement> {
    let servers: Vec<_> = match &arguments.server_cpus {
        Some(cpus) => cpus.each().collect(),
        None => allowed.each().take(SERVERS).collect(),
    };
    let load: Vec<_> = match &arguments.load_cpus {
        Some(cpus) => cpus.each().collect(),
        None => servers.clone(),
    };
    let pairs = servers.into_iter().zip(load.into_iter().cycle());
    pairs.map(|(server, load)| Placement { server, load }).collect()
}

/// All servers at one time, each with a thread for its client.
fn measure(
    plan: &Plan,
    store: &BenchStore,
    placements: &[Placement],
    seed: u64,
) -> Result<Vec<Measured>, Failure> {
    let (mut rng, failed) = (Rng::with_seed(seed), AtomicBool::new(false));
    let stores = (1..=placements.len()).map(|number| store.of_server(number));
    let stores: Vec<_> = stores.collect::<Result<_, _>>()?;
    let measured: Vec<Option<Measured>> = thread::scope(|scope| {
        let start = |(store, placement)| {
            let (rng, failed) = (rng.fork(), &failed);
            scope.spawn(move || lane::measure(plan, store, placement, rng, failed))
        };
        let threads: Vec<_> = stores.into_iter().zip(placements).map(start).collect();
        let join =
            |thread: thread::ScopedJoinHandle<'_, _>| thread.join().map_err(|_| "a client panicked")?;
        threads.into_iter().map(join).collect::<Result<_, Failure>>()
    })?;
    let all: Option<Vec<_>> = measured.into_iter().collect();
    all.ok_or_else(|| "a measurement was given up".into())
}

fn report(
    plan: &Plan,
    store: &BenchStore,
    placements: Vec<Placement>,
    seed: u64,
    lanes: &[Measured],
) -> Report {
    let compared = plan.classes.iter().filter(|class| **class != Class::Unknown);
    let comparisons: Vec<_> = compared.map(|class| Comparison::of(*class, lanes)).collect();
    let largest_t = comparisons
        .iter()
        .map(Comparison::largest_t)
        .fold(f64::NAN, f64::max);
    let servers = placements
        .into_iter()
        .zip(lanes)
        .map(|(placement, lane)| ServerFigures {
            placement,
            disturbance: lane.disturbance,
        });
    Report {
        setting: Setting {
            store: store.to_string(),
            bcrypt_cost: plan.bcrypt_cost.to_string(),
            samples_per_class: plan.blocks * PER_BLOCK,
            accounts_per_kind: ACCOUNTS,
            seed,
        },
        servers: servers.collect(),
        comparisons,
        largest_t,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_always_measured_and_nothing_twice() {
        let asked = [Class::Imported, Class::Wrong, Class::Wrong];
        let classes = classes(&asked, Cost::MIN).unwrap();
        assert_eq!(classes, [Class::Unknown, Class::Wrong, Class::Imported]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert!(classes(&[Class::Unknown], Cost::MIN).is_err());
        assert!(classes(&[Class::OldCost], Cost::MIN).is_err());
        assert!(classes(&[Class::OldCost], Cost::MAX).is_ok());
    }

    #[test]
    fn a_client_is_where_its_server_is_unless_told_otherwise() {
        use clap::Parser;
        let placed = |given: &[&str]| -> Vec<_> {
            let given = ["bench", "login-timing"].iter().chain(given);
            let arguments = match crate::arguments::Arguments::parse_from(given).command {
                crate::arguments::Command::LoginTiming(arguments) => arguments,
                _ => panic!("another command"),
            };
            let placements = placements(&arguments, &"2-5".parse().unwrap());
            let told = |placement: Placement| format!("{}/{}", placement.server, placement.load);
            placements.into_iter().map(told).collect()
        };
        assert_eq!(placed(&[]), ["2/2", "3/3"]);
        assert_eq!(placed(&["--server-cpus", "4"]), ["4/4"]);
        assert_eq!(
            placed(&["--server-cpus", "0-2", "--load-cpus", "3,4"]),
            ["0/3", "1/4", "2/3"]
        );
    }
}
