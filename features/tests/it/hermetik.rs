//! The earlier pipeline's format against the earlier pipeline's own files.

use crate::shared::{gunzip, shared};
use std::collections::BTreeMap;
use tidegauge_features::hermetik::{
    HEADER, HermetikDay, HermetikPool, HermetikRow, float, line, pool_type, rows,
};
use tidegauge_model::{Address, Day, Lists, PoolId};

/// How far a float may be from what the earlier pipeline wrote, in units of the last place: pandas
/// adds and removes in passing, which rounds again at each row.
const MOST_ULPS: u64 = 4;

/// Rows whose standard deviation is farther off, with how far. Their windows lie in the file, but
/// pandas' running variance also carries the roundings of rows before them, which do not.
const DRIFTED: [(&str, &str, u64); 2] = [
    (
        "0x4585fe77225b41b697c938b018e2ac67ac5a20c0",
        "2025-11-02",
        9,
    ),
    (
        "0xf4c5e0f4590b6679b3030d29a84857f226087fef",
        "2025-11-02",
        98,
    ),
];

/// Cells compared, by column: those whose windows lie inside the file. What counts on from before
/// it needs one row to count from.
const COMPARED: [(&str, usize); 11] = [
    ("day_number", 4_417),
    ("days_since_start", 4_417),
    ("target_tx_3d_ahead", 5_868),
    ("target_tx_3d_avg_ahead", 5_868),
    ("target_tx_7d_ahead", 5_868),
    ("target_tx_7d_avg_ahead", 5_868),
    ("tx_count_3d_avg", 3_311),
    ("tx_count_7d_avg", 288),
    ("tx_count_7d_std", 288),
    ("tx_count_cumulative", 4_417),
    ("tx_growth_rate", 4_417),
];

/// The tokens that the pool metadata was classified by: fewer than the earlier list has.
const METADATA_STABLES: [&str; 6] = [
    "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
    "0xdac17f958d2ee523a2206206994597c13d831ec7",
    "0x6b175474e89094c44da98b954eedeac495271d0f",
    "0x853d955acef822db058eb8505911ed77f175b99e",
    "0x5f98805a4e8be255a32880fdec7f6728c6568ba0",
    "0x4fabb145d64652a948d72533023f6e7a623c7c53",
];

/// What else is in it.
const LATER_STABLES: [&str; 21] = [
    "0x0000000000085d4780b73119b644ae5ecd22b376",
    "0x056fd409e1d7a124bd7017459dfea2f387b6d5cd",
    "0x6c3ea9036406852006290770bedfcaba0e23a0e8",
    "0x4c9edd5852cd905f086c759e8383e09bff1e68b3",
    "0x40d16fc0246ad3160ccc09b8d0d3a2cd28ae6c2f",
    "0xdc035d45d973e3ec169d2276ddab16f1e407384f",
    "0x8292bb45bf1ee4d140127049757c2e0ff06317ed",
    "0x8e870d67f660d95d5be530380d0ec0bd388289e1",
    "0x9d39a5de30e57443bff2a8307a4256c8797a3497",
    "0xa3931d71877c0e7a3148cb7eb4463524fec27fbd",
    "0xcacd6fd266af91b8aed52accc382b4e165586e29",
    "0x3175df0976dfa876431c2e9ee6bc45b65d3473cc",
    "0x80ac24aa929eaf5013f6436cda2a7ba190f5cc0b",
    "0xe2f2a5c287993345a840db3b0845fbc70f5935a5",
    "0xa693b19d2931d498c5b318df961919bb4aee87a5",
    "0x1abaea1f7c830bd89acc67ec4af516284b1bc33c",
    "0xc581b735a1688071a1746c968e0798d642ede491",
    "0x0c10bf8fcb7bf5412187a595ab97a3609160b5c6",
    "0xa47c8bf37f92abed4a126bda807a7b7498661acd",
    "0xad3e3fc59dff318beceaab7d00eb4f68b1ecf195",
    "0x2a8e1e676ec238d8a992307b495b45b3feaa5e86",
];

