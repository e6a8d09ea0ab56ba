//! A machine in the way: no place on the disk, no right to write, somebody else's files.

use super::{begin, intact};
use crate::support::{Chain, Disk, Program, exits_with_one_error};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// User and group of nobody on Debian.
const NOBODY: &str = "65534";

#[test]
fn a_full_disk_stops_the_collection_and_loses_nothing() {
    let chain = Chain::small();
    // Room for the store and little above the margin that is always left free.
    let Some(disk) = Disk::mount("256m") else {
        return;
    };
    let store = disk.folder.path().join("store");
    begin(&store, &chain, "receipts");
    let filling = disk.folder.path().join("filling");
    std::fs::write(&filling, vec![1; 180 << 20]).unwrap();
    let to = chain.head.to_string();
    let outcome = Program::on(
        &store,
        &chain.url,
        &["backfill", "--from", "0", "--to", &to],
    )
    .run();
    exits_with_one_error(&outcome, 1, &["free", &store.display().to_string()]);
    std::fs::remove_file(filling).unwrap();
    intact(&store, &chain, "receipts", "full disk");
}

#[test]
fn a_read_only_folder_is_named() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let store = folder.path().join("store");
    let arguments = ["backfill", "--from", "0", "--to", "100"];
    let outcome = if rustix::process::geteuid().is_root() {
        // Root may write anywhere: the program runs as nobody, from where nobody can read it.
        let public = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(public.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let binary = public.path().join("tidegauge");
        std::fs::copy(env!("CARGO_BIN_EXE_tidegauge"), &binary).unwrap();
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
            .arg(binary)
            .env("HOME", "/nonexistent");
        let settings = [
            format!("--set=storage.path={}", store.display()),
            format!("--set=chain.rpc_urls={}", chain.url),
        ];
        Program::through(
            setpriv,
            settings.into_iter().chain(arguments.map(str::to_owned)),
        )
        .run()
    } else {
        Program::on(&store, &chain.url, &arguments).run()
    };
    exits_with_one_error(&outcome, 1, &[&store.display().to_string(), "permission"]);
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "not a store").unwrap();
    let outcome = Program::on(
        folder.path(),
        &chain.url,
        &["backfill", "--from", "0", "--to", "100"],
    )
    .run();
    exits_with_one_error(&outcome, 1, &[&folder.path().display().to_string()]);
    assert_eq!(std::fs::read_to_string(letter).unwrap(), "not a store");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_store_is_an_error_and_not_an_empty_one() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    begin(folder.path(), &chain, "receipts");
    let current = find(folder.path(), "CURRENT").expect("the store's list of files");
    std::fs::write(&current, "MANIFEST-999999\n").unwrap();
    for command in [
        &["status"][..],
        &["doctor", "--store"],
        &["backfill", "--from", "0", "--to", "300"],
    ] {
        exits_with_one_error(
            &Program::on(folder.path(), &chain.url, command).run(),
            1,
            &[&folder.path().display().to_string()],
        );
    }
}

#[test]
fn a_store_in_use_is_named_and_can_be_read() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    begin(folder.path(), &chain, "receipts");
    let lock = find(folder.path(), "LOCK").expect("the store's lock");
    // What another process would hold.
    let held = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(lock)
        .unwrap();
    rustix::fs::fcntl_lock(&held, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let outcome = Program::on(
        folder.path(),
        &chain.url,
        &["backfill", "--from", "0", "--to", "300"],
    )
    .run();
    exits_with_one_error(&outcome, 1, &[&folder.path().display().to_string()]);
    Program::on(folder.path(), &chain.url, &["status"]).succeed();
}

#[test]
fn a_reader_that_goes_ends_a_command_without_a_word() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegauge"))
        .args(["config", "print"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(141));
}

/// The first file of that name below a folder.
fn find(below: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|n| n == name) {
                return Some(path);
            }
        }
    }
    None
}
