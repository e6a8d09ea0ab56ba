//! Continuity on recorded mainnet swaps: all are accepted, and what is spoiled is noticed.

use crate::data;
use std::collections::{BTreeMap, HashMap};
use tidegauge_chain::{
    continuity::{Continuity, Contradiction, Outcome, PoolTerms, Unknown},
    decode::Event,
    logs::parse_logs,
};
use tidegauge_model::{
    B256, BlockNumber, I256, LiquidityChange, LiquidityEvent, LogIndex, PoolId, Swap, TxIndex,
    UnixSeconds,
};

/// An event of one pool.
#[derive(Clone)]
enum PoolEvent {
    Swap(Swap),
    Change(LiquidityEvent),
}

impl PoolEvent {
    fn observed_by(&self, continuity: &mut Continuity, terms: PoolTerms) -> Outcome {
        match self {
            Self::Swap(swap) => continuity.observe_swap(swap, terms),
            Self::Change(change) => continuity.observe_liquidity(change, terms),
        }
    }

    fn swap(&self) -> Option<&Swap> {
        match self {
            Self::Swap(swap) => Some(swap),
            Self::Change(_) => None,
        }
    }

    fn place(&mut self) -> (&mut BlockNumber, &mut LogIndex) {
        match self {
            Self::Swap(swap) => (&mut swap.block, &mut swap.log_index),
            Self::Change(change) => (&mut change.block, &mut change.log_index),
        }
    }
}

/// The events of each pool of a recording, in order, with the pool's terms.
fn recorded(name: &str) -> Option<Vec<(PoolTerms, Vec<PoolEvent>)>> {
    let folder = data::folder()?.join("logs");
    let side: serde_json::Value =
        serde_json::from_str(&data::text(&folder.join(format!("{name}.pools.json")))).unwrap();
    let terms: HashMap<PoolId, PoolTerms> = side["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pool| {
            let number = |key: &str| pool[key].as_u64().unwrap();
            let terms = PoolTerms {
                fee_pips: number("fee") as u32,
                tick_spacing: number("tick_spacing") as i32,
            };
            (
                PoolId(pool["address"].as_str().unwrap().parse().unwrap()),
                terms,
            )
        })
        .collect();
    let text = data::text(&folder.join(format!("{name}.jsonl.gz")));
    let mut events: BTreeMap<PoolId, Vec<PoolEvent>> = BTreeMap::new();
    for line in text.lines() {
        let with_hash = format!(
            "[{},\"blockHash\":\"{:#x}\"}}]",
            line.trim_end().strip_suffix('}').unwrap(),
            B256::ZERO
        );
        // Logs of other contracts are in one of the recordings.
        let Ok(mut records) = parse_logs(&with_hash) else {
            continue;
        };
        let record = records.pop().unwrap();
        let pool = PoolId(record.emitter);
        let (block, log_index) = (record.block, record.log_index);
        let (tx_hash, tx_index) = (record.tx_hash, TxIndex(0));
        let timestamp = UnixSeconds(0);
        let event = match record.event {
            _ if !terms.contains_key(&pool) => continue,
            Ok(Event::Swap(fields)) => PoolEvent::Swap(Swap {
                pool,
                block,
                log_index,
                tx_hash,
                tx_index,
                timestamp,
                sender: fields.sender,
                recipient: fields.recipient,
                origin: None,
                amount0: fields.amount0,
                amount1: fields.amount1,
                sqrt_price: fields.sqrt_price,
                liquidity: fields.liquidity,
                tick: fields.tick,
            }),
            Ok(Event::Change(change)) => PoolEvent::Change(LiquidityEvent {
                pool,
                block,
                log_index,
                tx_hash,
                tx_index,
                timestamp,
                origin: None,
                change,
            }),
            other => panic!("{other:?}"),
        };
        events.entry(pool).or_default().push(event);
    }
    let with_terms = |(pool, mut events): (PoolId, Vec<PoolEvent>)| {
        events.sort_by_key(|event| {
            let mut event = event.clone();
            let (block, log_index) = event.place();
            (*block, *log_index)
        });
        (terms[&pool], events)
    };
    Some(events.into_iter().map(with_terms).collect())
}

