//! How fast pages are parsed and decoded, and blocks verified, on one thread.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use alloy::{
    consensus::Header,
    primitives::{Address, B256, Bloom, Log, LogData},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::{fmt::Write, hint::black_box};
use tidegauge_chain::{
    TxReceipt, VerifiedHeader,
    abi::TOPICS,
    evidence::{check_receipts, receipts_root},
    logs::parse_logs,
    parse_receipts,
};

const PAGE_LOGS: usize = 10_000;
const BLOCK_RECEIPTS: usize = 200;
const LOGS_PER_RECEIPT: usize = 3;

criterion_group!(benches, page, receipts);
criterion_main!(benches);

/// A page of swap logs as endpoints write them, six a block.
fn page(criterion: &mut Criterion) {
    let mut text = String::from("[");
    for log in 0..PAGE_LOGS {
        if log > 0 {
            text.push(',');
        }
        write_log(&mut text, log);
    }
    text.push(']');
    let mut group = criterion.benchmark_group("logs");
    group.throughput(Throughput::Elements(PAGE_LOGS as u64));
    group.bench_function("parse and decode a page of 10,000 swaps", |bencher| {
        bencher.iter(|| parse_logs(black_box(&text)).unwrap());
    });
    group.finish();
}

/// A mainnet-sized block: 200 transactions, 600 logs.
fn receipts(criterion: &mut Criterion) {
    let mut text = String::from("[");
    for place in 0..BLOCK_RECEIPTS {
        if place > 0 {
            text.push(',');
        }
        let _ = write!(
            text,
            r#"{{"blockHash":"{:#x}","blockNumber":"0x1","contractAddress":null,"cumulativeGasUsed":"{:#x}","effectiveGasPrice":"0x54a485839","from":"{:#x}","gasUsed":"0xec18","logsBloom":"{:#x}","status":"0x1","to":"{:#x}","transactionHash":"{:#x}","transactionIndex":"{place:#x}","type":"0x2","logs":["#,
            B256::repeat_byte(1),
            21_000 * (place + 1),
            Address::repeat_byte(2),
            Bloom::ZERO,
            Address::repeat_byte(3),
            B256::repeat_byte(place as u8),
        );
        for log in 0..LOGS_PER_RECEIPT {
            if log > 0 {
                text.push(',');
            }
            write_block_log(&mut text, place, place * LOGS_PER_RECEIPT + log);
        }
        text.push_str("]}");
    }
    text.push(']');
    let parsed = parse_receipts(&text).unwrap();
    let header = header_of(&parsed.receipts);
    let mut group = criterion.benchmark_group("receipts");
    group.throughput(Throughput::Elements(1));
    group.bench_function(
        "parse and verify a block of 200 receipts, 600 logs",
        |bencher| {
            bencher.iter(|| {
                let parsed = parse_receipts(black_box(&text)).unwrap();
                check_receipts(&header, &parsed).unwrap();
                parsed
            });
        },
    );
    group.finish();
}

fn header_of(receipts: &[TxReceipt]) -> VerifiedHeader {
    let bloom = |bloom, receipt: &TxReceipt| bloom | receipt.inner.logs_bloom;
    VerifiedHeader {
        inner: Header {
            receipts_root: receipts_root(receipts),
            logs_bloom: receipts.iter().fold(Bloom::ZERO, bloom),
            ..Header::default()
        },
        hash: B256::repeat_byte(1),
        transactions: receipts.iter().map(|receipt| receipt.tx_hash).collect(),
    }
}

fn write_log(text: &mut String, log: usize) {
    let block = log / 6;
    let _ = write!(
        text,
        r#"{{"address":"{:#x}","topics":["{:#x}","0x000000000000000000000000{:040x}","0x000000000000000000000000{:040x}"],"data":"0x{:064x}{}{:064x}{:064x}{:064x}","blockNumber":"{:#x}","transactionHash":"0x{:064x}","transactionIndex":"{:#x}","blockHash":"0x{:064x}","blockTimestamp":"{:#x}","logIndex":"{:#x}","removed":false}}"#,
        Address::repeat_byte(log as u8),
        TOPICS[0],
        log,
        log + 1,
        log * 1_000_003,
        "f".repeat(64),
        (log as u128) << 90,
        (log as u128) << 60,
        log % 800_000,
        0x112_a880 + block,
        log * 7,
        log % 6,
        block * 13,
        0x64ea_268f + block * 12,
        log % 300,
    );
}

fn write_block_log(text: &mut String, place: usize, index: usize) {
    let log = Log {
        address: Address::repeat_byte(index as u8),
        data: LogData::new_unchecked(
            vec![
                TOPICS[0],
                B256::repeat_byte(1),
                B256::repeat_byte(index as u8),
            ],
            vec![index as u8; 160].into(),
        ),
    };
    let topics: Vec<String> = log.topics().iter().map(|t| format!("\"{t:#x}\"")).collect();
    let _ = write!(
        text,
        r#"{{"address":"{:#x}","topics":[{}],"data":"{}","blockNumber":"0x1","transactionHash":"{:#x}","transactionIndex":"{place:#x}","blockHash":"{:#x}","logIndex":"{index:#x}","removed":false}}"#,
        log.address,
        topics.join(","),
        log.data.data,
        B256::repeat_byte(place as u8),
        B256::repeat_byte(1),
    );
}
