//! Blocks, verdicts, tokens, coverage, notices and positions.

use super::{read, write};
use crate::codec_error::CodecError;
use crate::keys::{parse_address_key, parse_block_key, parse_dispute_key, parse_sequence_key};
use crate::notice::{MirrorPosition, Notice, NoticeKind, Sequence};
use bincode::{Decode, Encode};
use tidegauge_model::{
    B256, BlockNumber, BlockRange, BlockRecord, BlockRef, Coverage, Dispute, Evidence, LogIndex,
    Pool, PoolActivity, PoolId, PoolOrigin, PoolVerdict, Refusal, Tally, Token, UnixSeconds,
};

const BLOCK_VERSION: u8 = 1;
const VERDICT_VERSION: u8 = 1;
const TOKEN_VERSION: u8 = 1;
const COVERAGE_VERSION: u8 = 1;
const NOTICE_VERSION: u8 = 1;
const POSITION_VERSION: u8 = 1;
const DISPUTE_VERSION: u8 = 1;

#[derive(Encode, Decode, Clone, Copy)]
pub(super) struct TallyValue {
    received: u64,
    decoded: u64,
    refused: u64,
}

#[derive(Encode, Decode, Clone, Copy)]
pub(super) struct BlockRefValue {
    number: u64,
    hash: [u8; 32],
}

#[derive(Encode, Decode)]
struct BlockValue {
    hash: [u8; 32],
    parent: Option<[u8; 32]>,
    timestamp: u64,
    pools: Vec<ActivityValue>,
    row_digest: [u8; 32],
    tally: TallyValue,
}

#[derive(Encode, Decode)]
struct ActivityValue {
    pool: [u8; 20],
    swaps: u32,
    liquidity: u32,
}

pub(crate) fn encode_block(record: &BlockRecord, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = BlockValue {
        hash: record.hash.0,
        parent: record.parent.map(|p| p.0),
        timestamp: record.timestamp.0,
        pools: record
            .pools
            .iter()
            .map(|a| ActivityValue {
                pool: a.pool.0.0.0,
                swaps: a.swaps,
                liquidity: a.liquidity,
            })
            .collect(),
        row_digest: record.row_digest.0,
        tally: record.tally.into(),
    };
    write(BLOCK_VERSION, &value, out)
}

pub(crate) fn decode_block(
    key: &[u8],
    bytes: &[u8],
) -> Result<(BlockNumber, BlockRecord), CodecError> {
    let number = parse_block_key(key)?;
    let value: BlockValue = read(BLOCK_VERSION, bytes)?;
    let pools: Vec<_> = value
        .pools
        .iter()
        .map(|a| PoolActivity {
            pool: PoolId(a.pool.into()),
            swaps: a.swaps,
            liquidity: a.liquidity,
        })
        .collect();
    if !pools.is_sorted_by(|a, b| a.pool < b.pool) {
        return Err(CodecError::Impossible("pools"));
    }
    Ok((
        number,
        BlockRecord {
            hash: value.hash.into(),
            parent: value.parent.map(B256::new),
            timestamp: UnixSeconds(value.timestamp),
            pools,
            row_digest: value.row_digest.into(),
            tally: value.tally.into(),
        },
    ))
}

/// The order of the variants is part of the format: new ones go to the end.
#[derive(Encode, Decode)]
enum VerdictValue {
    Accepted {
        factory: [u8; 20],
        token0: [u8; 20],
        token1: [u8; 20],
        fee_pips: u32,
        tick_spacing: i32,
        created: Option<(u64, u32)>,
    },
    Refused(RefusalValue),
}

#[derive(Encode, Decode)]
enum RefusalValue {
    NotAPool,
    ForeignFactory,
    DecimalsMissing,
    DecimalsAbsurd,
}

