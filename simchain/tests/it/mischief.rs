//! Every mode does what its row says, nothing else, and repeatably.

use crate::support::{Served, generate, hex, small};
use alloy::primitives::{B256, keccak256};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegauge_simchain::{Hostility, MODES, Mode, REFERENCE_POOL, Rate, ServeOptions, SimChain};

/// A cap below what a page of the test holds.
const CAP: u64 = 50;

pub(crate) fn hostile(hostility: Hostility) -> ServeOptions {
    ServeOptions {
        hostility: Some(hostility),
        ..ServeOptions::default()
    }
}

pub(crate) fn always(mode: Mode) -> Hostility {
    Hostility {
        truncate_at_logs: CAP,
        ..Hostility::default().with(mode, Rate::ALWAYS)
    }
}

fn page(from: u64, to: u64) -> Value {
    json!([{"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}")}])
}

/// The requests of a mode that is about answers; `None` for the others.
fn occasions(mode: Mode, chain: &SimChain) -> Option<Vec<(&'static str, Value)>> {
    let head = chain.head().unwrap();
    let tag = |n: u64| format!("{n:#x}");
    let logs = || {
        vec![
            ("eth_getLogs", page(500, 560)),
            ("eth_getBlockReceipts", json!([tag(busy(chain))])),
        ]
    };
    Some(match mode {
        Mode::Lag => vec![
            ("eth_blockNumber", json!([])),
            ("eth_getBlockByNumber", json!(["latest", false])),
            ("eth_getBlockByNumber", json!([tag(head.number.0), false])),
            ("eth_getBlockByHash", json!([head.hash, false])),
            ("eth_getBlockReceipts", json!(["finalized"])),
            ("eth_getBlockReceipts", json!([head.hash])),
            ("eth_getLogs", page(590, 600)),
            ("eth_getLogs", page(599, 600)),
            (
                "eth_getCode",
                json!([REFERENCE_POOL, {"blockHash": head.hash}]),
            ),
        ],
        Mode::Backwards => vec![
            ("eth_blockNumber", json!([])),
            ("eth_getBlockByNumber", json!(["latest", false])),
            ("eth_getBlockByNumber", json!(["finalized", false])),
        ],
        Mode::Empty | Mode::Missing | Mode::WrongIndex | Mode::Duplicate | Mode::Forged => logs(),
        Mode::Truncated | Mode::WrongRange => vec![("eth_getLogs", page(500, 560))],
        Mode::ZeroTime => [
            logs(),
            vec![("eth_getBlockByNumber", json!(["latest", false]))],
        ]
        .concat(),
        Mode::WrongChain => [
            logs(),
            vec![
                ("eth_chainId", json!([])),
                ("net_version", json!([])),
                ("eth_getBlockByNumber", json!(["latest", false])),
            ],
        ]
        .concat(),
        Mode::Reorg
        | Mode::RateLimit
        | Mode::Latency
        | Mode::SlowBody
        | Mode::Disconnect
        | Mode::WsSilence
        | Mode::WsDrop => return None,
    })
}

/// A block with several swaps.
fn busy(chain: &SimChain) -> u64 {
    let swaps = |n: &u64| {
        let block = tidegauge_model::BlockRange::one(tidegauge_model::BlockNumber(*n));
        chain.expected().swaps(block).count()
    };
    (500..560).max_by_key(swaps).unwrap()
}

fn logs_of(answer: &Value) -> Vec<Value> {
    let items = answer.as_array().unwrap().iter();
    items
        .flat_map(|item| match item.get("logs") {
            Some(logs) => logs.as_array().unwrap().clone(),
            None => vec![item.clone()],
        })
        .collect()
}

