//! What an organization is. Nothing here does I/O or knows a wire format or a database.

mod collection;
mod handle;
mod labels;
mod name;
mod organization;
mod principal;

pub use collection::{CollectionName, InvalidCollectionName, Seen, Stamp};
pub use handle::{Handle, InvalidHandle};
pub use labels::{InvalidLabels, Labels};
pub use name::{InvalidName, OrganizationName};
pub use organization::{
    CreateRequest, CreateStep, HaltReason, HeldHandle, Lease, Operation, OperationKind, Organization, State,
};
pub use principal::{Access, Principal, Role};
