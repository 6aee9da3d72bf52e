//! What a flood of logins costs everybody else, and how much of the processor becomes logins.

mod client;
mod flood;
mod logins;
mod place;
mod report;
mod rounds;
mod table;

use std::fs;

use self::{place::Place, rounds::Rounds};
use crate::{
    Failure,
    arguments::LoginFlood,
    cpus::{Cpus, Placement},
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
    let place = wait(Place::prepare(
        &arguments.store,
        arguments.bcrypt_cost,
        rounds.accounts(),
    ))??;
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
