//! What runs on Node.js.

use super::root;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The npm packages of a folder of `tests`, installed when first asked for; `None`, with a message,
/// where Node.js is absent.
pub(crate) fn node_modules(folder: &str) -> Option<PathBuf> {
    for tool in ["node", "npm"] {
        if Command::new(tool).arg("--version").output().is_err() {
            eprintln!("skipped: {tool} is not installed (scripts/install-build-tools --with-node)");
            return None;
        }
    }
    let installed = Command::new(root().join("tests/node-modules"))
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("tests/node-modules");
    assert!(
        installed.status.success(),
        "tests/node-modules failed; its message is above"
    );
    Some(PathBuf::from(
        String::from_utf8(installed.stdout).unwrap().trim(),
    ))
}
