//! What `deploy/` holds is fit for use: as far as it can be told without the machines it is for.

use crate::numbers::Collected;
use crate::support::{Program, root};
use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

fn text(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Metrics of the program, as its sources name them.
fn metrics() -> BTreeSet<String> {
    names(&text("src/metrics/names.rs"))
}

/// All words that begin with the program's name and an underscore.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    text.split(|c: char| !is_part(c))
        .filter(|word| word.starts_with("tidegauge_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard = text("deploy/grafana/tidegauge.json");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("JSON");
    let asked = names(&dashboard);
    assert!(asked.len() > 15, "{asked:?}");
    let unknown: Vec<_> = asked.difference(&metrics()).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn services_are_confined() {
    for unit in ["tidegauge.service", "tidegauge-failed.service"] {
        let path = root().join("deploy/systemd").join(unit);
        let asked = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=25"])
            .arg(&path)
            .output();
        let Ok(said) = asked else {
            eprintln!("skipped: systemd-analyze is not installed (apt-get install systemd)");
            return;
        };
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let level = said.lines().last().unwrap_or_default();
        let level = level.split_once(": ").map_or("", |(_, level)| level);
        let exposure: f64 = level
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{unit}: {said}"));
        assert!(exposure <= 2.5, "{unit}: {exposure}");
        let verified = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&path)
            .output()
            .expect("systemd-analyze");
        let complaints = String::from_utf8_lossy(&verified.stderr).into_owned();
        // What they start is not installed here.
        let complaints: Vec<&str> = complaints
            .lines()
            .filter(|line| line.contains("tidegauge") && !line.contains("is not executable"))
            .collect();
        assert!(complaints.is_empty(), "{unit}: {complaints:?}");
    }
}

#[test]
fn the_service_manager_hears_of_us() {
    let collected = Collected::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let arguments = ["--set=api.listen=127.0.0.1:0", "run", "--offline"];
    let program = Program::on(&collected.store(), "http://127.0.0.1:9", &arguments)
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "600000");
    let mut child = program.spawn();
    let mut heard = Vec::new();
    let mut buffer = [0; 1_024];
    let mut hear = || {
        let length = manager.recv(&mut buffer).expect("a word");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    while heard.iter().filter(|word| *word == "WATCHDOG=1").count() < 3 {
        heard.push(hear());
    }
    assert!(
        heard[0].starts_with("READY=1\nSTATUS=serving at http://"),
        "{heard:?}"
    );
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    while hear() != "STOPPING=1" {}
    assert!(child.wait().unwrap().success());
}
