//! Real blocks: header hashes, blooms and receipts roots recompute; those that are
//! really wrong are rejected by name.

use crate::data;
use alloy::{
    consensus::{Eip658Value, Header, Receipt, ReceiptEnvelope, proofs::calculate_receipt_root},
    eips::Decodable2718,
    primitives::{B256, Bloom, Log, b256},
    rlp::{Decodable, Header as RlpHeader},
};
use serde_json::Value;
use std::path::Path;
use tidegauge_chain::{
    EvidenceError, TxReceipt,
    decode::EventKind,
    evidence::{check_hash, check_receipts, check_roots, receipts_root},
    parse_header, parse_receipts,
};

/// A block file of consensus RLP: `name: 0x…` a line; its receipts are lists of type,
/// status, gas and logs, without blooms (EIP-7642).
fn portal(path: &Path) -> (Header, Vec<TxReceipt>) {
    let text = data::text(path);
    let field = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in {}", path.display()));
        let value = line.split_once(':').unwrap().1;
        alloy::hex::decode(value.trim().trim_matches(['"', '\''])).unwrap()
    };
    let header = Header::decode(&mut field("header").as_slice()).unwrap();
    let raw = field("receipts");
    let mut items = RlpHeader::decode_bytes(&mut raw.as_slice(), true).unwrap();
    let mut receipts = Vec::new();
    while !items.is_empty() {
        let mut fields = RlpHeader::decode_bytes(&mut items, true).unwrap();
        let tx_type = u8::decode(&mut fields).unwrap();
        let receipt = Receipt {
            status: Eip658Value::decode(&mut fields).unwrap(),
            cumulative_gas_used: u64::decode(&mut fields).unwrap(),
            logs: Vec::<Log>::decode(&mut fields).unwrap(),
        };
        receipts.push(TxReceipt {
            tx_hash: B256::ZERO,
            block_hash: B256::ZERO,
            from: None,
            tx_type,
            first_log_index: None,
            inner: receipt.with_bloom(),
        });
    }
    (header, receipts)
}

#[test]
fn recorded_consensus_blocks_recompute() {
    let Some(folder) = data::folder() else { return };
    let mut hashes = Vec::new();
    let mut busiest = 0;
    for path in data::files(&folder.join("blocks/portal")) {
        let (header, receipts) = portal(&path);
        check_roots(&header, &receipts)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let swaps = receipts
            .iter()
            .flat_map(|receipt| &receipt.inner.receipt.logs)
            .filter(|log| {
                log.topics().first().and_then(EventKind::of_topic) == Some(EventKind::Swap)
            })
            .count();
        busiest = busiest.max(swaps);
        hashes.push((header.number, header.hash_slow(), header.parent_hash));
    }
    assert_eq!(hashes.len(), 7);
    assert_eq!(busiest, 110, "22431083 holds 110 swaps");
    let links = hashes
        .windows(2)
        .filter(|pair| pair[1].2 == pair[0].1)
        .count();
    assert!(links >= 2, "two pairs of parent and child: {links}");
}

fn squid(folder: &Path) -> (String, String) {
    let block = data::text(&folder.join("block.json.gz"));
    let receipts = data::text(&folder.join("receipts.json.gz"));
    (block, receipts)
}

#[test]
fn a_recorded_json_block_verifies() {
    let Some(folder) = data::folder() else { return };
    let (block, receipts) = squid(&folder.join("blocks/squid/ethereum/18000000"));
    let header = check_hash(parse_header(&block).unwrap()).unwrap();
    let receipts = parse_receipts(&receipts).unwrap();
    check_receipts(&header, &receipts).unwrap();

    let mut fewer = receipts.clone();
    fewer.receipts.pop();
    let error = check_receipts(&header, &fewer).unwrap_err();
    assert!(matches!(error, EvidenceError::Receipts { .. }), "{error}");

    let mut altered = receipts.clone();
    altered.receipts[0].inner.receipt.cumulative_gas_used += 1;
    let error = check_receipts(&header, &altered).unwrap_err();
    assert!(
        matches!(error, EvidenceError::ReceiptsRoot { .. }),
        "{error}"
    );

    let forged = block.replacen("0x64ea268f", "0x64ea2690", 1);
    let error = check_hash(parse_header(&forged).unwrap()).unwrap_err();
    assert!(matches!(error, EvidenceError::HeaderHash { .. }), "{error}");
}