/// What must be true of a wrong answer, next to the honest one.
fn is_as_described(mode: Mode, method: &str, honest: &Value, wrong: &Value) -> bool {
    let shape = |f: fn(&[Value], &[Value]) -> bool| f(&logs_of(honest), &logs_of(wrong));
    match mode {
        Mode::Lag => match (method, honest, wrong) {
            ("eth_blockNumber", a, b) => hex(a) == hex(b) + 5,
            (_, _, Value::Null) => true,
            ("eth_getBlockByNumber", a, b) => hex(&a["number"]) == hex(&b["number"]) + 5,
            ("eth_getLogs", a, b) => {
                let left: Vec<_> = logs_of(a)
                    .into_iter()
                    .filter(|log| hex(&log["blockNumber"]) <= 595)
                    .collect();
                logs_of(b) == left
            }
            (_, a, b) => a != b,
        },
        Mode::Backwards => {
            let number = |v: &Value| hex(v.get("number").unwrap_or(v));
            (1..=100).contains(&(number(honest) - number(wrong)))
        }
        Mode::Empty => *wrong == json!([]),
        Mode::Missing => {
            let fewer_receipts =
                wrong.as_array().unwrap().len() + 1 == honest.as_array().unwrap().len();
            let (a, b) = (logs_of(honest), logs_of(wrong));
            let rest_is_true = b.iter().all(|log| a.contains(log));
            rest_is_true && (a.len() == b.len() + 1 || (method != "eth_getLogs" && fewer_receipts))
        }
        Mode::Truncated => logs_of(wrong) == logs_of(honest)[..CAP as usize],
        Mode::WrongIndex => shape(|a, b| {
            let changed: Vec<_> = a.iter().zip(b).filter(|(x, y)| x != y).collect();
            let [(x, y)] = changed.as_slice() else {
                return false;
            };
            let mut mended = (*y).clone();
            mended["logIndex"] = x["logIndex"].clone();
            a.len() == b.len() && mended == **x && hex(&x["logIndex"]) < hex(&y["logIndex"])
        }),
        Mode::Duplicate => shape(|a, b| {
            let mut rest = b.to_vec();
            rest.dedup();
            b.len() == a.len() + 1 && rest == a
        }),
        Mode::Forged => shape(|a, b| {
            let mut forged = b.iter().filter(|log| !a.contains(log));
            let swap = json!(keccak256(
                "Swap(address,address,int256,int256,uint160,uint128,int24)"
            ));
            let is_swap = |log: &Value| {
                log["topics"][0] == swap && log["data"].as_str().unwrap().len() == 322
            };
            b.len() == a.len() + 1 && forged.next().is_some_and(is_swap) && forged.next().is_none()
        }),
        Mode::ZeroTime => match wrong.get("timestamp") {
            Some(time) => time == "0x0",
            None => {
                let (a, b) = (logs_of(honest), logs_of(wrong));
                a.len() == b.len() && b.iter().all(|log| log["blockTimestamp"] == "0x0")
            }
        },
        Mode::WrongChain => match method {
            "eth_chainId" => *wrong == "0x53a",
            "net_version" => *wrong == "1338",
            "eth_getBlockByNumber" => {
                honest["hash"] != wrong["hash"]
                    && honest["parentHash"] != wrong["parentHash"]
                    && honest["receiptsRoot"] == wrong["receiptsRoot"]
            }
            _ => shape(|a, b| {
                let differ = |(x, y): (&Value, &Value)| {
                    x["blockHash"] != y["blockHash"] && x["data"] == y["data"]
                };
                a.len() == b.len() && a.iter().zip(b).all(differ)
            }),
        },
        _ => false,
    }
}

#[tokio::test]
async fn each_mode_about_answers_does_what_its_row_says() {
    let (chain, _folder) = generate(&small(61));
    let chain = Arc::new(chain);
    let honest = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    for info in MODES {
        let Some(occasions) = occasions(info.mode, &chain) else {
            continue;
        };
        let node = Served::new(Arc::clone(&chain), hostile(always(info.mode))).await;
        for (method, params) in &occasions {
            let truth = honest.result(method, params.clone()).await;
            let seen = node.request(method, params.clone()).await;
            if info.mode == Mode::WrongRange {
                let message = seen["error"]["message"].as_str().unwrap();
                assert!(message.contains("block range"), "{message}");
                continue;
            }
            if *method == "eth_getCode" {
                assert_eq!(seen["error"]["message"], "header not found");
                continue;
            }
            assert!(
                is_as_described(info.mode, method, &truth, &seen["result"]),
                "{} {method} {params}: {} instead of {}",
                info.name,
                seen,
                truth
            );
        }
        let counts = node.handle.mischief();
        // A wrong chain strikes once.
        let strikes = if info.mode == Mode::WrongChain {
            1
        } else {
            occasions.len() as u64
        };
        assert_eq!(
            (counts.of(info.mode), counts.total()),
            (strikes, strikes),
            "{}",
            info.name
        );
        assert!(counts.to_string().starts_with(info.name), "{counts}");
    }
    assert_eq!(honest.handle.mischief().total(), 0);
}

