//! Recorded data that lies beside the repository, not in it.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file of `data/`; where it is absent the test says so and skips.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let base = std::env::var_os("TIDEGAUGE_SHARED").map_or(root, PathBuf::from);
    let found = base.join("data").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!(
        "skipped: {} is absent (TIDEGAUGE_SHARED names its base folder)",
        found.display()
    );
    None
}

/// The text of a gzipped file.
pub(crate) fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text
}
