//! Who does the mischief of one listener, and counts it.

use super::counts::Mischief;
use super::page::Ask;
use super::rate::Rate;
use super::settings::Hostility;
use super::table::{MODES, Mode};
use super::{elsewhere, gaps, lies, other_chain, refusals};
use crate::chain::SimChain;
use crate::dice::Dice;
use crate::error::SimError;
use crate::rpc::{Answer, Call, Node};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// POSTs refused in one storm.
const STORM_POSTS: u32 = 5;
/// What a storm that names a time tells clients to wait.
const RETRY_AFTER_S: u32 = 1;
/// Of so many live reorganisations, one brings back the branch that was abandoned last.
const BACK_ONE_IN: u64 = 4;

const DATA: &[&str] = &[
    "eth_blockNumber",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getBlockReceipts",
    "eth_getTransactionReceipt",
    "eth_getLogs",
    "eth_call",
    "eth_getCode",
];
const HEADS: &[&str] = &["eth_blockNumber", "eth_getBlockByNumber"];
const LOGS: &[&str] = &["eth_getLogs", "eth_getBlockReceipts"];
const RANGES: &[&str] = &["eth_getLogs"];
const TIMES: &[&str] = &[
    "eth_getLogs",
    "eth_getBlockReceipts",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
];

/// Answers a call wrongly; `None` if this call gives no occasion.
type Trick = fn(&Ask<'_>, &mut Dice) -> Option<Answer>;

/// The mischief of one listener.
#[derive(Debug)]
pub(crate) struct Imp {
    settings: Hostility,
    opportunities: [AtomicU64; MODES.len()],
    strikes: [AtomicU64; MODES.len()],
    is_on_other_chain: AtomicBool,
    storm: Mutex<Storm>,
}

/// POSTs that are still to be refused.
#[derive(Clone, Copy, Debug, Default)]
struct Storm {
    left: u32,
    retry_after_s: Option<u32>,
}

/// How an answer is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Delivery {
    pub(crate) wait: Duration,
    pub(crate) body: Body,
}

/// What becomes of an answer's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    /// All at once.
    Whole,
    /// 429 instead.
    Refused { retry_after_s: Option<u32> },
    /// Byte by byte.
    Slow,
    /// Half of it, then the connection ends.
    Cut,
}

/// In which methods a mode answers wrongly, and how; `None` if it is not about answers.
fn trick(mode: Mode) -> Option<(&'static [&'static str], Trick)> {
    Some(match mode {
        Mode::Lag => (DATA, elsewhere::lag),
        Mode::Backwards => (HEADS, elsewhere::backwards),
        Mode::Empty => (LOGS, gaps::empty),
        Mode::Missing => (LOGS, gaps::missing),
        Mode::Truncated => (RANGES, gaps::truncated),
        Mode::WrongRange => (RANGES, refusals::wrong_range),
        Mode::WrongIndex => (LOGS, lies::wrong_index),
        Mode::Duplicate => (LOGS, lies::duplicate),
        Mode::Forged => (LOGS, lies::forged),
        Mode::ZeroTime => (TIMES, lies::zero_time),
        Mode::Reorg
        | Mode::RateLimit
        | Mode::Latency
        | Mode::SlowBody
        | Mode::Disconnect
        | Mode::WrongChain
        | Mode::WsSilence
        | Mode::WsDrop => return None,
    })
}

impl Imp {
    pub(crate) fn new(settings: Hostility) -> Self {
        Self {
            settings,
            opportunities: [const { AtomicU64::new(0) }; MODES.len()],
            strikes: [const { AtomicU64::new(0) }; MODES.len()],
            is_on_other_chain: AtomicBool::new(false),
            storm: Mutex::default(),
        }
    }

    /// How often each mode struck so far.
    pub(crate) fn counts(&self) -> Mischief {
        Mischief(std::array::from_fn(|n| {
            self.strikes[n].load(Ordering::Acquire)
        }))
    }

    /// The answer to a call, if it is not the honest one.
    pub(crate) fn answer(&self, node: &Node, call: Call<'_>) -> Option<Answer> {
        if matches!(call.method, "eth_subscribe" | "eth_unsubscribe") {
            return None;
        }
        if !self.switched() {
            return self.meddle(node, call);
        }
        let params = other_chain::params(call);
        let call = Call {
            params: &params,
            ..call
        };
        let answer = self.meddle(node, call);
        Some(other_chain::answer(
            call.method,
            answer.unwrap_or_else(|| node.honest(call)),
        ))
    }

