//! Endpoints that refuse, break off, talk nonsense or lie.

use super::{begin, complete, intact, status};
use crate::support::{Chain, Program, Reply, Tamper, exits_with_one_error, shared};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::thread;

type Rule = fn(&str, &Value, &mut Value) -> Reply;

/// One way of being bad: which method of fetching meets it, what happens, what the error has to say
/// (nothing, where the collector finds another way to the truth).
struct Case {
    name: &'static str,
    method: &'static str,
    settings: &'static [&'static str],
    rule: Rule,
    words: &'static [&'static str],
}

/// The range asked for, beyond what the store holds.
const TO: &str = "600";
/// A lie concerns blocks from here on, so that the beginning goes well.
const LIES_FROM: u64 = 300;

const CASES: &[Case] = &[
    Case {
        name: "401",
        method: "receipts",
        settings: &[],
        rule: |_, _, _| Reply::Status(401, "{}"),
        words: &["401", "key"],
    },
    Case {
        name: "403",
        method: "logs",
        settings: &[],
        rule: |_, _, _| Reply::Status(403, "Forbidden"),
        words: &["403", "key"],
    },
    Case {
        name: "429",
        method: "receipts",
        settings: &[],
        rule: |_, _, _| Reply::Status(429, "slow down"),
        words: &["429", "compute_units_per_second"],
    },
    Case {
        name: "503",
        method: "logs",
        settings: &[],
        rule: |_, _, _| Reply::Status(503, "<html>unavailable</html>"),
        words: &["503", "another endpoint"],
    },
    Case {
        name: "HTML",
        method: "logs",
        settings: &[],
        rule: |_, _, _| Reply::Body(b"<!doctype html><title>Welcome</title>".to_vec()),
        words: &["JSON"],
    },
    Case {
        name: "truncated JSON",
        method: "receipts",
        settings: &[],
        rule: |method, _, _| {
            if fetches(method) {
                Reply::Truncated
            } else {
                Reply::Answer
            }
        },
        words: &["http://127.0.0.1"],
    },
    Case {
        name: "oversized body",
        method: "receipts",
        settings: &["--set=chain.max_body_mib=1"],
        rule: |method, _, _| {
            if fetches(method) {
                Reply::Body(vec![b' '; 3 << 20])
            } else {
                Reply::Answer
            }
        },
        words: &["1048576 bytes", "with its receipts"],
    },
    Case {
        name: "logs outside the range",
        method: "logs",
        settings: &[],
        rule: |m, p, a| on_logs(m, p, a, |logs| logs[0]["blockNumber"] = json!("0x7fffffff")),
        words: &["outside blocks"],
    },
    Case {
        name: "logs outside the filter",
        method: "logs",
        settings: &[],
        rule: |m, p, a| {
            on_logs(m, p, a, |logs| {
                logs[0]["topics"][0] = json!(format!("0x{}", "ab".repeat(32)))
            })
        },
        words: &["topic"],
    },
    Case {
        name: "duplicate logs",
        method: "logs",
        settings: &[],
        rule: |m, p, a| on_logs(m, p, a, |logs| logs.insert(0, logs[0].clone())),
        words: &["log"],
    },
    Case {
        name: "undecodable data",
        method: "logs",
        settings: &[],
        rule: |m, p, a| on_logs(m, p, a, |logs| logs[0]["data"] = json!("0x1234")),
        words: &["log"],
    },
    Case {
        name: "logs kept back",
        method: "logs",
        settings: &[],
        rule: |m, p, a| on_logs(m, p, a, |logs| logs.clear()),
        words: &[],
    },
    Case {
        name: "null blocks",
        method: "logs",
        settings: &[],
        rule: |method, params, answer| {
            if method == "eth_getBlockByNumber"
                && number(&params[0]).is_some_and(|n| n >= LIES_FROM)
            {
                answer["result"] = Value::Null;
            }
            Reply::Answer
        },
        words: &["block"],
    },
    Case {
        name: "null receipts",
        method: "receipts",
        settings: &[],
        rule: |method, params, answer| {
            if method == "eth_getBlockReceipts" && late(&params[0]) {
                answer["result"] = Value::Null;
            }
            Reply::Answer
        },
        words: &["receipts"],
    },
    Case {
        name: "receipts without their logs",
        method: "receipts",
        settings: &[],
        rule: |method, params, answer| {
            if method == "eth_getBlockReceipts" && late(&params[0]) {
                for receipt in answer["result"].as_array_mut().into_iter().flatten() {
                    receipt["logs"] = json!([]);
                }
            }
            Reply::Answer
        },
        words: &["receipts root"],
    },
];

