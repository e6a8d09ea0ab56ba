//! Golden bytes of every value type, and proofs that decoding inverts encoding and never panics.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::families::Family;
use crate::generation::Generation;
use crate::head::{Counters, Derived, FIRST_SEQUENCE, Head, Rebuilding};
use crate::keys::{block_key, dispute_key, row_key, sequence_key};
use crate::notice::{MirrorPosition, Notice, NoticeKind, Sequence};
use proptest::prelude::*;
use tidegauge_features::Horizon;
use tidegauge_model::{
    Address, B256, BlockNumber, BlockRange, BlockRecord, BlockRef, Coverage, Dispute, Evidence,
    I256, LiquidityChange, LiquidityEvent, LogIndex, Pool, PoolActivity, PoolId, PoolOrigin,
    PoolVerdict, RawAmount, Refusal, SqrtPriceX96, Swap, Tally, Token, TxIndex, U256, UnixSeconds,
};

fn hex(encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>) -> String {
    let mut out = Vec::new();
    encode(&mut out).unwrap();
    alloy_primitives::hex::encode(out)
}

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn hash(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

fn swap() -> Swap {
    Swap {
        pool: PoolId(address(0xab)),
        block: BlockNumber(18_937_000),
        log_index: LogIndex(7),
        tx_hash: hash(0x0c),
        tx_index: TxIndex(300),
        timestamp: UnixSeconds(1_704_412_811),
        sender: address(0x11),
        recipient: address(0x22),
        origin: Some(address(0x33)),
        amount0: RawAmount(I256::try_from(-250).unwrap()),
        amount1: RawAmount(I256::try_from(128).unwrap()),
        sqrt_price: SqrtPriceX96(U256::from(1u64) << 96),
        liquidity: 0xdead_beef,
        tick: -200_000,
    }
}

fn event(change: LiquidityChange) -> LiquidityEvent {
    LiquidityEvent {
        pool: PoolId(address(0xab)),
        block: BlockNumber(1),
        log_index: LogIndex(2),
        tx_hash: hash(0x0c),
        tx_index: TxIndex(3),
        timestamp: UnixSeconds(4),
        origin: None,
        change,
    }
}

fn changes() -> Vec<LiquidityChange> {
    let n = |n: u64| U256::from(n);
    vec![
        LiquidityChange::Initialize {
            sqrt_price: SqrtPriceX96(n(256)),
            tick: 1,
        },
        LiquidityChange::Mint {
            sender: address(1),
            owner: address(2),
            tick_lower: -60,
            tick_upper: 60,
            amount: 5,
            amount0: n(6),
            amount1: n(0),
        },
        LiquidityChange::Burn {
            owner: address(2),
            tick_lower: -60,
            tick_upper: 60,
            amount: u128::MAX,
            amount0: n(6),
            amount1: U256::MAX,
        },
        LiquidityChange::Collect {
            owner: address(2),
            recipient: address(3),
            tick_lower: -60,
            tick_upper: 60,
            amount0: 1,
            amount1: 2,
        },
        LiquidityChange::Flash {
            sender: address(1),
            recipient: address(3),
            amount0: n(1),
            amount1: n(2),
            paid0: n(3),
            paid1: n(4),
        },
        LiquidityChange::SetFeeProtocol {
            old0: 0,
            old1: 0,
            new0: 4,
            new1: 6,
        },
        LiquidityChange::CollectProtocol {
            sender: address(1),
            recipient: address(3),
            amount0: 9,
            amount1: 0,
        },
    ]
}

fn tally() -> Tally {
    Tally {
        received: 3,
        decoded: 2,
        refused: 1,
    }
}

fn block_ref() -> BlockRef {
    BlockRef {
        number: BlockNumber(70_000),
        hash: hash(0xbb),
    }
}

fn derived() -> Derived {
    let horizon = |after| Some(Horizon { after });
    Derived {
        generation: Generation::Second,
        to: Some(BlockNumber(69_500)),
        horizon: horizon(Some(UnixSeconds(1_704_412_700))),
        time_before: Some(UnixSeconds(1_704_412_700)),
        time_after: Some(UnixSeconds(1_704_499_999)),
        rebuild: Some(Rebuilding {
            to: Some(BlockNumber(300)),
            horizon: horizon(None),
        }),
        leftover: true,
    }
}

fn head() -> Head {
    Head {
        start: Some(BlockNumber(1)),
        tip: Some(block_ref()),
        counters: Counters {
            swaps: 10,
            liquidity: 11,
            blocks: 12,
            pools_accepted: 13,
            pools_refused: 14,
            tokens: 15,
            disputes: 16,
            logs: tally(),
        },
        finalized: Some(BlockNumber(69_000)),
        first_sequence: FIRST_SEQUENCE,
        next_sequence: Sequence(5),
        journal_entries: 6,
        journal_bytes: 7,
        derived: derived(),
    }
}

/// Every value type with its bytes; a change of any is a new version, never a new golden.
#[test]
fn golden_bytes_hold() {
    let vectors = encoded();
    let golden = include_str!("golden.txt");
    let golden: Vec<(&str, &str)> = golden
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let found: Vec<(&str, &str)> = vectors.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(found, golden);
}

fn encoded() -> Vec<(&'static str, String)> {
    let created = PoolOrigin::Created {
        block: BlockNumber(12_369_621),
        log_index: LogIndex(24),
    };
    let pool = |origin| {
        PoolVerdict::Accepted(Pool {
            id: PoolId(address(0xab)),
            factory: address(0xfa),
            token0: address(1),
            token1: address(2),
            fee_pips: 500,
            tick_spacing: 10,
            origin,
        })
    };
    let block = BlockRecord {
        hash: hash(1),
        parent: Some(hash(2)),
        timestamp: UnixSeconds(1_704_412_811),
        pools: vec![PoolActivity {
            pool: PoolId(address(0xab)),
            swaps: 2,
            liquidity: 1,
        }],
        row_digest: hash(3),
        tally: tally(),
    };
    let coverage = |evidence| Coverage {
        range: BlockRange::new(BlockNumber(1), BlockNumber(70_000)).unwrap(),
        evidence,
        parent: hash(4),
        end_hash: hash(5),
        tally: tally(),
    };
    let notice = |kind| Notice {
        sequence: Sequence(9),
        kind,
        range: BlockRange::new(BlockNumber(1), BlockNumber(70_000)).unwrap(),
        tip: block_ref(),
    };
    let entry = JournalEntry {
        from: BlockNumber(70_001),
        before: Some(block_ref()),
        tally: tally(),
        touched: vec![
            Touched {
                family: Family::Swaps,
                key: vec![1, 2],
                before: None,
            },
            Touched {
                family: Family::Pools,
                key: vec![3],
                before: Some(vec![4, 5]),
            },
        ],
    };
    let mut all = vec![("swap", hex(|o| encode_swap(&swap(), o)))];
    for change in changes() {
        let name = change.name();
        all.push((name, hex(|o| encode_liquidity(&event(change), o))));
    }
    all.push(("block", hex(|o| encode_block(&block, o))));
    all.push(("created", hex(|o| encode_verdict(&pool(created), o))));
    all.push((
        "create2",
        hex(|o| encode_verdict(&pool(PoolOrigin::Create2), o)),
    ));
    for refusal in Refusal::ALL {
        let id = PoolId(address(1));
        let verdict = PoolVerdict::Refused { id, refusal };
        all.push((refusal.reason(), hex(|o| encode_verdict(&verdict, o))));
    }
    let token = Token {
        address: address(1),
        symbol: Some("WΞTH".to_owned()),
        name: None,
        decimals: 18,
    };
    all.push(("token", hex(|o| encode_token(&token, o))));
    for evidence in Evidence::ALL {
        all.push((
            evidence.name(),
            hex(|o| encode_coverage(&coverage(evidence), o)),
        ));
    }
    all.push((
        "committed",
        hex(|o| encode_notice(&notice(NoticeKind::Committed), o)),
    ));
    all.push((
        "unwound",
        hex(|o| encode_notice(&notice(NoticeKind::Unwound), o)),
    ));
    all.push((
        "repaired",
        hex(|o| encode_notice(&notice(NoticeKind::Repaired), o)),
    ));
    all.push(("dispute", hex(encode_dispute)));
    let position = MirrorPosition {
        sequence: Sequence(300),
        at: block_ref(),
    };
    all.push(("position", hex(|o| encode_position(&position, o))));
    all.push(("head", hex(|o| encode_head(&head(), o))));
    all.push(("empty head", hex(|o| encode_head(&Head::default(), o))));
    all.push(("journal", hex(|o| encode_journal(&entry, o))));
    all.push(("number", hex(|o| encode_number(1, o))));
    all.push(("uuid", hex(|o| encode_uuid(uuid::Uuid::from_u128(7), o))));

    // What was encoded reads back.
    let bytes = |name: &str| {
        let (_, hex) = all.iter().find(|(n, _)| *n == name).unwrap();
        alloy_primitives::hex::decode(hex).unwrap()
    };
    let row = |s: &Swap| row_key(s.pool, s.block, s.log_index);
    assert_eq!(decode_swap(&row(&swap()), &bytes("swap")), Ok(swap()));
    for change in changes() {
        let event = event(change);
        let key = row_key(event.pool, event.block, event.log_index);
        assert_eq!(
            decode_liquidity(&key, &bytes(event.change.name())),
            Ok(event)
        );
    }
    let at = |n| block_key(BlockNumber(n));
    assert_eq!(
        decode_block(&at(5), &bytes("block")),
        Ok((BlockNumber(5), block))
    );
    let key = address(0xab).0.0;
    assert_eq!(decode_verdict(&key, &bytes("created")), Ok(pool(created)));
    assert_eq!(
        decode_verdict(&key, &bytes("create2")),
        Ok(pool(PoolOrigin::Create2))
    );
    for refusal in Refusal::ALL {
        let id = PoolId(address(0xab));
        assert_eq!(
            decode_verdict(&key, &bytes(refusal.reason())),
            Ok(PoolVerdict::Refused { id, refusal })
        );
    }
    assert_eq!(decode_token(&address(1).0.0, &bytes("token")), Ok(token));
    for evidence in Evidence::ALL {
        assert_eq!(
            decode_coverage(&at(1), &bytes(evidence.name())),
            Ok(coverage(evidence))
        );
    }
    let sequence = sequence_key(Sequence(9));
    for (kind, name) in [
        (NoticeKind::Committed, "committed"),
        (NoticeKind::Unwound, "unwound"),
        (NoticeKind::Repaired, "repaired"),
    ] {
        assert_eq!(decode_notice(&sequence, &bytes(name)), Ok(notice(kind)));
    }
    let dispute = Dispute {
        range: BlockRange::new(BlockNumber(1), BlockNumber(70_000)).unwrap(),
        pool: PoolId(address(0xab)),
    };
    assert_eq!(
        decode_dispute(&dispute_key(&dispute), &bytes("dispute")),
        Ok(dispute)
    );
    assert_eq!(
        decode_position(b"lake", &bytes("position")),
        Ok(("lake".to_owned(), position))
    );
    assert_eq!(decode_head(&bytes("head")), Ok(head()));
    assert_eq!(decode_head(&bytes("empty head")), Ok(Head::default()));
    assert_eq!(
        decode_journal(&at(70_003), &bytes("journal")),
        Ok((BlockNumber(70_003), entry))
    );
    assert_eq!(decode_number(&bytes("number")), Ok(1));
    assert_eq!(decode_uuid(&bytes("uuid")), Ok(uuid::Uuid::from_u128(7)));
    all
}

/// What format 1 wrote of the values that are written otherwise now.
#[test]
fn values_of_format_1_are_read() {
    let golden = |name: &str| {
        let lines = include_str!("golden_1.txt").lines();
        let (_, hex) = lines
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| *n == name)
            .unwrap();
        alloy_primitives::hex::decode(hex).unwrap()
    };
    let mut expected = head();
    expected.counters.disputes = 0;
    expected.derived = Derived::default();
    assert_eq!(decode_head_1(&golden("head")), Ok(expected));
    assert_eq!(decode_head_1(&golden("empty head")), Ok(Head::default()));
    let entry = decode_journal_1(&block_key(BlockNumber(70_003)), &golden("journal")).unwrap();
    assert_eq!(
        (entry.from, entry.to),
        (BlockNumber(70_001), BlockNumber(70_003))
    );
    assert_eq!(
        (entry.before, entry.logs_before),
        (Some(block_ref()), tally())
    );
    let touched: Vec<_> = entry.touched.iter().map(|t| t.family).collect();
    assert_eq!(touched, [Family::Swaps, Family::Pools]);
    assert_eq!(
        decode_head(&golden("head")),
        Err(CodecError::Version { found: 1, known: 3 })
    );
}

