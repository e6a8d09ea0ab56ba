//! A circuit breaker: an endpoint that keeps failing is left alone, then probed.

use std::time::Duration;
use tokio::time::Instant;

/// When a breaker opens, and how long it stays so.
#[derive(Clone, Copy)]
pub(super) struct BreakerRules {
    /// Failures in a row that open it.
    pub(super) failures: u32,
    /// The first pause; each failed probe doubles it.
    pub(super) pause: Duration,
    /// The longest pause.
    pub(super) pause_cap: Duration,
}

/// Opens after a run of failures; one probe after a growing pause closes it.
pub(super) struct Breaker {
    rules: BreakerRules,
    state: State,
    run: u32,
    pause: Duration,
    opens: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed,
    Open { until: Instant },
    Probing,
}

/// Whether a question may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gate {
    /// It may.
    Closed,
    /// It may, as the probe.
    Probe,
    /// Not before that time.
    Shut(Instant),
    /// Not before the probe is back.
    Probing,
}

impl Breaker {
    pub(super) fn new(rules: BreakerRules) -> Self {
        Self {
            rules,
            state: State::Closed,
            run: 0,
            pause: rules.pause,
            opens: 0,
        }
    }

    pub(super) fn gate(&self, now: Instant) -> Gate {
        match self.state {
            State::Closed => Gate::Closed,
            State::Open { until } if now < until => Gate::Shut(until),
            State::Open { .. } => Gate::Probe,
            State::Probing => Gate::Probing,
        }
    }

    /// A question passes; whether it is the probe.
    pub(super) fn pass(&mut self) -> bool {
        let probes = matches!(self.state, State::Open { .. });
        if probes {
            self.state = State::Probing;
        }
        probes
    }

    /// The endpoint answered. What was asked before the breaker opened does not close it.
    pub(super) fn answered(&mut self, probe: bool) {
        if probe || self.state == State::Closed {
            self.state = State::Closed;
            self.run = 0;
            self.pause = self.rules.pause;
        }
    }

    /// The endpoint failed.
    pub(super) fn failed(&mut self, probe: bool, now: Instant) {
        self.run = self.run.saturating_add(1);
        if probe {
            self.pause = (self.pause * 2).min(self.rules.pause_cap);
            self.open(now + self.pause);
        } else if self.state == State::Closed && self.run >= self.rules.failures {
            self.open(now + self.pause);
        }
    }

    /// Nobody waits for the probe any more: the next question is the probe.
    pub(super) fn abandoned(&mut self, probe: bool, now: Instant) {
        if probe {
            self.state = State::Open { until: now };
        }
    }

    /// Opens at once, for at least so long.
    pub(super) fn trip(&mut self, until: Instant) {
        self.open(until);
    }

    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// How often it opened, failed probes included.
    pub(super) fn opens(&self) -> u64 {
        self.opens
    }

    fn open(&mut self, until: Instant) {
        self.state = State::Open { until };
        self.opens += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const RULES: BreakerRules = BreakerRules {
        failures: 3,
        pause: SECOND,
        pause_cap: Duration::from_secs(5),
    };

    #[test]
    fn a_run_of_failures_opens_it_and_the_pause_grows_to_its_cap() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(RULES);
        for _ in 0..2 {
            breaker.failed(false, now);
        }
        breaker.answered(false);
        for _ in 0..2 {
            breaker.failed(false, now);
            assert_eq!(breaker.gate(now), Gate::Closed);
        }
        breaker.failed(false, now);
        for pause in [1, 2, 4, 5, 5] {
            let until = now + SECOND * pause;
            assert_eq!(breaker.gate(now), Gate::Shut(until));
            now = until;
            assert_eq!(breaker.gate(now), Gate::Probe);
            assert!(breaker.pass());
            assert_eq!(breaker.gate(now), Gate::Probing);
            breaker.failed(true, now);
        }
        assert_eq!(breaker.opens(), 6);
    }

    #[test]
    fn only_the_probe_closes_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(RULES);
        for _ in 0..8 {
            breaker.failed(false, now);
        }
        assert_eq!(breaker.opens(), 1, "stragglers do not open it again");
        breaker.answered(false);
        assert!(breaker.is_open(), "a straggler does not close it");
        let later = now + SECOND;
        assert!(breaker.pass());
        breaker.abandoned(true, later);
        assert_eq!(breaker.gate(later), Gate::Probe, "the probe is asked again");
        assert!(breaker.pass());
        breaker.answered(true);
        assert_eq!(breaker.gate(later), Gate::Closed);
        assert!(!breaker.pass());
        breaker.failed(false, later);
        assert_eq!(
            breaker.gate(later),
            Gate::Closed,
            "the run begins at nothing"
        );
    }
}
