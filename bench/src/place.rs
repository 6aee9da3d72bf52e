//! The store of the measured server, from before it to after it.

use std::{fmt, path::PathBuf, str::FromStr};

use tempfile::TempDir;
use tenantry_common::{
    config::{InvalidStoreUrl, MongoUrl, StoreUrl},
    store::mongo,
};

use crate::Failure;

const APP_NAME: &str = "tenantry-bench";

/// Where the server keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BenchStore {
    /// In a file that is thrown away.
    Embedded,
    /// In a database that is dropped.
    Mongo(MongoUrl),
}

impl BenchStore {
    /// That of one of several servers: a database whose name ends with the server's number.
    ///
    /// # Errors
    /// None, for a number is part of a name like any other.
    pub fn of_server(&self, number: usize) -> Result<Self, InvalidStoreUrl> {
        let Self::Mongo(url) = self else {
            return Ok(Self::Embedded);
        };
        let (database, options) = match url.expose().split_once('?') {
            Some((database, options)) => (database, format!("?{options}")),
            None => (url.expose(), String::new()),
        };
        format!("{database}_{number}{options}").parse()
    }
}

impl FromStr for BenchStore {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        text.parse().map(Self::Mongo)
    }
}

/// Without the password of a URL.
impl fmt::Display for BenchStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Mongo(url) => url.fmt(f),
        }
    }
}

/// A store that holds accounts and nothing else.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    store: BenchStore,
}

impl Place {
    /// A new one, with what `fill` puts into it.
    ///
    /// # Errors
    /// When the store cannot be used, or holds something already.
    pub async fn prepare(
        store: BenchStore,
        fill: impl AsyncFnOnce(StoreUrl) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        if let BenchStore::Mongo(url) = &store {
            must_be_empty(url).await?;
        }
        let place = Self {
            directory: tempfile::tempdir()?,
            store,
        };
        if let Err(error) = fill(place.url()).await {
            place.clear().await?;
            return Err(error);
        }
        Ok(place)
    }

    /// Where the server finds it.
    pub fn url(&self) -> StoreUrl {
        match &self.store {
            BenchStore::Embedded => StoreUrl::Embedded(self.directory.path().join("auth.redb")),
            BenchStore::Mongo(url) => StoreUrl::Mongo(url.clone()),
        }
    }

    /// Where the server logs to.
    pub fn log(&self) -> PathBuf {
        self.directory.path().join("auth-service.log")
    }

    /// Leaves nothing behind.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub async fn clear(self) -> Result<(), Failure> {
        if let BenchStore::Mongo(url) = &self.store {
            mongo::connect(url, APP_NAME).await?.drop().await?;
        }
        Ok(self.directory.close()?)
    }
}

/// What is dropped in the end must not be anybody's.
async fn must_be_empty(url: &MongoUrl) -> Result<(), Failure> {
    let database = mongo::connect(url, APP_NAME).await?;
    if database.list_collection_names().await?.is_empty() {
        return Ok(());
    }
    Err(format!("{url} is not empty: name a database that is not there yet").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_database_of_its_own() {
        let of = |store: &str, number| match store.parse::<BenchStore>().unwrap().of_server(number) {
            Ok(BenchStore::Mongo(url)) => url.expose().to_owned(),
            Ok(BenchStore::Embedded) => "embedded".to_owned(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(of("embedded", 1), "embedded");
        assert_eq!(of("mongodb://localhost/bench", 1), "mongodb://localhost/bench_1");
        assert_eq!(
            of("mongodb://localhost/bench?directConnection=true", 2),
            "mongodb://localhost/bench_2?directConnection=true"
        );
    }
}
