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
    /// An operation that was taken over, or had a doubtful reply, leaves nothing behind that says so.
    NoRecheck,
    /// The waiting for late commands ends without a look.
    NeverSweeps,
    /// A look shows what stands at the home alone.
    LooksAtHomeOnly,
    /// What stands in the way is dropped.
    QuarantineDrops,
    /// A handle is free as soon as it is given up.
    HandlesDoNotRest,
    /// A handle is let go of while late commands are reckoned with.
    ReleaseIgnoresRecheck,
    /// A handle is let go of during an operation.
    ReleaseIgnoresOperation,
    /// Whether a handle has rested is judged when it is let go of, not when somebody looked.
    ReleaseByTheClock,
    /// A suspension does not shut the gate.
    SuspendLeavesTokens,
    /// The gate opens before the data is back.
    GateOpensFirst,
    /// A deleted organization comes back as if it never had been suspended.
    SuspensionForgotten,
}

impl Broken {
    pub(crate) const ALL: [Self; 25] = [
        Self::AdoptsUnstamped,
        Self::DropsByName,
        Self::FenceIgnored,
        Self::CollectionBeforeDecision,
        Self::CancelBeforeDecision,
        Self::NoTombstone,
        Self::GateIgnoresEpoch,
        Self::CommitsEarly,
        Self::OneAttempt,
        Self::RenameOverwrites,
        Self::NoHandleIndex,
        Self::AssumesSuccess,
        Self::DataBeforeTokens,
        Self::RequestIdForgotten,
        Self::NoRecheck,
        Self::NeverSweeps,
        Self::LooksAtHomeOnly,
        Self::QuarantineDrops,
        Self::HandlesDoNotRest,
        Self::ReleaseIgnoresRecheck,
        Self::ReleaseIgnoresOperation,
        Self::ReleaseByTheClock,
        Self::SuspendLeavesTokens,
        Self::GateOpensFirst,
        Self::SuspensionForgotten,
    ];
}