    /// A header, as it is announced.
    pub(crate) fn header(&self, honest: Vec<u8>) -> Vec<u8> {
        if !self.is_on_other_chain.load(Ordering::Acquire) {
            return honest;
        }
        other_chain::answer("eth_getBlockByHash", Ok(honest)).unwrap_or_default()
    }

    /// How the next answer is delivered.
    pub(crate) fn delivery(&self) -> Delivery {
        let mut storm = self.storm.lock();
        if storm.left == 0
            && let Some(mut dice) = self.draw(Mode::RateLimit)
        {
            self.count(Mode::RateLimit);
            *storm = Storm {
                left: STORM_POSTS,
                retry_after_s: dice.one_in(2).then_some(RETRY_AFTER_S),
            };
        }
        if storm.left > 0 {
            storm.left -= 1;
            return Delivery {
                wait: Duration::ZERO,
                body: Body::Refused {
                    retry_after_s: storm.retry_after_s,
                },
            };
        }
        drop(storm);
        let wait = if self.strikes_now(Mode::Latency) {
            self.settings.latency
        } else {
            Duration::ZERO
        };
        let body = if self.strikes_now(Mode::Disconnect) {
            Body::Cut
        } else if self.strikes_now(Mode::SlowBody) {
            Body::Slow
        } else {
            Body::Whole
        };
        Delivery { wait, body }
    }

    /// Lets a chain grow, or reorganises it. Blocks.
    pub(crate) fn grow(&self, chain: &SimChain) -> Result<(), SimError> {
        let Some(mut dice) = self.draw(Mode::Reorg) else {
            return chain.grow().map(drop);
        };
        let depth = 1 + dice.below(self.settings.reorg_depth);
        let depth = depth.min(chain.range().len_blocks() - 1);
        let back = dice.one_in(BACK_ONE_IN) && chain.reorg_back().is_ok();
        if !back {
            if depth == 0 {
                return chain.grow().map(drop);
            }
            chain.reorg(depth)?;
        }
        self.count(Mode::Reorg);
        Ok(())
    }

    /// Whether a subscriber is told nothing any more.
    pub(crate) fn silences(&self) -> bool {
        self.strikes_now(Mode::WsSilence)
    }

    /// Whether a subscriber's connection ends.
    pub(crate) fn drops(&self) -> bool {
        self.strikes_now(Mode::WsDrop)
    }

    /// Whether this listener shows another chain, from now on at the latest.
    fn switched(&self) -> bool {
        let is_first = || {
            self.draw(Mode::WrongChain).is_some()
                && !self.is_on_other_chain.swap(true, Ordering::AcqRel)
        };
        if !self.is_on_other_chain.load(Ordering::Acquire) && is_first() {
            self.count(Mode::WrongChain);
        }
        self.is_on_other_chain.load(Ordering::Acquire)
    }

    /// The first of the tricks that strike and find an occasion. All are drawn
    /// for, so that what one does leaves the others' draws alone.
    fn meddle(&self, node: &Node, call: Call<'_>) -> Option<Answer> {
        let ask = Ask {
            node,
            call,
            settings: &self.settings,
        };
        let mut answer = None;
        for info in &MODES {
            let Some((methods, trick)) = trick(info.mode) else {
                continue;
            };
            if !methods.contains(&call.method) {
                continue;
            }
            let drawn = self.draw(info.mode);
            if answer.is_none()
                && let Some(mut dice) = drawn
            {
                answer = trick(&ask, &mut dice);
                if answer.is_some() {
                    self.count(info.mode);
                }
            }
        }
        answer
    }

    fn strikes_now(&self, mode: Mode) -> bool {
        let struck = self.draw(mode).is_some();
        if struck {
            self.count(mode);
        }
        struck
    }

    /// Dice for the details, if a mode strikes at its next opportunity.
    fn draw(&self, mode: Mode) -> Option<Dice> {
        let rate = self.settings.rate(mode);
        if rate == Rate::NEVER {
            return None;
        }
        let n = self.opportunities[mode as usize].fetch_add(1, Ordering::AcqRel);
        let seed = self.settings.seed.to_be_bytes();
        let name = [
            b"mischief",
            &seed[..],
            &n.to_be_bytes(),
            mode.info().name.as_bytes(),
        ]
        .concat();
        let mut dice = Dice::of(&name);
        rate.strikes(dice.below(Rate::LOTS)).then_some(dice)
    }

    fn count(&self, mode: Mode) {
        self.strikes[mode as usize].fetch_add(1, Ordering::AcqRel);
    }
}