pub(crate) fn encode_verdict(verdict: &PoolVerdict, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = match verdict {
        PoolVerdict::Accepted(pool) => VerdictValue::Accepted {
            factory: pool.factory.0.0,
            token0: pool.token0.0.0,
            token1: pool.token1.0.0,
            fee_pips: pool.fee_pips,
            tick_spacing: pool.tick_spacing,
            created: match pool.origin {
                PoolOrigin::Created { block, log_index } => Some((block.0, log_index.0)),
                PoolOrigin::Create2 => None,
            },
        },
        PoolVerdict::Refused { refusal, .. } => VerdictValue::Refused(match refusal {
            Refusal::NotAPool => RefusalValue::NotAPool,
            Refusal::ForeignFactory => RefusalValue::ForeignFactory,
            Refusal::DecimalsMissing => RefusalValue::DecimalsMissing,
            Refusal::DecimalsAbsurd => RefusalValue::DecimalsAbsurd,
        }),
    };
    write(VERDICT_VERSION, &value, out)
}

pub(crate) fn decode_verdict(key: &[u8], bytes: &[u8]) -> Result<PoolVerdict, CodecError> {
    let id = PoolId(parse_address_key(key)?);
    Ok(match read(VERDICT_VERSION, bytes)? {
        VerdictValue::Accepted {
            factory,
            token0,
            token1,
            fee_pips,
            tick_spacing,
            created,
        } => PoolVerdict::Accepted(Pool {
            id,
            factory: factory.into(),
            token0: token0.into(),
            token1: token1.into(),
            fee_pips,
            tick_spacing,
            origin: created.map_or(PoolOrigin::Create2, |(block, log_index)| {
                PoolOrigin::Created {
                    block: BlockNumber(block),
                    log_index: LogIndex(log_index),
                }
            }),
        }),
        VerdictValue::Refused(refusal) => PoolVerdict::Refused {
            id,
            refusal: match refusal {
                RefusalValue::NotAPool => Refusal::NotAPool,
                RefusalValue::ForeignFactory => Refusal::ForeignFactory,
                RefusalValue::DecimalsMissing => Refusal::DecimalsMissing,
                RefusalValue::DecimalsAbsurd => Refusal::DecimalsAbsurd,
            },
        },
    })
}

#[derive(Encode, Decode)]
struct TokenValue {
    symbol: Option<String>,
    name: Option<String>,
    decimals: u8,
}

pub(crate) fn encode_token(token: &Token, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = TokenValue {
        symbol: token.symbol.clone(),
        name: token.name.clone(),
        decimals: token.decimals,
    };
    write(TOKEN_VERSION, &value, out)
}

pub(crate) fn decode_token(key: &[u8], bytes: &[u8]) -> Result<Token, CodecError> {
    let address = parse_address_key(key)?;
    let value: TokenValue = read(TOKEN_VERSION, bytes)?;
    Ok(Token {
        address,
        symbol: value.symbol,
        name: value.name,
        decimals: value.decimals,
    })
}

#[derive(Encode, Decode)]
struct CoverageValue {
    to: u64,
    evidence: EvidenceValue,
    parent: [u8; 32],
    end_hash: [u8; 32],
    tally: TallyValue,
}

#[derive(Encode, Decode)]
enum EvidenceValue {
    Claimed,
    Bloom,
    Receipts,
}

pub(crate) fn encode_coverage(coverage: &Coverage, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = CoverageValue {
        to: coverage.range.to.0,
        evidence: match coverage.evidence {
            Evidence::Claimed => EvidenceValue::Claimed,
            Evidence::Bloom => EvidenceValue::Bloom,
            Evidence::Receipts => EvidenceValue::Receipts,
        },
        parent: coverage.parent.0,
        end_hash: coverage.end_hash.0,
        tally: coverage.tally.into(),
    };
    write(COVERAGE_VERSION, &value, out)
}

