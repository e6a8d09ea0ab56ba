//! Sealing: roots, bloom, header, hash.

use super::Draft;
use alloy::consensus::constants::EMPTY_WITHDRAWALS;
use alloy::consensus::proofs::{calculate_receipt_root, ordered_trie_root_with_encoder};
use alloy::consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom,
};
use alloy::primitives::{Address, B64, B256, Bloom, Bytes, Log, U256, keccak256};

/// Gas a block may use.
const GAS_LIMIT: u64 = 300_000_000;

/// A block with its header, whose hash is the keccak of its fields.
pub(crate) struct Sealed {
    pub(crate) header: Header,
    pub(crate) hash: B256,
    pub(crate) txs: Vec<SealedTx>,
}

/// A transaction of a sealed block.
pub(crate) struct SealedTx {
    pub(crate) hash: B256,
    pub(crate) from: Option<Address>,
    pub(crate) to: Option<Address>,
    pub(crate) gas_used: u64,
    pub(crate) receipt: ReceiptEnvelope,
}

impl SealedTx {
    /// Its logs.
    pub(crate) fn logs(&self) -> &[Log] {
        self.receipt.logs()
    }
}

/// Seals a draft upon its parent.
pub(crate) fn seal(draft: Draft, parent: B256) -> Sealed {
    let number = draft.number.0;
    let transactions_root =
        ordered_trie_root_with_encoder(&draft.txs, |tx, out| out.extend_from_slice(&tx.encoded));
    let mut gas_used = 0;
    let mut logs_bloom = Bloom::ZERO;
    let mut receipts = Vec::with_capacity(draft.txs.len());
    let mut heads = Vec::with_capacity(draft.txs.len());
    for tx in draft.txs {
        gas_used += tx.gas_used;
        let receipt = Receipt {
            status: Eip658Value::Eip658(true),
            cumulative_gas_used: gas_used,
            logs: tx.logs,
        };
        let mut bloom = Bloom::ZERO;
        for log in &receipt.logs {
            bloom.accrue_log(log);
        }
        logs_bloom |= bloom;
        receipts.push(ReceiptEnvelope::Eip1559(ReceiptWithBloom::new(
            receipt, bloom,
        )));
        heads.push((tx.hash, tx.from, tx.to, tx.gas_used));
    }
    let header = Header {
        parent_hash: parent,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: Address::repeat_byte(0xb1),
        // No state is kept: the root is a placeholder that differs by block.
        state_root: keccak256(number.to_be_bytes()),
        transactions_root,
        receipts_root: calculate_receipt_root(&receipts),
        logs_bloom,
        difficulty: U256::ZERO,
        number,
        gas_limit: GAS_LIMIT.max(gas_used),
        gas_used,
        timestamp: draft.timestamp.0,
        extra_data: extra_data(draft.branch),
        mix_hash: keccak256(draft.timestamp.0.to_be_bytes()),
        nonce: B64::ZERO,
        base_fee_per_gas: Some(7_000_000_000),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        ..Header::default()
    };
    let hash = header.hash_slow();
    let txs = heads
        .into_iter()
        .zip(receipts)
        .map(|((hash, from, to, gas_used), receipt)| SealedTx {
            hash,
            from,
            to,
            gas_used,
            receipt,
        })
        .collect();
    Sealed { header, hash, txs }
}

fn extra_data(branch: u32) -> Bytes {
    match branch {
        0 => Bytes::from_static(b"tidegauge"),
        _ => format!("tidegauge {branch}").into_bytes().into(),
    }
}
