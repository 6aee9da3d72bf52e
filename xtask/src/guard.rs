//! A server that outlives nobody: it ends, and its directory goes, when whoever started it does, however that ends.

use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// The log's file in the server's directory.
pub const LOG: &str = "log";
/// How the log's last line begins once the server has ended by itself.
pub const ENDED: &str = "the server ended: ";

/// Runs the server until standard input ends; then kills it and removes `directory`.
///
/// # Errors
/// The operating system's.
pub fn run(directory: &Path, command: &[String]) -> Result<(), Box<dyn Error>> {
    let guarded = fs::create_dir_all(directory).and_then(|()| guard(&directory.join(LOG), command));
    let removed = fs::remove_dir_all(directory);
    Ok(guarded.and(removed)?)
}

fn guard(log: &Path, command: &[String]) -> io::Result<()> {
    let released = released();
    let mut log = OpenOptions::new().create(true).append(true).open(log)?;
    match start(&log, command) {
        Ok(mut server) => {
            watch(&mut server, &mut log, &released)?;
            // Its data goes with it: there is nothing to write back. Fails when it has ended.
            let _ = server.kill();
            server.wait().map(drop)
        }
        Err(error) => {
            writeln!(log, "{ENDED}{}: {error}", command.join(" "))?;
            let _ = released.recv();
            Ok(())
        }
    }
}

/// Hears once standard input has ended.
fn released() -> Receiver<()> {
    let (release, released) = mpsc::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = release.send(());
    });
    released
}

fn start(log: &File, command: &[String]) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut server = Command::new(program);
    // A pipe: a server that minds its standard input ends with the guard, even with a killed one.
    server
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    server.spawn()
}

/// Returns when released; says in the log when the server ends before.
fn watch(server: &mut Child, log: &mut File, released: &Receiver<()>) -> io::Result<()> {
    const INTERVAL: Duration = Duration::from_millis(50);
    while matches!(released.recv_timeout(INTERVAL), Err(RecvTimeoutError::Timeout)) {
        if let Some(status) = server.try_wait()? {
            writeln!(log, "{ENDED}{status}")?;
            let _ = released.recv();
            return Ok(());
        }
    }
    Ok(())
}
