//! The page in a real browser.

use super::Served;
use crate::support::{node_modules, root};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn people_find_their_way() {
    if !Path::new("/usr/bin/chromium").exists() && std::env::var_os("CHROMIUM").is_none() {
        println!("skipped: chromium is not there (scripts/install-build-tools --with-browser)");
        return;
    }
    let Some(modules) = node_modules("browser") else {
        return;
    };
    let served = Served::with(&[]);
    let folder = tempfile::tempdir().unwrap();
    let shots = std::env::var_os("TIDEGAUGE_SCREENSHOTS");
    let shots = shots.map_or_else(|| folder.path().to_owned(), Into::into);
    let visit = Command::new("node")
        .arg(root().join("tests/browser/visit.mjs"))
        .arg(format!("http://{}/", served.daemon.address()))
        .arg(&shots)
        .env("TIDEGAUGE_BROWSER_MODULES", modules)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&visit.stderr);
    assert!(visit.status.success(), "{said}");
    let seen: Value = serde_json::from_slice(&visit.stdout).unwrap();
    assert!(seen["options"].as_u64().unwrap() >= 1, "{seen:#}");
    assert!(
        seen["said"].as_str().unwrap().contains("no swap of pool"),
        "{seen:#}"
    );
    served.daemon.stop();
}
