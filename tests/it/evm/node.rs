//! The node, run by `tests/evm`: it deploys, trades, and stays until it is dropped.

use super::truth::Truth;
use crate::support::{node_modules, root};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The node with its trades done; it ends when this is dropped.
pub(super) struct Node {
    pub(super) url: String,
    pub(super) head: u64,
    pub(super) factory: String,
    pub(super) truth: Truth,
    /// Fee in hundredths of a basis point and tick spacing of each pool.
    pub(super) fees: HashMap<String, (u32, i32)>,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Node {
    /// Starts the node and lets it trade; `None`, with a message, where Node.js is absent.
    pub(super) fn trade(chain_id: &str) -> Option<Self> {
        Self::start(&["--swaps=400", "--days=3", "--chain-id", chain_id])
    }

    /// Starts it with these arguments, see `tests/evm/main.mjs`.
    pub(super) fn start(arguments: &[&str]) -> Option<Self> {
        let modules = node_modules("evm")?;
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("node")
            .arg(root().join("tests/evm/main.mjs"))
            .args(arguments)
            .arg("--out")
            .arg(folder.path())
            .env("TIDEGAUGE_EVM_MODULES", modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting node");
        let orders = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let report = answer(&mut answers);
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
            orders,
            answers,
            folder,
        })
    }

    /// Has it trade about so many swaps more; says the hash of the head then.
    pub(super) fn trade_more(&mut self, swaps: u32) -> String {
        self.order(&format!("trade {swaps}"))
    }

    /// Has it replace its last blocks; says the hash of the head then.
    pub(super) fn reorganise(&mut self, depth: u64) -> String {
        self.order(&format!("reorg {depth}"))
    }

    /// All events of its canonical chain.
    pub(super) fn events(&mut self) -> Truth {
        let file = self.folder.path().join("events.jsonl");
        self.order(&format!("truth {}", file.display()));
        Truth::read(&std::fs::read_to_string(file).unwrap())
    }

    fn order(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").expect("giving an order");
        let answer = answer(&mut self.answers);
        self.head = answer["head"].as_u64().unwrap();
        answer["hash"].as_str().expect("a hash").to_owned()
    }
}

fn answer(answers: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).expect("its answer");
    serde_json::from_str(&line).expect("tests/evm answers a line; its error is above")
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
