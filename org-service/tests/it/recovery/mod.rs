//! Every interruption ends in a sound state by itself: the state is planted as a crash would leave it, the reconciler
//! looks, and the outcome is checked. Lease ends are planted in the past; nothing sleeps.

mod bring_home;
mod creates;
mod operations;
mod races;
mod replicas;
mod scene;
mod starting;
mod waiting;
