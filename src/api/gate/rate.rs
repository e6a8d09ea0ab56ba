//! How often one may ask: a bucket of tokens each, for two seconds' worth at once.

use crate::api::refusal::Refusal;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use warp::http::StatusCode;

/// Requests after which buckets that are full again are forgotten.
const SWEEP_EVERY: u32 = 4_096;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Everybody with this token, by its place.
    Token(usize),
    /// Everybody at an address, of IPv6 at a network of 64 bits.
    At(u64, bool),
}

impl Who {
    /// Somebody without a token.
    pub(super) fn at(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(address) => Self::At(u64::from(address.to_bits()), false),
            IpAddr::V6(address) => Self::At((address.to_bits() >> 64) as u64, true),
        }
    }
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Rates {
    limiter: DefaultKeyedRateLimiter<Who>,
    clock: DefaultClock,
    since_sweep: AtomicU32,
}

impl Rates {
    /// That many requests a second for each; `None` for 0, which is no limit.
    pub(super) fn per_second(requests: u32) -> Option<Self> {
        let requests = NonZeroU32::new(requests)?;
        let quota = Quota::per_second(requests).allow_burst(requests.saturating_mul(TWO));
        Some(Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            since_sweep: AtomicU32::new(0),
        })
    }

    /// Counts a request; refused if there were too many.
    pub(super) fn count(&self, who: Who) -> Result<(), Refusal> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            self.since_sweep.store(0, Ordering::Relaxed);
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(&who).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now());
            Refusal {
                retry_after_s: Some(wait.as_secs().saturating_add(1)),
                ..Refusal::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_requests",
                    "more requests than api.requests_per_second allows",
                    "ask again later; Retry-After says when",
                )
            }
        })
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();
