//! The page in a real browser.

use super::Served;
use super::webhook::{KEYS, tell};
use crate::support::{node_modules, root};
use serde_json::{Value, json};
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
    let setting = format!("--set=api.webhook.secrets={KEYS}");
    // No disk has so much room: there is something to be told.
    let full = [
        "--set=alerts.rules.disk_low.fire_after_s=0",
        "--set=alerts.rules.disk_low.least_free_mib=4000000000",
    ];
    let served = Served::with(&[&setting, full[0], full[1]]);
    let body = json!({"summary": "<b>the disk</b> of db-1"}).to_string();
    tell(&served.client, body.as_bytes());
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
    let told = seen["told"].as_str().unwrap();
    assert!(
        told.contains("disk_low") && told.contains("firing"),
        "{told}"
    );
    // As it came: nobody else's text is read as HTML.
    let heard = seen["heard"].as_str().unwrap();
    assert!(heard.contains("<b>the disk</b> of db-1"), "{heard}");
    served.daemon.stop();
}