#[test]
fn a_bad_endpoint_gives_one_clear_error_and_harms_nothing() {
    let chain = Chain::small();
    // Each waits for retries most of the time: all at once.
    thread::scope(|scope| {
        for case in CASES {
            let chain = &chain;
            thread::Builder::new()
                .name(case.name.to_owned())
                .spawn_scoped(scope, move || {
                    let folder = tempfile::tempdir().unwrap();
                    begin(folder.path(), chain, case.method);
                    let bad = Tamper::before(&chain.url, case.rule);
                    let arguments: Vec<&str> = case
                        .settings
                        .iter()
                        .copied()
                        .chain([
                            "backfill",
                            "--from",
                            "0",
                            "--to",
                            TO,
                            "--method",
                            case.method,
                        ])
                        .collect();
                    let outcome = Program::on(folder.path(), &bad.url, &arguments).run();
                    if case.words.is_empty() {
                        assert!(
                            outcome.status.success(),
                            "{}: {}",
                            case.name,
                            outcome.stderr
                        );
                    } else {
                        exits_with_one_error(&outcome, 1, case.words);
                        let named = [bad.url.as_str(), "chain.rpc_urls"];
                        assert!(
                            named.iter().any(|name| outcome.stderr.contains(name)),
                            "which endpoint?\n{}",
                            outcome.stderr
                        );
                    }
                    intact(folder.path(), chain, case.method, case.name);
                })
                .unwrap();
        }
    });
}

#[test]
fn nobody_there_is_said_so() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let folder = tempfile::tempdir().unwrap();
    let outcome = Program::on(
        folder.path(),
        &url,
        &["backfill", "--from", "0", "--to", TO],
    )
    .run();
    exits_with_one_error(&outcome, 1, &[&url, "another endpoint"]);
}

#[test]
fn another_chain_is_refused() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    let outcome = Program::on(
        folder.path(),
        &chain.url,
        &["--set=chain.id=1", "backfill", "--from", "0", "--to", TO],
    )
    .run();
    exits_with_one_error(
        &outcome,
        1,
        &[&chain.url, "chain 1337", "chain 1 ", "chain.rpc_urls"],
    );

    begin(folder.path(), &chain, "receipts");
    let elsewhere = Tamper::before(&chain.url, |method, _, answer| {
        match method {
            "eth_chainId" => answer["result"] = json!("0x5"),
            "net_version" => answer["result"] = json!("5"),
            _ => {}
        }
        Reply::Answer
    });
    let factory = "--set=chain.factories=[\"0x1f98431c8ad98523631ae4a59f267346ea31f984:0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54\"]";
    let outcome = Program::on(
        folder.path(),
        &elsewhere.url,
        &[factory, "backfill", "--from", "0", "--to", TO],
    )
    .run();
    exits_with_one_error(
        &outcome,
        1,
        &[
            "chain 1337",
            "chain 5",
            &folder.path().display().to_string(),
        ],
    );
    intact(folder.path(), &chain, "receipts", "another chain");
}

#[test]
fn absurd_decimals_refuse_the_pool_and_go_on() {
    let (Some(logs), Some(side)) = (
        shared("logs/mainnet-18426253-18426303-all.jsonl.gz"),
        shared("logs/mainnet-18426253-18426303-all.pools.json"),
    ) else {
        return;
    };
    const CTSI: &str = "0x491604c0fdf08347dd1fa4ee062a822a5dd06b5d";
    let folder = tempfile::tempdir().unwrap();
    let mut tables: Value = serde_json::from_str(&std::fs::read_to_string(side).unwrap()).unwrap();
    let collected = |tables: &Value| {
        let side = folder.path().join("side.json");
        std::fs::write(&side, tables.to_string()).unwrap();
        let chain = Chain::replay(&logs, &side);
        let store = tempfile::tempdir().unwrap();
        Program::on(
            store.path(),
            &chain.url,
            &[
                "backfill", "--from", "18426253", "--to", "18426303", "--method", "receipts",
            ],
        )
        .succeed();
        status(store.path(), &chain)["counters"].clone()
    };
    let count = |counters: &Value, name: &str| counters[name].as_u64().unwrap();
    let before = collected(&tables);
    let token = tables["tokens"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|t| t["address"] == CTSI)
        .unwrap();
    token["decimals"] = json!(200);
    let after = collected(&tables);
    assert!(
        count(&after, "pools_refused") > count(&before, "pools_refused"),
        "{before} {after}"
    );
    assert!(
        count(&after, "swaps") < count(&before, "swaps"),
        "{before} {after}"
    );
    assert_eq!(count(&after, "received"), count(&before, "received"));
    assert_eq!(
        count(&after, "received"),
        count(&after, "decoded") + count(&after, "refused")
    );
}

#[test]
fn what_is_there_already_is_not_fetched_again() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    complete(folder.path(), &chain, "receipts");
    let again = Program::on(
        folder.path(),
        &chain.url,
        &["backfill", "--from", "0", "--to", TO],
    )
    .succeed();
    assert!(again.contains("already"), "{again}");
}

fn fetches(method: &str) -> bool {
    matches!(method, "eth_getLogs" | "eth_getBlockReceipts")
}

/// Alters the logs of a page that reaches beyond where the lies begin.
fn on_logs(method: &str, params: &Value, answer: &mut Value, alter: fn(&mut Vec<Value>)) -> Reply {
    if method == "eth_getLogs"
        && (late(&params[0]["toBlock"]) || params[0]["blockHash"].is_string())
        && let Some(logs) = answer["result"].as_array_mut()
        && !logs.is_empty()
    {
        alter(logs);
    }
    Reply::Answer
}

/// Whether a block named by number lies where the lies are; one named by its hash does.
fn late(block: &Value) -> bool {
    number(block).is_none_or(|n| n >= LIES_FROM)
}

fn number(block: &Value) -> Option<u64> {
    let digits = block.as_str()?.strip_prefix("0x")?;
    (digits.len() < 18)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}
