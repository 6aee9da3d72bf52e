//! What it takes for a server to pass a point.

use std::time::Duration;

/// What has to be done for a point to be passed, beside the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing: clients' calls lead there.
    Load,
    /// The server is started again: every start passes it.
    Start,
    /// A driver dies at this point, and whoever takes over passes the other one.
    Takeover(&'static str),
    /// Something is there to be seen to, and the server is started again with its clock this far ahead.
    Later(Leftover, Duration),
    /// The organization's gate is moved behind org-service's back, and RepairOrganization called.
    GateMoved,
    /// The same while its admin logs in. Clients' logouts lead there too.
    LoginOvertaken,
    /// An admin uses and changes what is the admin's own. Clients do so too, but seldom.
    OwnAccount,
    /// A collection that is nobody's stands in the way of a create.
    Squatter,
    /// A create asks for an e-mail that is taken. Clients do so now and then too.
    TakenEmail,
}

/// What a server with its clock ahead has to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A handle that rests: a rename was answered.
    RestingHandle,
    /// A record that is to be rechecked: a driver died at this point, and the operation has ended since.
    Recheck(&'static str),
    /// The record of a create that was rolled back: one was refused for its e-mail.
    RolledBackCreate,
}

/// Long enough for rests and rechecks to be over.
const MINUTES: Duration = Duration::from_secs(15 * 60);
/// Long enough for the records of creates that were rolled back to go.
const DAYS: Duration = Duration::from_secs(8 * 86_400);

/// How this point is reached.
pub fn way_to(point: &str) -> Way {
    let point = point.trim_end_matches(".before").trim_end_matches(".after");
    match point {
        "auth.store.key_or_insert" => Way::Start,
        "auth.store.delete_session" => Way::LoginOvertaken,
        "auth.store.change_admin"
        | "auth.store.rotate_session"
        | "auth.store.set_sessions_email"
        | "auth.store.delete_sessions_of" => Way::OwnAccount,
        "org.create.ask_for_admin" => Way::Takeover("org.create.prepare_admin"),
        "org.admins.state" => Way::Takeover("org.create.prepare_admin"),
        "org.create.look" => Way::Takeover("org.create.create_collection"),
        "org.rename.look" | "org.store.take_lease" => Way::Takeover("org.rename.move"),
        "org.delete.look" => Way::Takeover("org.delete.move"),
        "org.undelete.look" => Way::Takeover("org.undelete.move"),
        "org.store.end_recheck" => Way::Later(Leftover::Recheck("org.rename.move"), MINUTES),
        "org.store.release_handle" => Way::Later(Leftover::RestingHandle, MINUTES),
        "org.store.remove_aborted" => Way::Later(Leftover::RolledBackCreate, DAYS),
        "org.rare.step" => Way::Squatter,
        "org.create.cancel_admin" | "org.admins.cancel" | "auth.store.cancel_admin" => Way::TakenEmail,
        _ if point.starts_with("org.repair.") => Way::GateMoved,
        _ => Way::Load,
    }
}

/// Whether clients' calls alone lead to this point.
pub fn by_load(point: &str) -> bool {
    matches!(
        way_to(point),
        Way::Load | Way::OwnAccount | Way::TakenEmail | Way::LoginOvertaken
    )
}