#[test]
fn other_versions_and_trailing_bytes_are_refused() {
    let key = row_key(swap().pool, swap().block, swap().log_index);
    let mut bytes = Vec::new();
    encode_swap(&swap(), &mut bytes).unwrap();
    bytes.push(0);
    assert_eq!(decode_swap(&key, &bytes), Err(CodecError::Trailing(1)));
    bytes.pop();
    bytes[0] = 2;
    assert_eq!(
        decode_swap(&key, &bytes),
        Err(CodecError::Version { found: 2, known: 1 })
    );
    assert_eq!(decode_swap(&key, &[]), Err(CodecError::Empty));
}

proptest! {
    #[test]
    fn any_swap_reads_back(
        a0: [u64; 4], a1: [u64; 4], cut in 0usize..256, price: u128, liquidity: u128, tick: i32,
        origin: Option<[u8; 20]>, tx_index: u32, timestamp: u64,
    ) {
        let mut s = swap();
        s.amount0 = RawAmount(I256::from_raw(U256::from_limbs(a0)).asr(cut));
        s.amount1 = RawAmount(I256::from_raw(U256::from_limbs(a1)).asr(cut));
        s.sqrt_price = SqrtPriceX96(U256::from(price) << (cut % 33));
        s.liquidity = liquidity >> (cut % 128);
        s.tick = tick;
        s.origin = origin.map(Address::from);
        s.tx_index = TxIndex(tx_index);
        s.timestamp = UnixSeconds(timestamp);
        let mut bytes = Vec::new();
        encode_swap(&s, &mut bytes).unwrap();
        let key = row_key(s.pool, s.block, s.log_index);
        prop_assert_eq!(decode_swap(&key, &bytes).unwrap(), s);
    }

    #[test]
    fn any_bytes_decode_or_are_refused(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
        versioned: bool, version in 1u8..3,
    ) {
        if versioned && !bytes.is_empty() {
            bytes[0] = version;
        }
        let row = [7; 32];
        let (number, address) = ([0; 8], [1; 20]);
        let _ = decode_swap(&row, &bytes);
        let _ = decode_liquidity(&row, &bytes);
        let _ = decode_block(&number, &bytes);
        let _ = decode_verdict(&address, &bytes);
        let _ = decode_token(&address, &bytes);
        let _ = decode_coverage(&number, &bytes);
        let _ = decode_notice(&number, &bytes);
        let _ = decode_position(&bytes, &bytes);
        let _ = decode_head(&bytes);
        let _ = decode_journal(&number, &bytes);
        let _ = decode_number(&bytes);
        let _ = decode_uuid(&bytes);
        let _ = decode_dispute(&[0; 36], &bytes);
        let _ = decode_head_1(&bytes);
        let _ = decode_journal_1(&number, &bytes);
    }

    #[test]
    fn damaged_swaps_never_panic(at in 0usize..150, bit in 0u8..8) {
        let mut bytes = Vec::new();
        encode_swap(&swap(), &mut bytes).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let _ = decode_swap(&[7; 32], &bytes);
    }
}