const DAY: &str = "mainnet-2024-01-05-usdc-weth";

#[test]
fn real_events_continue() {
    for (name, swaps) in [(DAY, 6_313), ("mainnet-18426253-18426303-all", 254)] {
        let Some(pools) = recorded(name) else { return };
        let mut continuity = Continuity::new();
        let (mut seen, mut unknown_ticks, mut no_state) = (0, 0, 0);
        for (terms, events) in &pools {
            for event in events {
                let outcome = event.observed_by(&mut continuity, *terms);
                assert!(
                    !matches!(outcome, Outcome::Breaks { .. }),
                    "{outcome:?}: {:?}",
                    event.swap()
                );
                seen += usize::from(event.swap().is_some());
                no_state += usize::from(outcome == Outcome::Unknowable(Unknown::NoState));
                unknown_ticks += usize::from(outcome == Outcome::Unknowable(Unknown::UnknownTicks));
            }
        }
        assert_eq!(seen, swaps);
        println!(
            "{name}: {seen} swaps in {} pools; no state {no_state}, unknown ticks {unknown_ticks}, {:?}",
            pools.len(),
            continuity.counts()
        );
        assert_eq!(continuity.counts().breaks, 0);
    }
}

/// What became of one change to the record.
#[derive(Default, Debug)]
struct Score {
    made: usize,
    /// No swap follows, or the next one crosses ticks whose liquidity is not known.
    left_out: usize,
    noticed: usize,
    missed: usize,
    /// Blocks of each dispute.
    widths: Vec<u64>,
}

impl Score {
    fn share(&self) -> f64 {
        self.noticed as f64 / (self.noticed + self.missed) as f64
    }

    fn print(&mut self, what: &str) {
        self.widths.sort_unstable();
        let at = |part: usize| self.widths.get(self.widths.len() * part / 100).copied();
        println!(
            "{what}: {} made, {} left out, {} noticed, {} missed ({:.4} %); blocks in dispute: median {:?}, p90 {:?}, most {:?}",
            self.made,
            self.left_out,
            self.noticed,
            self.missed,
            self.share() * 100.0,
            at(50),
            at(90),
            self.widths.last()
        );
    }

    /// Goes on from `state` with the changed events until one breaks, or one says that all is
    /// well: that is the first swap, or the first event after it that is no swap either.
    fn judge<'a>(
        &mut self,
        mut state: Continuity,
        terms: PoolTerms,
        events: impl Iterator<Item = &'a PoolEvent>,
        most_swaps: usize,
    ) {
        self.made += 1;
        let mut swaps = 0;
        let mut is_open = true;
        for event in events {
            match event.observed_by(&mut state, terms) {
                Outcome::Breaks { after, .. } => {
                    self.noticed += 1;
                    let mut event = event.clone();
                    self.widths
                        .push(event.place().0.0 - after.block.0.min(event.place().0.0) + 1);
                    return;
                }
                Outcome::Unknowable(_) if event.swap().is_some() => break,
                _ => {}
            }
            swaps += usize::from(event.swap().is_some());
            is_open = swaps == 0;
            if swaps == most_swaps {
                break;
            }
        }
        if is_open {
            self.left_out += 1;
        } else {
            self.missed += 1;
        }
    }
}

/// Calls `spoil` at each event with the state before it.
fn at_each_event(mut spoil: impl FnMut(&Continuity, PoolTerms, &[PoolEvent], usize)) -> bool {
    let Some(pools) = recorded(DAY) else {
        return false;
    };
    for (terms, events) in &pools {
        let mut state = Continuity::new();
        for (place, event) in events.iter().enumerate() {
            spoil(&state, *terms, events, place);
            event.observed_by(&mut state, *terms);
        }
    }
    true
}