pub(crate) fn decode_coverage(key: &[u8], bytes: &[u8]) -> Result<Coverage, CodecError> {
    let from = parse_block_key(key)?;
    let value: CoverageValue = read(COVERAGE_VERSION, bytes)?;
    Ok(Coverage {
        range: BlockRange::new(from, BlockNumber(value.to)).ok_or(CodecError::Impossible("to"))?,
        evidence: match value.evidence {
            EvidenceValue::Claimed => Evidence::Claimed,
            EvidenceValue::Bloom => Evidence::Bloom,
            EvidenceValue::Receipts => Evidence::Receipts,
        },
        parent: value.parent.into(),
        end_hash: value.end_hash.into(),
        tally: value.tally.into(),
    })
}

#[derive(Encode, Decode)]
struct NoticeValue {
    kind: NoticeKindValue,
    from: u64,
    to: u64,
    tip: BlockRefValue,
}

/// The order of the variants is part of the format: new ones go to the end.
#[derive(Encode, Decode)]
enum NoticeKindValue {
    Committed,
    Unwound,
    Repaired,
}

pub(crate) fn encode_notice(notice: &Notice, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = NoticeValue {
        kind: match notice.kind {
            NoticeKind::Committed => NoticeKindValue::Committed,
            NoticeKind::Unwound => NoticeKindValue::Unwound,
            NoticeKind::Repaired => NoticeKindValue::Repaired,
        },
        from: notice.range.from.0,
        to: notice.range.to.0,
        tip: notice.tip.into(),
    };
    write(NOTICE_VERSION, &value, out)
}

pub(crate) fn decode_notice(key: &[u8], bytes: &[u8]) -> Result<Notice, CodecError> {
    let sequence = parse_sequence_key(key)?;
    let value: NoticeValue = read(NOTICE_VERSION, bytes)?;
    Ok(Notice {
        sequence,
        kind: match value.kind {
            NoticeKindValue::Committed => NoticeKind::Committed,
            NoticeKindValue::Unwound => NoticeKind::Unwound,
            NoticeKindValue::Repaired => NoticeKind::Repaired,
        },
        range: BlockRange::new(BlockNumber(value.from), BlockNumber(value.to))
            .ok_or(CodecError::Impossible("to"))?,
        tip: value.tip.into(),
    })
}

#[derive(Encode, Decode)]
struct PositionValue {
    sequence: u64,
    at: BlockRefValue,
}

pub(crate) fn encode_position(
    position: &MirrorPosition,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let value = PositionValue {
        sequence: position.sequence.0,
        at: position.at.into(),
    };
    write(POSITION_VERSION, &value, out)
}

pub(crate) fn decode_position(
    key: &[u8],
    bytes: &[u8],
) -> Result<(String, MirrorPosition), CodecError> {
    let mirror = String::from_utf8(key.to_vec()).map_err(|_| CodecError::Impossible("mirror"))?;
    let value: PositionValue = read(POSITION_VERSION, bytes)?;
    Ok((
        mirror,
        MirrorPosition {
            sequence: Sequence(value.sequence),
            at: value.at.into(),
        },
    ))
}

/// The key says it all; the value holds room for more.
pub(crate) fn encode_dispute(out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(DISPUTE_VERSION, &(), out)
}

pub(crate) fn decode_dispute(key: &[u8], bytes: &[u8]) -> Result<Dispute, CodecError> {
    let () = read(DISPUTE_VERSION, bytes)?;
    parse_dispute_key(key)
}

impl From<Tally> for TallyValue {
    fn from(tally: Tally) -> Self {
        Self {
            received: tally.received,
            decoded: tally.decoded,
            refused: tally.refused,
        }
    }
}

impl From<TallyValue> for Tally {
    fn from(value: TallyValue) -> Self {
        Self {
            received: value.received,
            decoded: value.decoded,
            refused: value.refused,
        }
    }
}

impl From<BlockRef> for BlockRefValue {
    fn from(block: BlockRef) -> Self {
        Self {
            number: block.number.0,
            hash: block.hash.0,
        }
    }
}

impl From<BlockRefValue> for BlockRef {
    fn from(value: BlockRefValue) -> Self {
        Self {
            number: BlockNumber(value.number),
            hash: value.hash.into(),
        }
    }
}
