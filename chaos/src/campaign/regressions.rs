//! Episodes that found something, kept to be played again.

use super::fault::Backend;

/// An episode that found a bug which is mended.
pub struct Regression {
    /// What was wrong.
    pub name: &'static str,
    /// On which stores.
    pub backend: Backend,
    /// The episode's seed.
    pub seed: u64,
}

/// All of them; `docs/faults.md` tells of the causes.
pub const REGRESSIONS: &[Regression] = &[
    Regression {
        name: "an operation was taken up again only seconds after auth-service was back",
        backend: Backend::Embedded,
        seed: 8,
    },
    Regression {
        name: "a list brought a dropped collection back without its stamp",
        backend: Backend::MongoDb,
        seed: 11_000_033,
    },
    Regression {
        name: "a list brought a dropped collection back without its stamp, over a slow link",
        backend: Backend::MongoDb,
        seed: 11_000_034,
    },
    Regression {
        name: "a login failed whose session was there already, the first answer lost",
        backend: Backend::MongoDb,
        seed: 20_261_182_783_391,
    },
];

/// Those on this store.
pub fn on(backend: Backend) -> impl Iterator<Item = &'static Regression> {
    REGRESSIONS.iter().filter(move |one| one.backend == backend)
}
