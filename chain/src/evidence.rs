//! What stands behind a block: its hash, its parent, its bloom, its receipts root.

use crate::{
    abi::TOPICS,
    decode::{Event, EventKind},
    header::{StatedHeader, VerifiedHeader},
    logs::LogRecord,
    receipts::{BlockReceipts, TxReceipt},
};
use alloy::{
    consensus::{Header, RlpEncodableReceipt},
    primitives::{Address, B256, Bloom, BloomInput, I256},
    trie::root::ordered_trie_root_with_encoder,
};
use tidegauge_model::{BlockNumber, LiquidityChange};

/// A block whose parts do not agree.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The header does not hash to the hash stated.
    #[error("header of block {block} hashes to {computed}, not to {stated}")]
    HeaderHash {
        /// The block.
        block: BlockNumber,
        /// As stated.
        stated: B256,
        /// As computed.
        computed: B256,
    },
    /// Another block than the one asked for.
    #[error("block {found} in reply to the question for block {asked}")]
    Number {
        /// Asked for.
        asked: BlockNumber,
        /// Received.
        found: BlockNumber,
    },
    /// A block that does not follow the one before it.
    #[error("block {block} has parent {found}, but the block before it has hash {expected}")]
    Parent {
        /// The block.
        block: BlockNumber,
        /// The hash of the block before.
        expected: B256,
        /// The parent it names.
        found: B256,
    },
    /// Receipts that are not those of the block's transactions.
    #[error("receipts of block {block}: {problem}")]
    Receipts {
        /// The block.
        block: BlockNumber,
        /// What is wrong.
        problem: String,
    },
    /// The receipts do not have the root in the header.
    #[error("receipts root of block {block} is {computed}, but its header says {stated}")]
    ReceiptsRoot {
        /// The block.
        block: BlockNumber,
        /// As stated.
        stated: B256,
        /// As computed.
        computed: B256,
    },
    /// The logs do not have the bloom in the header.
    #[error("logs of block {block} do not have the bloom in its header")]
    Bloom {
        /// The block.
        block: BlockNumber,
    },
}

/// Recomputes a header's hash.
///
/// # Errors
/// If it is not the one stated.
pub fn check_hash(stated: StatedHeader) -> Result<VerifiedHeader, EvidenceError> {
    let computed = stated.inner.hash_slow();
    if computed != stated.hash {
        return Err(EvidenceError::HeaderHash {
            block: BlockNumber(stated.inner.number),
            stated: stated.hash,
            computed,
        });
    }
    Ok(VerifiedHeader {
        inner: stated.inner,
        hash: stated.hash,
        transactions: stated.transactions,
    })
}

/// Checks that a header is that of `asked` and, where the hash before is known, follows it.
///
/// # Errors
/// Another height, or another parent.
pub fn check_place(
    header: &VerifiedHeader,
    asked: BlockNumber,
    before: Option<B256>,
) -> Result<(), EvidenceError> {
    let found = BlockNumber(header.inner.number);
    if found != asked {
        return Err(EvidenceError::Number { asked, found });
    }
    match before {
        Some(expected) if expected != header.inner.parent_hash => Err(EvidenceError::Parent {
            block: asked,
            expected,
            found: header.inner.parent_hash,
        }),
        _ => Ok(()),
    }
}

