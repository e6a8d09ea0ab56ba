//! A block before it is sealed.

use alloy::consensus::TxEip1559;
use alloy::consensus::transaction::RlpEcdsaEncodableTx;
use alloy::primitives::{Address, B256, Bytes, Log, Signature, TxKind, U256, keccak256};
use tidegauge_model::{BlockNumber, UnixSeconds};

/// What happens in a block.
pub(crate) struct Draft {
    pub(crate) number: BlockNumber,
    pub(crate) timestamp: UnixSeconds,
    /// 0, or the reorganisation that it came with: marks the header, so that equal contents differ by hash.
    pub(crate) branch: u32,
    pub(crate) txs: Vec<DraftTx>,
}

/// A transaction with its logs.
pub(crate) struct DraftTx {
    pub(crate) hash: B256,
    /// What the transactions root is over.
    pub(crate) encoded: Vec<u8>,
    /// Unknown in a replay.
    pub(crate) from: Option<Address>,
    pub(crate) to: Option<Address>,
    pub(crate) gas_used: u64,
    pub(crate) logs: Vec<Log>,
}

impl DraftTx {
    /// A dynamic-fee call of `to`; the signature is `noise`, not `from`'s.
    pub(crate) fn call(
        chain_id: u64,
        from: Address,
        nonce: u64,
        to: Address,
        noise: [u64; 4],
        logs: Vec<Log>,
    ) -> Self {
        let gas_used = 46_000 + 62_000 * logs.len() as u64;
        let tx = TxEip1559 {
            chain_id,
            nonce,
            gas_limit: gas_used + gas_used / 4,
            max_fee_per_gas: 40_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value: U256::ZERO,
            access_list: Default::default(),
            input: Bytes::from_static(&[0x35, 0x93, 0x56, 0x4c]),
        };
        let signature = Signature::new(
            U256::from_limbs([noise[0], noise[1], noise[2], noise[3] >> 1 | 1]),
            U256::from_limbs([noise[3], noise[2], noise[1], noise[0] >> 2 | 1]),
            noise[0] & 1 == 1,
        );
        let mut encoded = Vec::with_capacity(160);
        tx.eip2718_encode(&signature, &mut encoded);
        Self {
            hash: keccak256(&encoded),
            encoded,
            from: Some(from),
            to: Some(to),
            gas_used,
            logs,
        }
    }

    /// A recorded transaction of which only the hash and some logs are known:
    /// the hash itself, as a byte string, stands for it in the transactions root.
    pub(crate) fn recorded(hash: B256, logs: Vec<Log>) -> Self {
        Self {
            hash,
            encoded: alloy::rlp::encode(hash),
            from: None,
            to: None,
            gas_used: 21_000,
            logs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::consensus::TxEnvelope;
    use alloy::eips::eip2718::Decodable2718;

    #[test]
    fn a_call_decodes_to_itself_and_hashes_to_its_hash() {
        let to = Address::repeat_byte(7);
        let tx = DraftTx::call(1337, Address::ZERO, 5, to, [1, 2, 3, 4], Vec::new());
        let read = TxEnvelope::decode_2718(&mut tx.encoded.as_slice()).unwrap();
        assert_eq!(*read.tx_hash(), tx.hash);
    }
}
