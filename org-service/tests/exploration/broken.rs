//! Rules that can be broken on purpose: a checker that cannot fail proves nothing.

/// One rule that the world or the driver does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// What stands at the home without a stamp is taken for the organization's own.
    AdoptsUnstamped,
    /// Data is dropped under the name at which it stands.
    DropsByName,
    /// Writes do not look at the fence.
    FenceIgnored,
    /// The collection is created before the decision for the create is recorded.
    CollectionBeforeDecision,
    /// The admin is cancelled before the decision against the create is recorded.
    CancelBeforeDecision,
    /// Cancelling an absent admin leaves no mark.
    NoTombstone,
    /// The gate takes calls in any order.
    GateIgnoresEpoch,
    /// The create is committed without its collection.
    CommitsEarly,
    /// All `create` commands of an organization bear one stamp.
    OneAttempt,
    /// A rename replaces what stands at its target.
    RenameOverwrites,
    /// Handles have no unique index.
    NoHandleIndex,
    /// A command without a reply is taken to have happened.
    AssumesSuccess,
    /// The data is moved before the tokens die.
    DataBeforeTokens,
    /// The request id is not looked up.
    RequestIdForgotten,
}