#[test]
fn blocks_with_wrong_roots_are_rejected_by_name() {
    let Some(folder) = data::folder() else { return };
    let mut rejected = 0;
    for path in data::files(&folder.join("blocks/squid/cronos")) {
        let (block, receipts) = squid(&path);
        let header = parse_header(&block).unwrap();
        let number = header.inner.number;
        let receipts = parse_receipts(&receipts).unwrap();
        let name = path.display();
        match check_roots(&header.inner, &receipts.receipts) {
            Err(EvidenceError::ReceiptsRoot { block, .. }) => assert_eq!(block.0, number),
            Err(EvidenceError::Bloom { block }) => assert_eq!(block.0, number),
            other => {
                // An empty list has the empty root: what is missing is the transactions' receipts.
                assert_eq!(other, Ok(()), "{name}");
                assert_ne!(header.transactions.len(), receipts.receipts.len(), "{name}");
            }
        }
        rejected += 1;
    }
    assert_eq!(rejected, 2);
}

/// The response of a recorded request.
fn recorded(path: &Path) -> Vec<Value> {
    let text = data::text(path);
    serde_json::from_str::<Vec<Value>>(&text)
        .unwrap()
        .into_iter()
        .map(|mut exchange| exchange["response"]["result"].take())
        .collect()
}

#[test]
fn recorded_receipts_of_a_node_are_read() {
    let Some(folder) = data::folder() else { return };
    let mut read = 0;
    for path in data::files(&folder.join("rpc/erigon/eth_getBlockReceipts")) {
        for result in recorded(&path) {
            if result.is_null() {
                continue;
            }
            let receipts = parse_receipts(&result.to_string())
                .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
            assert_eq!(receipts.receipts.len(), result.as_array().unwrap().len());
            // Each receipt's own bloom agrees with the one recomputed from its logs.
            for (receipt, json) in receipts.receipts.iter().zip(result.as_array().unwrap()) {
                let stated: Bloom = serde_json::from_value(json["logsBloom"].clone()).unwrap();
                assert_eq!(receipt.inner.logs_bloom, stated);
            }
            read += receipts.receipts.len();
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn raw_receipts_of_a_node_have_the_same_root_by_both_ways() {
    let Some(folder) = data::folder() else { return };
    let mut compared = 0;
    for path in data::files(&folder.join("rpc/erigon/debug_getRawReceipts")) {
        for result in recorded(&path) {
            let Some(items) = result.as_array() else {
                continue;
            };
            let receipts: Vec<ReceiptEnvelope> = items
                .iter()
                .map(|item| {
                    let bytes = alloy::hex::decode(item.as_str().unwrap()).unwrap();
                    ReceiptEnvelope::decode_2718(&mut bytes.as_slice()).unwrap()
                })
                .collect();
            let ours: Vec<TxReceipt> = receipts
                .iter()
                .map(|receipt| TxReceipt {
                    tx_hash: B256::ZERO,
                    block_hash: B256::ZERO,
                    from: None,
                    tx_type: receipt.tx_type() as u8,
                    first_log_index: None,
                    inner: receipt.as_receipt_with_bloom().unwrap().clone(),
                })
                .collect();
            assert_eq!(receipts_root(&ours), calculate_receipt_root(&receipts));
            compared += receipts.len();
        }
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn no_receipts_have_the_empty_root() {
    assert_eq!(
        receipts_root(&[]),
        b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
    );
}
