//! Values kept once: a world has many records and observations in common with its neighbours, so that it holds
//! them by number, which makes it small to copy, quick to compare and quick to hash.

use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    rc::Rc,
};

use org_service::{
    domain::{CollectionName, Organization},
    lifecycle::Observed,
};

/// A record that can be hashed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Record(pub(crate) Organization);

impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Not all fields: equality looks at the rest.
        (
            self.0.id,
            self.0.state,
            &self.0.home,
            self.0.stamp,
            self.0.epoch,
            self.0.fence,
        )
            .hash(state);
        self.0
            .operation
            .as_ref()
            .map(|operation| operation.id)
            .hash(state);
        self.0.handles.len().hash(state);
    }
}

impl Deref for Record {
    type Target = Organization;

    fn deref(&self) -> &Organization {
        &self.0
    }
}

/// A value and its number; equal values have equal numbers within a thread.
pub(crate) struct Shared<T> {
    number: u32,
    value: Rc<T>,
}

type Numbers<T> = RefCell<HashMap<Rc<T>, u32>>;

thread_local! {
    static RECORDS: Numbers<Record> = RefCell::default();
    static OBSERVATIONS: Numbers<Observed> = RefCell::default();
    static NAMES: Numbers<CollectionName> = RefCell::default();
}

fn numbered<T: Hash + Eq>(numbers: &Numbers<T>, value: T) -> Shared<T> {
    let mut numbers = numbers.borrow_mut();
    if let Some((known, number)) = numbers.get_key_value(&value) {
        return Shared {
            number: *number,
            value: Rc::clone(known),
        };
    }
    let number = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let value = Rc::new(value);
    numbers.insert(Rc::clone(&value), number);
    Shared { number, value }
}

impl From<Organization> for Shared<Record> {
    fn from(organization: Organization) -> Self {
        RECORDS.with(|numbers| numbered(numbers, Record(organization)))
    }
}

impl From<Observed> for Shared<Observed> {
    fn from(observed: Observed) -> Self {
        OBSERVATIONS.with(|numbers| numbered(numbers, observed))
    }
}

impl From<CollectionName> for Shared<CollectionName> {
    fn from(name: CollectionName) -> Self {
        NAMES.with(|numbers| numbered(numbers, name))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self {
            number: self.number,
            value: Rc::clone(&self.value),
        }
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Shared<T> {}

impl<T> PartialOrd for Shared<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Shared<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.number);
    }
}

impl fmt::Debug for Shared<CollectionName> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The zeros of an id say nothing.
        let words = self.as_str().split('_').map(|word| word.trim_start_matches('0'));
        f.write_str(&words.collect::<Vec<_>>().join("_"))
    }
}
