//! A file appears whole or not at all, and never in the place of another.

use std::io::Write;
use tidegauge_sync::{SyncError, WholeFile};

#[test]
fn a_file_appears_when_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut file = WholeFile::create(&path).unwrap();
    file.write_all(b"a,b\n").unwrap();
    assert!(!path.exists());
    file.finish().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a,b\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = WholeFile::create(&folder.path().join("rows.csv")).unwrap();
    file.write_all(b"a,b\n").unwrap();
    drop(file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, "mine").unwrap();
    assert!(matches!(
        WholeFile::create(&path),
        Err(SyncError::Exists(found)) if found == path
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = WholeFile::create(std::path::Path::new("/nonexistent/rows.csv"))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("/nonexistent/rows.csv"),
        "{error}"
    );
}