#[test]
fn a_removed_swap_is_noticed() {
    let mut score = Score::default();
    let ran = at_each_event(|state, terms, events, place| {
        if events[place].swap().is_some() {
            score.judge(state.clone(), terms, events[place + 1..].iter(), 1);
        }
    });
    if !ran {
        return;
    }
    score.print("removed swaps");
    assert_eq!(score.made, 6_313);
    assert!(score.share() >= 0.99);
    assert!(score.left_out * 50 < score.made, "few are left out");
}

#[test]
fn removed_mints_and_burns_are_noticed_where_the_price_comes_by() {
    let mut score = Score::default();
    let ran = at_each_event(|state, terms, events, place| {
        if let PoolEvent::Change(event) = &events[place]
            && let LiquidityChange::Mint { amount, .. } | LiquidityChange::Burn { amount, .. } =
                event.change
            && amount > 0
        {
            score.judge(state.clone(), terms, events[place + 1..].iter(), usize::MAX);
        }
    });
    if ran {
        score.print("removed mints and burns");
        assert!(score.noticed > 0);
    }
}

#[test]
fn altered_amounts_are_noticed() {
    for by in [3, -3] {
        for side in 0..2 {
            let mut score = Score::default();
            let ran = at_each_event(|state, terms, events, place| {
                if let Some(swap) = events[place].swap() {
                    let mut altered = swap.clone();
                    let amount = match side {
                        0 => &mut altered.amount0,
                        _ => &mut altered.amount1,
                    };
                    amount.0 += I256::try_from(by).unwrap();
                    let altered = PoolEvent::Swap(altered);
                    score.judge(state.clone(), terms, [&altered].into_iter(), 1);
                }
            });
            if ran {
                score.print(&format!("token{side} altered by {by}"));
                assert!(score.share() >= 0.99);
            }
        }
    }
}

#[test]
fn doubled_and_exchanged_swaps_are_noticed() {
    let mut doubled = Score::default();
    let mut exchanged = Score::default();
    let ran = at_each_event(|state, terms, events, place| {
        let Some(swap) = events[place].swap() else {
            return;
        };
        // Once at the same place, and once as if it had happened again.
        let mut again = events[place].clone();
        again.place().1.0 += 1;
        for copy in [&events[place], &again] {
            let mut state = state.clone();
            if events[place].observed_by(&mut state, terms) == Outcome::Unknowable(Unknown::NoState)
            {
                continue;
            }
            doubled.judge(state, terms, [copy].into_iter(), 1);
        }
        if let Some(next) = events.get(place + 1).and_then(PoolEvent::swap) {
            let mut first = PoolEvent::Swap(next.clone());
            let mut second = PoolEvent::Swap(swap.clone());
            (*first.place().0, *first.place().1) = (swap.block, swap.log_index);
            (*second.place().0, *second.place().1) = (next.block, next.log_index);
            exchanged.judge(state.clone(), terms, [&first, &second].into_iter(), 2);
        }
    });
    if ran {
        doubled.print("doubled swaps");
        exchanged.print("exchanged swaps");
        assert!(doubled.share() >= 0.99 && exchanged.share() >= 0.99);
    }
}

#[test]
fn an_event_out_of_order_is_noticed_and_changes_nothing() {
    let Some(pools) = recorded(DAY) else { return };
    let (terms, events) = &pools[0];
    let mut state = Continuity::new();
    for event in &events[..10] {
        event.observed_by(&mut state, *terms);
    }
    let outcome = events[3].observed_by(&mut state, *terms);
    let is_order = |what| what == Contradiction::Order;
    assert!(
        matches!(outcome, Outcome::Breaks { what, .. } if is_order(what)),
        "{outcome:?}"
    );
    for event in &events[10..20] {
        assert_eq!(event.observed_by(&mut state, *terms), Outcome::Continues);
    }
}
