//! What a flood of logins costs everybody else, and how much of the processor becomes logins.

mod client;
mod flood;
mod logins;
mod report;
mod rounds;
mod table;

use std::fs;

use self::rounds::Rounds;
use crate::{
    Failure, accounts,
    arguments::LoginFlood,
    cpus::{Cpus, Placement},
    place::Place,
    wait,
};

/// Measures, and prints what was measured.
///
/// # Errors
/// When it cannot be measured.
pub fn run(arguments: &LoginFlood) -> Result<(), Failure> {
    let (server, load) = (arguments.server_cpus.clone(), arguments.load_cpus.clone());
    let placement = Placement::choose(server, load, &Cpus::allowed()?);
    // Before anything is started, so that all of it stays there.
    placement.load.pin()?;
    let rounds = Rounds::plan(arguments, placement);
    let fill = async |url| accounts::create(url, arguments.bcrypt_cost, rounds.accounts()).await;
    let place = wait(Place::prepare(arguments.store.clone(), fill))??;
    let measured = rounds.measure(&place);
    // The server is gone by now.
    let cleared = wait(place.clear())?;
    let report = measured?;
    cleared?;
    table::print(&report)?;
    if let Some(file) = &arguments.json {
        fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    Ok(())
}
