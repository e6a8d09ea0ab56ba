//! The node, run by `tests/evm`: it deploys, trades, and stays until it is dropped.

use super::truth::Truth;
use crate::support::root;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

/// The node with its trades done; it ends when this is dropped.
pub(super) struct Node {
    pub(super) url: String,
    pub(super) head: u64,
    pub(super) factory: String,
    pub(super) truth: Truth,
    /// Fee in hundredths of a basis point and tick spacing of each pool.
    pub(super) fees: HashMap<String, (u32, i32)>,
    child: Child,
    _keeps_it_alive: ChildStdin,
    _folder: tempfile::TempDir,
}

impl Node {
    /// Starts the node and lets it trade; `None`, with a message, where Node.js is absent.
    pub(super) fn trade(chain_id: &str) -> Option<Self> {
        let modules = modules()?;
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("node")
            .arg(root().join("tests/evm/main.mjs"))
            .args([
                "--swaps",
                "400",
                "--days",
                "3",
                "--seed",
                "1",
                "--chain-id",
                chain_id,
                "--out",
            ])
            .arg(folder.path())
            .env("TIDEGAUGE_EVM_MODULES", modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting node");
        let keeps_it_alive = child.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .expect("its report");
        let report: Value =
            serde_json::from_str(&line).expect("tests/evm says where all is; its error is above");
        let text = |name: &str| report[name].as_str().expect("a text").to_owned();
        Some(Self {
            url: text("url"),
            head: report["head"].as_u64().unwrap(),
            factory: text("factory"),
            fees: report["pools"]
                .as_array()
                .expect("pools")
                .iter()
                .map(fee)
                .collect(),
            truth: Truth::read(&std::fs::read_to_string(text("truth")).unwrap()),
            child,
            _keeps_it_alive: keeps_it_alive,
            _folder: folder,
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // SIGTERM, so that it takes the EVM node with it.
        if let Ok(id) = i32::try_from(self.child.id())
            && let Some(id) = rustix::process::Pid::from_raw(id)
        {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// The npm packages, installed when first asked for.
fn modules() -> Option<PathBuf> {
    for tool in ["node", "npm"] {
        if Command::new(tool).arg("--version").output().is_err() {
            eprintln!("skipped: {tool} is not installed (scripts/install-build-tools --with-node)");
            return None;
        }
    }
    let installed = Command::new(root().join("tests/evm/install"))
        .stderr(Stdio::inherit())
        .output()
        .expect("tests/evm/install");
    assert!(
        installed.status.success(),
        "tests/evm/install failed; its message is above"
    );
    Some(PathBuf::from(
        String::from_utf8(installed.stdout).unwrap().trim(),
    ))
}

fn fee(pool: &Value) -> (String, (u32, i32)) {
    let number = |name: &str| {
        pool[name]
            .as_i64()
            .and_then(|n| i32::try_from(n).ok())
            .expect("a number")
    };
    (
        pool["address"].as_str().expect("an address").to_owned(),
        (number("fee").unsigned_abs(), number("spacing")),
    )
}
