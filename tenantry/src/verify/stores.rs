//! Stores of stopped servers, and whether they can be opened without harm.

use std::{fs, io, path::Path};

use tenantry_common::{
    config::StoreUrl,
    store::embedded::{EmbeddedDatabase, OpenError},
};

use crate::{errors::CommandError, server::Server};

/// Enough to find out whether a file is in use or damaged.
const CACHE_BYTES: usize = 1 << 20;

/// A table that each server's store has from its first start: what holds the other one's is a store mixed up.
const AUTH_TABLE: &str = "admins";
const ORG_TABLE: &str = "organizations";

/// Both servers' stores.
#[derive(Debug)]
pub struct Stores {
    /// auth-service's.
    pub auth: StoreUrl,
    /// org-service's.
    pub org: StoreUrl,
}

impl Stores {
    /// Those of these URLs; auth-service's embedded file is taken to be beside org-service's.
    ///
    /// # Errors
    /// [`CommandError::Usage`] when a URL is none, or auth-service's cannot be told. A URL can hold a password, so that
    /// it is not shown.
    pub fn named(org: &str, auth: Option<&str>) -> Result<Self, CommandError> {
        let org = store("--store", org)?;
        let auth = match (auth, &org) {
            (Some(auth), _) => store("--auth-store", auth)?,
            (None, StoreUrl::Embedded(path)) => StoreUrl::Embedded(path.with_file_name("auth.redb")),
            (None, StoreUrl::Mongo(_)) => {
                let text = "--auth-store is needed: auth-service's store is another database";
                return Err(CommandError::Usage(text.to_owned()));
            }
        };
        if auth == org {
            let text = "--store and --auth-store name one store; the servers have one each";
            return Err(CommandError::Usage(text.to_owned()));
        }
        Ok(Self { auth, org })
    }

    /// Makes sure that opening them makes nothing new and disturbs nobody.
    ///
    /// # Errors
    /// [`CommandError::Store`] when a file is missing, in use or damaged.
    pub async fn check(&self) -> Result<(), CommandError> {
        for (url, server, table) in [
            (&self.org, Server::ORG, ORG_TABLE),
            (&self.auth, Server::AUTH, AUTH_TABLE),
        ] {
            if let StoreUrl::Embedded(path) = url {
                check_file(path, server, table).await?;
            }
        }
        Ok(())
    }
}

fn store(flag: &str, text: &str) -> Result<StoreUrl, CommandError> {
    text.parse()
        .map_err(|error| CommandError::Usage(format!("{flag}: {error}")))
}

/// A missing file would be made, an empty or another server's one be filled, by who opens it as a store: then all
/// would seem sound.
async fn check_file(path: &Path, server: Server, table: &str) -> Result<(), CommandError> {
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let hint = "name both stores with --store and --auth-store";
            return Err(unusable(format!("there is no file {shown}"), hint));
        }
        Err(error) => return Err(unusable(format!("cannot open {shown}: {error}"), "")),
        Ok(file) if !file.is_file() => return Err(unusable(format!("{shown} is no file"), "")),
        Ok(file) if file.len() == 0 => return Err(unusable(format!("{shown} is empty: it is no store"), "")),
        Ok(_) => {}
    }
    let opened = EmbeddedDatabase::open(path, CACHE_BYTES).map_err(cannot_open)?;
    match opened.has_table(table).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let hint = "name org-service's with --store and auth-service's with --auth-store";
            Err(unusable(format!("{shown} is no store of {}", server.name), hint))
        }
        Err(error) => Err(unusable(format!("cannot read {shown}: {error}"), "")),
    }
}

fn cannot_open(error: OpenError) -> CommandError {
    let hint = match error {
        OpenError::InUse(_) => "stop the server that has it, or leave out --store to ask that server",
        OpenError::Corrupt { .. } => "restore it from a backup",
        OpenError::Io { .. } => "",
    };
    unusable(error.to_string(), hint)
}

fn unusable(message: String, hint: &str) -> CommandError {
    CommandError::Store {
        message,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU16, sync::Arc};

    use tenantry_common::{clock::SystemClock, id::SystemIds};

    use super::*;

    fn refused(org: &str, auth: Option<&str>) -> String {
        let Err(CommandError::Usage(text)) = Stores::named(org, auth) else {
            panic!("{org} {auth:?} was taken")
        };
        text
    }

    #[test]
    fn an_embedded_store_has_its_partner_beside_it() {
        for (org, auth) in [
            ("embedded:data/org.redb", "embedded:data/auth.redb"),
            ("embedded:org.redb", "embedded:auth.redb"),
        ] {
            assert_eq!(Stores::named(org, None).unwrap().auth.to_string(), auth);
        }
        let named = Stores::named("embedded:a", Some("mongodb://h/db")).unwrap();
        assert_eq!(named.auth.to_string(), "mongodb://h:27017/db");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_a_word_of_the_url() {
        assert!(refused("mongodb://h/org", None).contains("--auth-store"));
        assert!(refused("embedded:auth.redb", None).contains("one store"));
        let text = refused("embedded:org.redb", Some("mongodb://u:hush@h"));
        assert!(
            text.starts_with("--auth-store: ") && !text.contains("hush"),
            "{text}"
        );
    }

    /// What is said of a file that should be org-service's.
    async fn told(path: &Path) -> String {
        let error = check_file(path, Server::ORG, ORG_TABLE).await.unwrap_err();
        error.to_string()
    }

    #[tokio::test]
    async fn a_file_that_is_no_store_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.redb");
        assert!(told(&path).await.contains("there is no file"));
        assert!(!path.exists());
        fs::write(&path, b"").unwrap();
        assert!(told(&path).await.contains("org.redb is empty"));
        fs::write(&path, b"something else").unwrap();
        assert!(told(&path).await.contains("damaged or not a database"));
        assert_eq!(fs::read(&path).unwrap(), b"something else");
    }

    #[tokio::test]
    async fn a_file_in_use_and_a_store_of_another_server_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.redb");
        let open = EmbeddedDatabase::open(&path, CACHE_BYTES).unwrap();
        let text = told(&path).await;
        assert!(
            text.contains("in use") && text.contains("leave out --store"),
            "{text}"
        );
        drop(open);
        assert!(told(&path).await.contains("is no store of org-service"));
    }

    #[tokio::test]
    async fn the_servers_own_stores_are_taken_from_their_first_start() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("embedded:{}", directory.path().join(name).display());
        let stores = Stores::named(&at("org.redb"), None).unwrap();
        let clock = Arc::new(SystemClock);
        let org = org_service::store::open(&stores.org, 1, clock, &SystemIds).await;
        let auth = auth_service::store::open(stores.auth.clone(), NonZeroU16::MIN).await;
        drop((org.unwrap(), auth.unwrap()));
        stores.check().await.unwrap();
        let swapped = Stores::named(&at("auth.redb"), Some(&at("org.redb"))).unwrap();
        let error = swapped.check().await.unwrap_err().to_string();
        assert!(error.contains("auth.redb is no store of org-service"), "{error}");
    }
}
