//! The promises, held on stable Rust: for every seed, for changed seeds, and for any bytes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod bytes;
mod layout;
mod seeds;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The directory that cargo-fuzz takes for its own.
fn fuzz() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The names in a directory, in order.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The seeds of a promise: each with its name and its bytes.
fn seeds(promise: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = fuzz().join("corpus").join(promise);
    names(&directory)
        .into_iter()
        .map(|name| directory.join(name))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}