/// Checks that receipts are those of the header's transactions, and recomputes
/// bloom and root from them.
///
/// # Errors
/// What does not agree.
pub fn check_receipts(
    header: &VerifiedHeader,
    receipts: &BlockReceipts,
) -> Result<(), EvidenceError> {
    let block = BlockNumber(header.inner.number);
    let problem = |problem: String| EvidenceError::Receipts { block, problem };
    let (found, expected) = (receipts.receipts.len(), header.transactions.len());
    if found != expected {
        return Err(problem(format!(
            "{found} receipts of {expected} transactions"
        )));
    }
    let mut next_log = 0;
    for (receipt, tx) in receipts.receipts.iter().zip(&header.transactions) {
        if receipt.tx_hash != *tx {
            return Err(problem(format!(
                "a receipt of {} in the place of {tx}",
                receipt.tx_hash
            )));
        }
        if receipt.block_hash != header.hash {
            return Err(problem(format!(
                "a receipt of block {}",
                receipt.block_hash
            )));
        }
        if let Some(first) = receipt.first_log_index {
            if first != next_log {
                return Err(problem(format!("log {first} in the place of {next_log}")));
            }
            next_log += u32::try_from(receipt.inner.receipt.logs.len()).unwrap_or(u32::MAX);
        }
    }
    check_roots(&header.inner, &receipts.receipts)
}

/// Recomputes bloom and root of receipts.
///
/// # Errors
/// The first that the header contradicts.
pub fn check_roots(header: &Header, receipts: &[TxReceipt]) -> Result<(), EvidenceError> {
    let block = BlockNumber(header.number);
    let computed = receipts_root(receipts);
    if computed != header.receipts_root {
        return Err(EvidenceError::ReceiptsRoot {
            block,
            stated: header.receipts_root,
            computed,
        });
    }
    let bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| {
        bloom | receipt.inner.logs_bloom
    });
    if bloom != header.logs_bloom {
        return Err(EvidenceError::Bloom { block });
    }
    Ok(())
}

/// Whether a block with this bloom can hold this log: its emitter, its first topic and,
/// where it was decoded, its indexed fields.
pub fn is_in_bloom(bloom: &Bloom, log: &LogRecord) -> bool {
    let holds = |item: &[u8]| bloom.contains_input(BloomInput::Raw(item));
    let mut kinds = EventKind::ALL.iter().zip(TOPICS);
    holds(log.emitter.as_slice())
        && kinds.any(|(kind, topic)| *kind == log.kind && holds(topic.as_slice()))
        && indexed(log).iter().all(|topic| holds(topic.as_slice()))
}

/// The topics after the first; none where the log is not the event that it announces.
fn indexed(log: &LogRecord) -> Vec<B256> {
    let address = |address: &Address| address.into_word();
    let tick = |tick: &i32| {
        let word = I256::try_from(*tick).unwrap_or_default();
        B256::new(word.to_be_bytes())
    };
    match &log.event {
        Ok(Event::Swap(swap)) => vec![address(&swap.sender), address(&swap.recipient)],
        Ok(Event::Change(change)) => match change {
            LiquidityChange::Mint {
                owner,
                tick_lower,
                tick_upper,
                ..
            }
            | LiquidityChange::Burn {
                owner,
                tick_lower,
                tick_upper,
                ..
            }
            | LiquidityChange::Collect {
                owner,
                tick_lower,
                tick_upper,
                ..
            } => vec![address(owner), tick(tick_lower), tick(tick_upper)],
            LiquidityChange::Flash {
                sender, recipient, ..
            }
            | LiquidityChange::CollectProtocol {
                sender, recipient, ..
            } => vec![address(sender), address(recipient)],
            LiquidityChange::Initialize { .. } | LiquidityChange::SetFeeProtocol { .. } => vec![],
        },
        Ok(Event::Created(pool)) => {
            let fee = B256::left_padding_from(&pool.fee_pips.to_be_bytes());
            vec![address(&pool.token0), address(&pool.token1), fee]
        }
        Err(_) => vec![],
    }
}

/// The root of the trie of receipts.
///
/// `alloy::consensus::proofs::calculate_receipt_root` knows the transaction types of
/// its release; the encoding below is the same for all of them, later ones included.
pub fn receipts_root(receipts: &[TxReceipt]) -> B256 {
    ordered_trie_root_with_encoder(receipts, |receipt, out| {
        if receipt.tx_type != 0 {
            out.push(receipt.tx_type);
        }
        receipt
            .inner
            .receipt
            .rlp_encode_with_bloom(&receipt.inner.logs_bloom, out);
    })
}
