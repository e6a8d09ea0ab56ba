//! The JSON of blocks, receipts and logs, written straight into bytes.

use super::Sealed;
use super::seal::SealedTx;
use alloy::primitives::{Address, B256, Log, hex};

/// A log as `eth_getLogs` gives it, without a comma.
pub(crate) fn render_log(
    out: &mut Vec<u8>,
    block: &Sealed,
    tx: &SealedTx,
    tx_index: u64,
    log_index: u64,
    log: &Log,
) {
    out.extend_from_slice(b"{\"address\":");
    push_address(out, &log.address);
    out.extend_from_slice(b",\"topics\":[");
    for (i, topic) in log.data.topics().iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_hash(out, topic);
    }
    out.extend_from_slice(b"],\"data\":");
    push_hex(out, &log.data.data);
    out.extend_from_slice(b",\"blockHash\":");
    push_hash(out, &block.hash);
    out.extend_from_slice(b",\"blockNumber\":");
    push_quantity(out, block.header.number);
    out.extend_from_slice(b",\"blockTimestamp\":");
    push_quantity(out, block.header.timestamp);
    out.extend_from_slice(b",\"transactionHash\":");
    push_hash(out, &tx.hash);
    out.extend_from_slice(b",\"transactionIndex\":");
    push_quantity(out, tx_index);
    out.extend_from_slice(b",\"logIndex\":");
    push_quantity(out, log_index);
    out.extend_from_slice(b",\"removed\":false}");
}

/// A receipt up to its logs: the logs and `]}` complete it.
pub(crate) fn render_frame(out: &mut Vec<u8>, block: &Sealed, tx: &SealedTx, tx_index: u64) {
    out.extend_from_slice(b"{\"type\":\"0x2\",\"status\":\"0x1\",\"cumulativeGasUsed\":");
    push_quantity(out, tx.receipt.cumulative_gas_used());
    out.extend_from_slice(b",\"gasUsed\":");
    push_quantity(out, tx.gas_used);
    out.extend_from_slice(b",\"effectiveGasPrice\":\"0x1dcd65000\",\"from\":");
    push_optional_address(out, tx.from.as_ref());
    out.extend_from_slice(b",\"to\":");
    push_optional_address(out, tx.to.as_ref());
    out.extend_from_slice(b",\"contractAddress\":null,\"transactionHash\":");
    push_hash(out, &tx.hash);
    out.extend_from_slice(b",\"transactionIndex\":");
    push_quantity(out, tx_index);
    out.extend_from_slice(b",\"blockHash\":");
    push_hash(out, &block.hash);
    out.extend_from_slice(b",\"blockNumber\":");
    push_quantity(out, block.header.number);
    out.extend_from_slice(b",\"logsBloom\":");
    push_hex(out, tx.receipt.logs_bloom().as_slice());
    out.extend_from_slice(b",\"logs\":[");
}

/// A block without transaction bodies; answers the length of its header part,
/// which `}` completes to a header.
pub(crate) fn render_block(out: &mut Vec<u8>, block: &Sealed) -> usize {
    let begin = out.len();
    let header = &block.header;
    out.extend_from_slice(b"{\"hash\":");
    push_hash(out, &block.hash);
    for (name, value) in [
        ("parentHash", header.parent_hash),
        ("sha3Uncles", header.ommers_hash),
        ("stateRoot", header.state_root),
        ("transactionsRoot", header.transactions_root),
        ("receiptsRoot", header.receipts_root),
        ("mixHash", header.mix_hash),
        (
            "withdrawalsRoot",
            header.withdrawals_root.unwrap_or_default(),
        ),
        (
            "parentBeaconBlockRoot",
            header.parent_beacon_block_root.unwrap_or_default(),
        ),
    ] {
        push_name(out, name);
        push_hash(out, &value);
    }
    for (name, value) in [
        ("number", header.number),
        ("timestamp", header.timestamp),
        ("gasLimit", header.gas_limit),
        ("gasUsed", header.gas_used),
        ("baseFeePerGas", header.base_fee_per_gas.unwrap_or_default()),
        ("blobGasUsed", header.blob_gas_used.unwrap_or_default()),
        ("excessBlobGas", header.excess_blob_gas.unwrap_or_default()),
        ("difficulty", 0),
    ] {
        push_name(out, name);
        push_quantity(out, value);
    }
    push_name(out, "miner");
    push_address(out, &header.beneficiary);
    push_name(out, "nonce");
    push_hex(out, header.nonce.as_slice());
    push_name(out, "extraData");
    push_hex(out, &header.extra_data);
    push_name(out, "logsBloom");
    push_hex(out, header.logs_bloom.as_slice());
    let header_len = out.len() - begin;
    push_name(out, "size");
    push_quantity(out, 600 + 150 * block.txs.len() as u64);
    out.extend_from_slice(b",\"uncles\":[],\"withdrawals\":[],\"transactions\":[");
    for (i, tx) in block.txs.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_hash(out, &tx.hash);
    }
    out.extend_from_slice(b"]}");
    header_len
}

/// A quoted 20-byte address.
fn push_address(out: &mut Vec<u8>, address: &Address) {
    push_hex(out, address.as_slice());
}

/// A quoted 32-byte hash.
fn push_hash(out: &mut Vec<u8>, hash: &B256) {
    push_hex(out, hash.as_slice());
}

/// Quoted bytes with `0x`.
fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"\"0x");
    let at = out.len();
    out.resize(at + 2 * bytes.len(), 0);
    // The room is exactly twice the bytes, so encoding cannot fail.
    let _ = hex::encode_to_slice(bytes, &mut out[at..]);
    out.push(b'"');
}

/// A quoted quantity: hex without leading zeros.
fn push_quantity(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(b"\"0x");
    let digits = (64 - value.leading_zeros()).div_ceil(4).max(1);
    for i in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(value >> (4 * i) & 0xf) as usize]);
    }
    out.push(b'"');
}

fn push_optional_address(out: &mut Vec<u8>, address: Option<&Address>) {
    match address {
        Some(address) => push_address(out, address),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_no_leading_zeros() {
        for (value, text) in [
            (0, "\"0x0\""),
            (15, "\"0xf\""),
            (16, "\"0x10\""),
            (0x1234_5678_9abc_def0, "\"0x123456789abcdef0\""),
            (u64::MAX, "\"0xffffffffffffffff\""),
        ] {
            let mut out = Vec::new();
            push_quantity(&mut out, value);
            assert_eq!(out, text.as_bytes());
        }
    }
}