type Record = BTreeMap<String, String>;

fn records(path: &str) -> Option<Vec<Record>> {
    let text = gunzip(&shared(path)?);
    let mut lines = text.lines();
    let header: Vec<_> = lines
        .next()
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect();
    // No cell of these files is quoted.
    assert!(!text.contains('"'));
    Some(
        lines
            .map(|line| {
                let cells: Vec<_> = line.split(',').map(str::to_owned).collect();
                assert_eq!(cells.len(), header.len(), "{line}");
                header.iter().cloned().zip(cells).collect()
            })
            .collect(),
    )
}

fn number<T: std::str::FromStr>(record: &Record, column: &str) -> Option<T> {
    record[column].parse().ok()
}

/// The pool's rows, with rows before the file's first so that all numbers count on: only windows
/// that do not reach back to those are compared.
fn with_filler(file: &[Record]) -> (usize, Vec<HermetikDay>) {
    let first = &file[0];
    let missing = number::<usize>(first, "day_number").unwrap() - 1;
    let day: Day = first["date"].parse().unwrap();
    let start = day.minus_days(number(first, "days_since_start").unwrap());
    let before: u32 = number::<u32>(first, "tx_count_cumulative").unwrap()
        - number::<u32>(first, "tx_count").unwrap();
    let filler = (0..missing).map(|n| HermetikDay {
        day: start.plus_days(n as u32),
        tx_count: if n == 0 { before } else { 0 },
        unique_users: None,
    });
    let days = filler
        .chain(file.iter().map(|record| HermetikDay {
            day: record["date"].parse().unwrap(),
            tx_count: number(record, "tx_count").unwrap(),
            unique_users: number(record, "unique_users"),
        }))
        .collect();
    (missing, days)
}

#[test]
fn its_rows_are_reproduced() {
    let Some(all) = records("hermetik/pool_test_data.csv.gz") else {
        return;
    };
    let mut pools: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in all {
        pools
            .entry(record["poolAddress"].clone())
            .or_default()
            .push(record);
    }
    let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
    let mut exact: BTreeMap<&str, usize> = BTreeMap::new();
    let mut drifted = Vec::new();
    for (pool, file) in &pools {
        let (missing, days) = with_filler(file);
        for (n, (record, row)) in file.iter().zip(&rows(&days)[missing..]).enumerate() {
            describes(record, row);
            for (column, reach, value) in floats(row) {
                // Rows before that the window reaches back to must be in the file or not exist.
                if n < reach && missing > 0 {
                    continue;
                }
                let read = number::<f64>(record, column);
                let what = || format!("{pool} {} {column}", record["date"]);
                assert_eq!(read.is_some(), value.is_some(), "{}", what());
                *compared.entry(column).or_default() += 1;
                let (Some(read), Some(value)) = (read, value) else {
                    continue;
                };
                let value = if column == "tx_growth_rate" {
                    read_again(&float(value))
                } else {
                    value
                };
                let ulps = distance(read, value);
                if ulps > MOST_ULPS {
                    assert_eq!(column, "tx_count_7d_std", "{}: {read} {value}", what());
                    drifted.push((pool.as_str(), record["date"].as_str(), ulps));
                }
                *exact.entry(column).or_default() += usize::from(ulps == 0);
            }
        }
    }
    assert_eq!(compared.into_iter().collect::<Vec<_>>(), COMPARED);
    assert_eq!(drifted, DRIFTED);
    println!("compared {COMPARED:?}, equal to the last bit or blank {exact:?}");
}

