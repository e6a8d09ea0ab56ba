//! What the contracts say, read from the file that `tests/evm` writes.

use serde_json::Value;
use std::collections::BTreeSet;

/// A token of the pools that nobody may collect: it has no decimals.
const WITHOUT_DECIMALS: &str = "MUTE";

/// What the contracts say.
pub(super) struct Truth {
    lines: Vec<Value>,
    pub(super) genuine: BTreeSet<String>,
}

impl Truth {
    pub(super) fn read(text: &str) -> Self {
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let genuine = lines
            .iter()
            .filter(|line| {
                line["symbols"]
                    .as_array()
                    .is_some_and(|symbols| symbols.iter().all(|s| s != WITHOUT_DECIMALS))
            })
            .map(|line| field(&line["pool"]))
            .collect();
        Self { lines, genuine }
    }

    pub(super) fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.lines.iter().filter(move |line| {
            line["kind"] == kind && self.genuine.contains(&field(&line["pool"]))
        })
    }

    pub(super) fn swaps(&self, method: &str) -> BTreeSet<Vec<String>> {
        let rows: BTreeSet<_> = self
            .of("event")
            .filter(|e| e["event"] == "Swap")
            .map(|e| {
                let args = [
                    "sender",
                    "recipient",
                    "amount0",
                    "amount1",
                    "sqrtPriceX96",
                    "liquidity",
                    "tick",
                ];
                let origin = if method == "receipts" {
                    field(&e["origin"])
                } else {
                    String::new()
                };
                place(e)
                    .into_iter()
                    .chain([origin])
                    .chain(args.map(|name| field(&e["args"][name])))
                    .collect()
            })
            .collect();
        assert!(
            rows.len() >= 300,
            "{} swaps are too few to mean anything",
            rows.len()
        );
        rows
    }

    pub(super) fn liquidity(&self) -> BTreeSet<Vec<String>> {
        let rows: BTreeSet<_> = self
            .of("event")
            .filter_map(|e| {
                let name = field(&e["event"]);
                let value = |name: &str| field(&e["args"][name]);
                let flash = name == "Flash";
                let amount = match name.as_str() {
                    "Mint" | "Burn" | "Collect" | "CollectProtocol" | "Flash" => {
                        [value("amount0"), value("amount1")]
                    }
                    "Initialize" | "SetFeeProtocol" => Default::default(),
                    _ => return None, // swaps, and what tells nothing of prices or amounts
                };
                let paid = if flash {
                    [value("paid0"), value("paid1")]
                } else {
                    Default::default()
                };
                let parties = [
                    "sender",
                    "owner",
                    "recipient",
                    "tickLower",
                    "tickUpper",
                    "amount",
                ]
                .map(value);
                let price = ["sqrtPriceX96", "tick"].map(value);
                let fees = if name == "SetFeeProtocol" {
                    [
                        ("feeProtocol0Old", "feeProtocol1Old"),
                        ("feeProtocol0New", "feeProtocol1New"),
                    ]
                    .map(|(a, b)| format!("{}/{}", value(a), value(b)))
                } else {
                    Default::default()
                };
                Some(
                    place(e)
                        .into_iter()
                        .chain([name])
                        .chain(parties)
                        .chain(amount)
                        .chain(paid)
                        .chain(price)
                        .chain(fees)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        let kinds: BTreeSet<&str> = rows
            .iter()
            .map(|row: &Vec<String>| row[6].as_str())
            .collect();
        assert_eq!(
            kinds,
            BTreeSet::from([
                "Burn",
                "Collect",
                "CollectProtocol",
                "Flash",
                "Initialize",
                "Mint",
                "SetFeeProtocol"
            ])
        );
        rows
    }
}

/// Pool, block, log index, transaction and time of an event.
fn place(event: &Value) -> Vec<String> {
    [
        "pool",
        "block",
        "log_index",
        "tx_hash",
        "tx_index",
        "timestamp",
    ]
    .map(|name| field(&event[name]))
    .into()
}

/// A JSON value as a table shows it; an absent one is empty.
pub(super) fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
