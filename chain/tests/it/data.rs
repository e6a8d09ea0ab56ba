//! Recorded data, outside the project; tests that use it skip, saying so, where it is absent.

use flate2::read::GzDecoder;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// The folder `data` of the shared folder, or `None` with a message.
pub(crate) fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("TIDEGAUGE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("data");
    if !folder.is_dir() {
        eprintln!(
            "SKIPPED: recorded data is absent ({}); set TIDEGAUGE_SHARED",
            folder.display()
        );
        return None;
    }
    Some(folder)
}

/// A file as text, unpacked if its name ends in `.gz`.
pub(crate) fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|end| end == "gz") {
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        return text;
    }
    String::from_utf8(bytes).unwrap()
}

/// The files of a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