#[tokio::test]
async fn suggested_ranges_are_useless_in_three_ways() {
    let (chain, _folder) = generate(&small(62));
    let node = Served::new(Arc::new(chain), hostile(always(Mode::WrongRange))).await;
    let (mut same, mut inverted, mut later) = (0, 0, 0);
    for _ in 0..40 {
        let (_, message) = node.error("eth_getLogs", page(500, 560)).await;
        let range = message.rsplit_once('[').unwrap().1;
        let sides: Vec<u64> = range
            .trim_end_matches(['.', ']'])
            .split(", ")
            .map(|side| u64::from_str_radix(side.strip_prefix("0x").unwrap(), 16).unwrap())
            .collect();
        match sides.as_slice() {
            [500, 560] => same += 1,
            [from, to] if from > to => inverted += 1,
            [from, _] if *from > 560 => later += 1,
            other => panic!("{other:?} is of some use"),
        }
    }
    assert!(same > 0 && inverted > 0 && later > 0);
    // A block by its hash is no range.
    let block = node
        .result("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    node.result("eth_getLogs", json!([{"blockHash": block["hash"]}]))
        .await;
}

#[tokio::test]
async fn the_wrong_chain_is_consistent_in_itself() {
    let (chain, _folder) = generate(&small(63));
    let node = Served::new(Arc::new(chain), hostile(always(Mode::WrongChain))).await;
    let mut parent = Value::Null;
    for number in 590..=600_u64 {
        let tag = json!([format!("{number:#x}"), false]);
        let block = node.result("eth_getBlockByNumber", tag).await;
        let hash: B256 = serde_json::from_value(block["hash"].clone()).unwrap();
        assert!(parent.is_null() || block["parentHash"] == parent);
        let by_hash = node
            .result("eth_getBlockByHash", json!([hash, false]))
            .await;
        assert_eq!(by_hash, block);
        let receipts = node.result("eth_getBlockReceipts", json!([hash])).await;
        let logs = node
            .result("eth_getLogs", json!([{"blockHash": hash}]))
            .await;
        assert_eq!(logs_of(&receipts), logs_of(&logs));
        for receipt in receipts.as_array().unwrap() {
            let one = node
                .result(
                    "eth_getTransactionReceipt",
                    json!([receipt["transactionHash"]]),
                )
                .await;
            assert_eq!(&one, receipt);
        }
        parent = block["hash"].clone();
    }
}

#[tokio::test]
async fn strikes_follow_from_the_seed() {
    let (chain, _folder) = generate(&small(64));
    let chain = Arc::new(chain);
    let half = Rate::per_thousand(500);
    let run = |hostility: Hostility| {
        let chain = Arc::clone(&chain);
        async move {
            let node = Served::new(chain, hostile(hostility)).await;
            let mut seen = Vec::new();
            for n in 0..40 {
                seen.push(node.request("eth_getLogs", page(n * 10, n * 10 + 9)).await);
            }
            (seen, node.handle.mischief())
        }
    };
    let missing = Hostility::default().with(Mode::Missing, half);
    let (first, counts) = run(missing).await;
    assert!((10..30).contains(&counts.of(Mode::Missing)), "{counts}");
    assert_eq!(run(missing).await, (first.clone(), counts));
    assert_ne!(run(Hostility { seed: 2, ..missing }).await.0, first);
    // A second mode leaves the first one's draws alone.
    let both = missing.with(Mode::Empty, half);
    let (seen, counts) = run(both).await;
    assert!(
        counts.of(Mode::Empty) > 5 && counts.of(Mode::Missing) > 5,
        "{counts}"
    );
    for (alone, both) in first.iter().zip(&seen) {
        assert!(alone == both || both["result"] == json!([]));
    }
    let (truth, none) = run(Hostility::default()).await;
    assert_eq!(none.total(), 0);
    assert_ne!(truth, first);
}

#[tokio::test]
async fn parameters_of_mischief_are_bounded() {
    let (chain, _folder) = generate(&small(65));
    let chain = Arc::new(chain);
    let base = Hostility::default();
    for bad in [
        Hostility {
            reorg_depth: 0,
            ..base
        },
        Hostility {
            reorg_depth: 64,
            ..base
        },
        Hostility {
            lag_blocks: 0,
            ..base
        },
        Hostility {
            truncate_at_logs: 0,
            ..base
        },
        Hostility {
            latency: std::time::Duration::from_secs(601),
            ..base
        },
    ] {
        let listen = "127.0.0.1:0".parse().unwrap();
        let refused =
            tidegauge_simchain::serve(listen, Arc::clone(&chain), hostile(bad), async {}).await;
        let error = refused.err().unwrap().to_string();
        assert!(error.contains("must lie between"), "{error}");
    }
    assert!(base.check().is_ok() && Hostility::all().check().is_ok());
    for info in MODES {
        let wanted = if info.in_all {
            info.default_rate
        } else {
            Rate::NEVER
        };
        assert_eq!(Hostility::all().rate(info.mode), wanted, "{}", info.name);
        assert_eq!(base.rate(info.mode), Rate::NEVER);
    }
}

#[tokio::test]
async fn all_modes_together_stay_well_formed() {
    let (chain, _folder) = generate(&small(66));
    let chain = Arc::new(chain);
    let transport = [
        Mode::RateLimit,
        Mode::Latency,
        Mode::SlowBody,
        Mode::Disconnect,
    ];
    let hostility = transport
        .iter()
        .fold(Hostility::all(), |all, mode| all.with(*mode, Rate::NEVER));
    let node = Served::new(Arc::clone(&chain), hostile(hostility)).await;
    for round in 0..100 {
        let batch: Vec<Value> = [
            ("eth_blockNumber", json!([])),
            ("eth_getLogs", page(5 * round, 5 * round + 40)),
            ("eth_getBlockReceipts", json!([format!("{:#x}", round + 400)])),
            ("eth_getBlockByNumber", json!(["latest", false])),
        ]
        .into_iter()
        .enumerate()
        .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        .collect();
        let answers = node.post(json!(batch).to_string()).await;
        let answers = answers.as_array().unwrap();
        assert_eq!(answers.len(), 4);
        for (id, answer) in answers.iter().enumerate() {
            assert_eq!(
                (&answer["jsonrpc"], &answer["id"]),
                (&json!("2.0"), &json!(id))
            );
            assert!(answer.get("result").is_some() != answer.get("error").is_some());
        }
    }
    let struck = node.handle.mischief().iter().count();
    assert!(struck >= 7, "{}", node.handle.mischief());
}
