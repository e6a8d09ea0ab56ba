//! Every block recomputes from what is served of it, by alloy's types.

use crate::support::{Served, generate, small};
use alloy::consensus::proofs::calculate_receipt_root;
use alloy::primitives::{B256, Bloom};
use alloy::rpc::types::{Block, TransactionReceipt};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegauge_simchain::ServeOptions;

/// Panics unless hash, parent, receipts root, bloom and log indexes hold.
pub(crate) fn check_block(block: &Value, receipts: &Value, parent: Option<B256>) -> B256 {
    let listed: Vec<B256> = serde_json::from_value(block["transactions"].clone()).unwrap();
    let block: Block = serde_json::from_value(block.clone()).unwrap();
    assert_eq!(block.header.inner.hash_slow(), block.header.hash);
    if let Some(parent) = parent {
        assert_eq!(block.header.inner.parent_hash, parent);
    }
    let mut receipts = receipts.clone();
    for receipt in receipts.as_array_mut().unwrap() {
        // A replay does not know it; the type insists.
        if receipt["from"].is_null() {
            receipt["from"] = json!("0x0000000000000000000000000000000000000000");
        }
    }
    let receipts: Vec<TransactionReceipt> = serde_json::from_value(receipts).unwrap();
    let hashes: Vec<B256> = receipts.iter().map(|r| r.transaction_hash).collect();
    assert_eq!(listed, hashes);
    let mut bloom = Bloom::ZERO;
    let mut log_index = 0;
    for (n, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt.transaction_index, Some(n as u64));
        assert_eq!(receipt.block_hash, Some(block.header.hash));
        for log in receipt.inner.logs() {
            assert_eq!(log.log_index, Some(log_index));
            assert_eq!(log.transaction_hash, Some(receipt.transaction_hash));
            assert_eq!(log.block_timestamp, Some(block.header.inner.timestamp));
            bloom.accrue_log(&log.inner);
            log_index += 1;
        }
    }
    assert_eq!(bloom, block.header.inner.logs_bloom);
    let consensus: Vec<_> = receipts
        .into_iter()
        .map(|r| r.inner.map_logs(|log| log.inner))
        .collect();
    assert_eq!(
        calculate_receipt_root(&consensus),
        block.header.inner.receipts_root
    );
    block.header.hash
}

#[tokio::test]
async fn every_block_recomputes_and_links() {
    let (chain, _folder) = generate(&small(11));
    let chain = Arc::new(chain);
    chain
        .grow_until(tidegauge_model::UnixSeconds(1_772_431_200 + 3_000))
        .unwrap();
    let head = chain.range().to.0;
    assert_eq!(head, 610);
    let served = Served::new(chain, ServeOptions::default()).await;
    let mut parent = None;
    let mut empty = 0;
    for from in (0..=head).step_by(50) {
        let numbers: Vec<u64> = (from..=head.min(from + 49)).collect();
        let batch: Vec<Value> = numbers
            .iter()
            .flat_map(|n| {
                let tag = format!("{n:#x}");
                [
                    json!({"jsonrpc": "2.0", "id": 2 * n, "method": "eth_getBlockByNumber", "params": [tag, false]}),
                    json!({"jsonrpc": "2.0", "id": 2 * n + 1, "method": "eth_getBlockReceipts", "params": [tag]}),
                ]
            })
            .collect();
        let answers = served.post(json!(batch).to_string()).await;
        let answers = answers.as_array().unwrap();
        assert_eq!(answers.len(), 2 * numbers.len());
        for (n, pair) in numbers.iter().zip(answers.chunks(2)) {
            assert_eq!(pair[0]["id"], 2 * n);
            let (block, receipts) = (&pair[0]["result"], &pair[1]["result"]);
            empty += usize::from(receipts.as_array().unwrap().is_empty());
            parent = Some(check_block(block, receipts, parent));
        }
    }
    assert!(empty > 5, "some blocks hold nothing: {empty}");
}
