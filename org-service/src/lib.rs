//! Tenantry's org-service: organizations, their lifecycle and their collections.
//!
//! A request's way: listener, the frame's limits, [`authentication`], `grpc` parses, a use case
//! ([`create`], [`read`], [`update`], [`suspend`], [`delete`], [`undelete`]) decides, [`lifecycle`] names the steps,
//! [`driver`] takes them through the ports [`store`] and [`admins`]. What has no caller any more, or never had one, the
//! [`reconciler`] sees to.

pub mod admins;
pub mod authentication;
mod config;
pub mod create;
pub mod delete;
pub mod domain;
pub mod driver;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod grpc;
pub mod lifecycle;
pub mod maintenance;
pub mod organizations;
pub mod page_token;
pub mod read;
pub mod reconciler;
mod server;
pub mod sign_up;
pub mod store;
pub mod suspend;
pub mod undelete;
pub mod update;

pub use config::{COMMAND_MAX, Config};
pub use server::{Environment, RunError, run, run_in};
