//! Who has an account, and who asks for a login.

use std::collections::BTreeMap;

use auth_service::domain::{Cost, PasswordHash};
use fastrand::Rng;
use tenantry_common::config::StoreUrl;
use tenantry_proto::auth::v1::LoginRequest;

use super::class::{Class, Hashed};
use crate::{Failure, accounts};

/// Accounts of each kind; so many that hardly any login finds what the one before has left in a cache.
pub(super) const ACCOUNTS: usize = 1_000;

/// The e-mails that have accounts. Those that have none are drawn alike, so that they would be anywhere among them.
#[derive(Debug)]
pub(super) struct Population(BTreeMap<Hashed, Vec<String>>);

impl Population {
    /// Accounts for all that these classes try.
    pub(super) fn draw(classes: &[Class], rng: &mut Rng) -> Self {
        let mut accounts = BTreeMap::new();
        for hashed in classes.iter().filter_map(|class| class.hashed()) {
            let emails = accounts.entry(hashed).or_insert_with(Vec::new);
            if emails.is_empty() {
                emails.extend((0..ACCOUNTS).map(|_| email(rng)));
            }
        }
        Self(accounts)
    }

    /// Writes them to a new store.
    pub(super) async fn settle(&self, store: StoreUrl, cost: Cost) -> Result<(), Failure> {
        let mut all: Vec<(String, PasswordHash)> = Vec::new();
        for (hashed, emails) in &self.0 {
            let hash = hashed.hash(cost)?;
            all.extend(emails.iter().map(|email| (email.clone(), hash.clone())));
        }
        accounts::insert(store, all).await
    }

    /// A login of this class.
    pub(super) fn attempt(&self, class: Class, rng: &mut Rng) -> LoginRequest {
        let known = class.hashed().and_then(|hashed| self.0.get(&hashed));
        let email = match known.and_then(|emails| rng.choice(emails)) {
            Some(email) => email.clone(),
            None => email(rng),
        };
        let password = class.password(rng);
        LoginRequest { email, password }
    }
}

/// One of 2⁶⁴, all of the same length.
fn email(rng: &mut Rng) -> String {
    format!("{:016x}@bench.example", rng.u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_somebodys_unless_it_is_unknown() {
        let mut rng = Rng::with_seed(7);
        let classes = [Class::Unknown, Class::Wrong, Class::Bytes71, Class::Imported];
        let population = Population::draw(&classes, &mut rng);
        assert_eq!(population.0.len(), 2, "two kinds of hashes");
        let is_known = |email: &String, hashed| population.0[&hashed].contains(email);
        for _ in 0..100 {
            let [unknown, wrong, long, imported] = classes.map(|class| population.attempt(class, &mut rng));
            assert_eq!(unknown.email.len(), wrong.email.len());
            assert_eq!(unknown.password.len(), wrong.password.len());
            assert!(!is_known(&unknown.email, Hashed::AsNew) && !is_known(&unknown.email, Hashed::Elsewhere));
            assert!(is_known(&wrong.email, Hashed::AsNew) && is_known(&long.email, Hashed::AsNew));
            assert!(is_known(&imported.email, Hashed::Elsewhere));
        }
    }
}
