//! What a test build has in the code and every other build has not: nothing of it is left without the feature
//! `failpoints`.

/// A named point between two steps, for a server to die or stand still at; see `failpoints`.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! failpoint {
    ($point:expr) => {
        // Nothing fails between two steps.
        let _ = $crate::failpoints::pass($point);
    };
}

/// A named point between two steps: nothing, without the feature `failpoints`.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($point:expr) => {};
}

/// Whether the process was told to have this bug; see `seeded_bug`.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! seeded_bug {
    ($bug:ident) => {
        $crate::seeded_bug::has($crate::seeded_bug::SeededBug::$bug)
    };
}

/// Whether the process was told to have this bug: no, without the feature `failpoints`.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! seeded_bug {
    ($bug:ident) => {
        false
    };
}
