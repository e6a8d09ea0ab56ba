//! A small disk that can be filled.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// A small file system of its own, taken away when it is dropped.
pub(crate) struct Disk {
    /// Where it is mounted.
    pub(crate) folder: tempfile::TempDir,
}

impl Disk {
    /// `None`, with a message, where mounting is not allowed.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self { folder }),
            _ => {
                eprintln!("skipped: a small file system cannot be mounted here (needs root)");
                None
            }
        }
    }

    /// Takes all room that is left, but for this many bytes; until the file is removed.
    pub(crate) fn fill(&self, left: usize) -> PathBuf {
        let filling = self.folder.path().join("filling");
        let mut file = File::create(&filling).unwrap();
        while file.write_all(&[1; 1 << 12]).is_ok() {}
        let size = file.metadata().unwrap().len();
        file.set_len(size.saturating_sub(left as u64)).unwrap();
        filling
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}
