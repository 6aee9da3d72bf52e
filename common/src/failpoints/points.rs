//! Which points there are: what is passed is known, so that a list of points is the truth.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{PoisonError, RwLock},
};

use super::{Injected, pass};

/// A server's points: two around every call of a port, one at every step of a place.
#[macro_export]
macro_rules! points {
    (
        around { $($port:literal: $($call:ident)+;)* }
        at { $($place:literal: $($step:ident)+;)* }
    ) => {
        &[
            $($(
                concat!($port, ".", stringify!($call), ".before"),
                concat!($port, ".", stringify!($call), ".after"),
            )+)*
            $($(concat!($place, ".", stringify!($step)),)+)*
        ]
    };
}

static KNOWN: RwLock<BTreeSet<&str>> = RwLock::new(BTreeSet::new());

/// From now on a point that begins as one of these do, up to the first dot, has to be one of these.
pub fn know(points: &[&'static str]) {
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(points);
}

/// Whether a point may be passed: everything may where nobody said what there is.
pub(super) fn may_be_passed(point: &str) -> bool {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let beginning = |point: &str| point.split('.').next().map(str::to_owned);
    known.contains(point) || known.iter().all(|known| beginning(known) != beginning(point))
}

/// Takes a step between the points before and after it. Failing before it is not to do it; failing after it is to
/// lose its answer. A step that fails by itself does not come to the point after it.
///
/// # Errors
/// The step's own, and [`Injected`].
pub async fn around<T, E: From<Injected>>(
    step: &str,
    taken: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    pass(&format!("{step}.before"))?;
    let answer = taken.await?;
    pass(&format!("{step}.after"))?;
    Ok(answer)
}

/// Whether no point is there twice and every one reads `server.place.step`, with `before` or `after` behind a call.
pub fn are_well_formed(points: &[&str]) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let is_point =
        |point: &&str| (3..=4).contains(&point.split('.').count()) && point.split('.').all(is_word);
    let once: BTreeSet<_> = points.iter().collect();
    once.len() == points.len() && points.iter().all(is_point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{failpoints::Order, store::error::StoreError};

    #[test]
    fn a_point_that_nobody_knows_of_is_not_passed() {
        know(points! { around { "known.store": write; } at { "known.create": look move; } });
        for known in [
            "known.store.write.before",
            "known.store.write.after",
            "known.create.move",
        ] {
            assert!(may_be_passed(known), "{known}");
        }
        assert!(!may_be_passed("known.create.drop"));
        let order: Order = "kill known.create.drop".parse().unwrap();
        assert_eq!(
            order.give(),
            Err("there is no point known.create.drop".to_owned())
        );
        assert!(may_be_passed("elsewhere.create.drop"));
    }

    #[test]
    fn points_are_well_formed() {
        assert!(are_well_formed(&["org.create.look", "org.store.insert.before"]));
        for bad in [
            &["org.create.look", "org.create.look"][..],
            &["org.create"],
            &["org.create."],
            &["Org.create.look"],
            &["org.store.insert.before.it"],
        ] {
            assert!(!are_well_formed(bad), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_step_that_fails_before_it_is_not_taken_and_one_that_fails_after_it_is() {
        let mut taken = 0;
        for order in ["fail around.test.step.before", "fail around.test.step.after"] {
            order.parse::<Order>().unwrap().give().unwrap();
            let answer = around("around.test.step", async {
                taken += 1;
                Ok::<_, StoreError>(())
            });
            assert!(matches!(answer.await, Err(StoreError::Unavailable(_))), "{order}");
        }
        assert_eq!(taken, 1);
        let untouched = around("around.test.step", async { Ok::<_, StoreError>(7) });
        assert_eq!(untouched.await.unwrap(), 7);
    }
}