/// The columns that are not computed are written as in the file, except where that has no metadata.
fn describes(record: &Record, row: &HermetikRow) {
    const WRITTEN: [&str; 10] = [
        "poolAddress",
        "date",
        "pool_name",
        "token0Symbol",
        "token1Symbol",
        "fee",
        "fee_percentage",
        "poolType",
        "tx_count",
        "unique_users",
    ];
    let Some(fee) = number::<f64>(record, "fee") else {
        assert!(
            WRITTEN[2..8]
                .iter()
                .all(|column| record[*column].is_empty())
        );
        return;
    };
    let known = ["eth_paired", "stablecoin", "other"];
    let pool = HermetikPool {
        id: PoolId(number(record, "poolAddress").unwrap()),
        symbols: ["token0Symbol", "token1Symbol"].map(|column| Some(record[column].clone())),
        fee_pips: fee as u32,
        pool_type: known
            .into_iter()
            .find(|name| *name == record["poolType"])
            .unwrap(),
    };
    let line = line(&pool, row);
    for (column, cell) in WRITTEN.into_iter().zip(line.split(',')) {
        assert_eq!(record[column], cell, "{column} of {line}");
    }
}

/// A row's numbers, with the number of rows before it that each takes in.
fn floats(row: &HermetikRow) -> [(&'static str, usize, Option<f64>); 11] {
    let count = |count: u64| Some(count as f64);
    let ahead = |count: Option<u32>| count.map(f64::from);
    [
        ("tx_count_3d_avg", 2, Some(row.tx_count_3d_avg)),
        ("tx_count_7d_avg", 6, Some(row.tx_count_7d_avg)),
        ("tx_count_7d_std", 6, Some(row.tx_count_7d_std)),
        ("tx_count_cumulative", 1, count(row.tx_count_cumulative)),
        ("days_since_start", 1, count(row.days_since_start.into())),
        ("tx_growth_rate", 1, row.tx_growth_rate),
        ("day_number", 1, count(row.day_number)),
        ("target_tx_3d_ahead", 0, ahead(row.target_tx_3d_ahead)),
        ("target_tx_7d_ahead", 0, ahead(row.target_tx_7d_ahead)),
        ("target_tx_3d_avg_ahead", 0, row.target_tx_3d_avg_ahead),
        ("target_tx_7d_avg_ahead", 0, row.target_tx_7d_avg_ahead),
    ]
}

/// Numbers between two floats.
fn distance(a: f64, b: f64) -> u64 {
    let ordered = |x: f64| {
        let bits = x.abs().to_bits().cast_signed();
        if x < 0.0 { -bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

/// What becomes of a number that pandas wrote once it has read it back, as the earlier pipeline
/// did: its reader keeps 17 digits, leading zeros among them, which costs small numbers several.
fn read_again(text: &str) -> f64 {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let (mut value, mut kept, mut behind, mut is_behind) = (0.0, 0, 0_i32, false);
    for c in digits.chars() {
        match c.to_digit(10) {
            Some(digit) if kept < 17 => {
                value = value * 10.0 + f64::from(digit);
                kept += 1;
                behind += i32::from(is_behind);
            }
            Some(_) => behind -= i32::from(!is_behind),
            None => is_behind |= c == '.',
        }
    }
    let exponent = power.parse::<i32>().unwrap() - behind;
    let (mut n, mut factor) = (exponent.unsigned_abs(), 10.0_f64);
    while n > 0 {
        if n & 1 == 1 {
            value = if exponent < 0 {
                value / factor
            } else {
                value * factor
            };
        }
        n >>= 1;
        factor *= factor;
    }
    if text.starts_with('-') { -value } else { value }
}

#[test]
fn its_pool_types_are_reproduced() {
    let Some(all) = records("hermetik/pool_metadata.csv.gz") else {
        return;
    };
    let addresses = |list: &[&str]| -> Vec<Address> {
        list.iter()
            .map(|address| address.parse().unwrap())
            .collect()
    };
    let narrow = Lists {
        weth: Some(
            "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
                .parse()
                .unwrap(),
        ),
        earlier_stables: addresses(&METADATA_STABLES),
        ..Lists::default()
    };
    let full = Lists {
        earlier_stables: addresses(&[&METADATA_STABLES[..], &LATER_STABLES].concat()),
        ..narrow.clone()
    };
    let mut differences = Vec::new();
    for record in &all {
        let tokens = ["token0", "token1"].map(|column| record[column].parse().unwrap());
        assert_eq!(record["poolType"], pool_type(&narrow, tokens), "{record:?}");
        if record["poolType"] != pool_type(&full, tokens) {
            assert_eq!(pool_type(&full, tokens), "stablecoin");
            differences.push((
                record["token0Symbol"].as_str(),
                record["token1Symbol"].as_str(),
            ));
        }
    }
    assert_eq!(all.len(), 3_031);
    // Each with a token that came into the list after the file was written.
    differences.sort_unstable();
    assert_eq!(
        differences,
        [
            ("DAI", "USDP"),
            ("EURT", "USDT"),
            ("FRAX", "USDP"),
            ("GHO", "USDC"),
            ("GUSD", "DAI"),
            ("GUSD", "USDC"),
            ("GUSD", "USDC"),
            ("PYUSD", "USDC"),
            ("PYUSD", "USDT"),
            ("RLUSD", "USDC"),
            ("USDC", "USDS"),
            ("USDC", "USDS"),
            ("USDD", "USDT"),
            ("sUSDe", "USDT"),
        ]
    );
}

#[test]
fn floats_are_written_as_pandas_writes_them() {
    for (value, text) in [
        (2.0, "2.0"),
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (1.0 / 3.0, "0.3333333333333333"),
        (8.0 / 3.0, "2.6666666666666665"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-0.000_012_5, "-1.25e-05"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
        (f64::NAN, ""),
    ] {
        assert_eq!(float(value), text);
    }
}

#[test]
fn a_line_is_written_as_pandas_writes_it() {
    let day = |text: &str, tx_count| HermetikDay {
        day: text.parse().unwrap(),
        tx_count,
        unique_users: (tx_count < 9).then_some(1),
    };
    let days = [
        day("2025-10-01", 2),
        day("2025-10-02", 4),
        day("2025-10-05", 3),
        day("2025-10-06", 9),
    ];
    let pool = HermetikPool {
        id: PoolId(Address::repeat_byte(0xab)),
        symbols: [Some("A,\"B".to_owned()), Some("WETH".to_owned())],
        fee_pips: 500,
        pool_type: "eth_paired",
    };
    let start = |date: &str| {
        format!(
            "0x{},{date},\"A,\"\"B/WETH\",\"A,\"\"B\",WETH,500.0,0.0005,eth_paired",
            "ab".repeat(20)
        )
    };
    let expected = [
        // The mean of the three rows after lacks the second and the third: pandas' window is young.
        ("2025-10-01", "2,1,2.0,2.0,0.0,2,0,0.0,1,9.0,,9.0,"),
        (
            "2025-10-02",
            "4,1,3.0,3.0,1.4142135623730951,6,1,1.0,2,,,9.0,",
        ),
        ("2025-10-05", "3,1,3.0,3.0,1.0,9,4,-0.25,3,,,9.0,"),
        (
            "2025-10-06",
            "9,,5.333333333333333,4.5,3.1091263510296048,18,5,2.0,4,,,,",
        ),
    ];
    let written = rows(&days);
    assert_eq!(written.len(), expected.len());
    for (row, (date, rest)) in written.iter().zip(expected) {
        let text = line(&pool, row);
        assert_eq!(text, format!("{},{rest}", start(date)));
    }
    let nameless = HermetikPool {
        symbols: [None, Some("WETH".to_owned())],
        ..pool
    };
    assert!(line(&nameless, &written[0]).contains(",2025-10-01,,,WETH,500.0,"));
    assert_eq!(HEADER.split(',').count(), 21);
    assert_eq!(rows(&[]), []);
}
