//! `cargo xtask chaos`: both servers under fire.

use std::{error::Error, fs, path::PathBuf, process::Command};

use crate::{
    cargo::{cargo, target_directory},
    mongodb,
    parts::{Outcome, Parts},
};

/// Asks for servers, and a driver of them, that are optimised.
const RELEASE: &str = "--release";

/// Builds the servers with failpoints and hands `arguments` to the program that drives them.
///
/// # Errors
/// When something cannot be built or started, or a promise did not hold.
pub fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let (profile, arguments): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(|one| one == RELEASE);
    if let Some(fire) = Fire::prepare(&mut parts, !profile.is_empty())? {
        parts.run("chaos", fire.command().args(arguments))?;
    }
    parts.report()
}

/// The servers with failpoints, the program that drives them, and a MongoDB for it to start.
pub struct Fire {
    driver: PathBuf,
    binaries: PathBuf,
    mongodb: Vec<String>,
}

impl Fire {
    /// Builds everything; none when something does not build.
    ///
    /// # Errors
    /// When there is no MongoDB to be had, or cargo cannot be run.
    pub fn prepare(parts: &mut Parts, release: bool) -> Result<Option<Self>, Box<dyn Error>> {
        let profile = if release { &[RELEASE][..] } else { &[] };
        let servers = [
            "build",
            "--package",
            "auth-service",
            "--package",
            "org-service",
            "--features",
            "auth-service/failpoints,org-service/failpoints",
        ];
        if parts.run("servers with failpoints", cargo(&servers).args(profile))? != Outcome::Passed {
            return Ok(None);
        }
        let binaries = set_aside(release)?;
        let driver = ["build", "--package", "tenantry-chaos"];
        if parts.run("their driver", cargo(&driver).args(profile))? != Outcome::Passed {
            return Ok(None);
        }
        let words = mongodb::command_line()?.into_iter();
        Ok(Some(Self {
            driver: built(release).join("chaos"),
            binaries,
            mongodb: words.map(|word| word.to_string_lossy().into_owned()).collect(),
        }))
    }

    /// The driver's command line, as far as it is always the same.
    pub fn command(&self) -> Command {
        let mut chaos = Command::new(&self.driver);
        chaos.arg("--binaries").arg(&self.binaries);
        for word in &self.mongodb {
            chaos.arg("--mongodb-command").arg(word);
        }
        chaos
    }

    /// Tells the tests of the driver what they need.
    pub fn tell<'a>(&self, tests: &'a mut Command) -> &'a mut Command {
        tests.env("TENANTRY_CHAOS_BINARIES", &self.binaries);
        // Words of a command line as Rust shows them are a JSON array.
        tests.env("TENANTRY_CHAOS_MONGODB", format!("{:?}", self.mongodb))
    }
}

/// Copies the servers to where no build without failpoints replaces them.
fn set_aside(release: bool) -> Result<PathBuf, Box<dyn Error>> {
    let aside = built(release).join("failpoints");
    fs::create_dir_all(&aside)?;
    for server in ["auth-service", "org-service"] {
        let (from, to) = (built(release).join(server), aside.join(server));
        // One that runs still cannot be written to, but removed.
        let _ = fs::remove_file(&to);
        fs::copy(from, to)?;
    }
    Ok(aside)
}

fn built(release: bool) -> PathBuf {
    target_directory().join(if release { "release" } else { "debug" })
}
