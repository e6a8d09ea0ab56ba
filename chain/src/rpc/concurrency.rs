//! How many requests an endpoint takes at once: additive increase, multiplicative decrease.

/// The requests in flight at one endpoint, and how many there may be.
pub(super) struct Concurrency {
    limit: usize,
    most: usize,
    in_use: usize,
    successes: usize,
    epoch: Epoch,
}

/// The time between two decreases: what was asked in one epoch decreases the limit once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Epoch(u64);

impl Concurrency {
    /// Starts at the most: what the user allows holds until the endpoint says otherwise.
    pub(super) fn new(most: usize) -> Self {
        Self {
            limit: most.max(1),
            most: most.max(1),
            in_use: 0,
            successes: 0,
            epoch: Epoch(0),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn in_use(&self) -> usize {
        self.in_use
    }

    pub(super) fn is_full(&self) -> bool {
        self.in_use >= self.limit
    }

    /// The share of the limit in use, per thousand.
    pub(super) fn load_permille(&self) -> usize {
        self.in_use * 1_000 / self.limit
    }

    pub(super) fn take(&mut self) -> Epoch {
        self.in_use += 1;
        self.epoch
    }

    pub(super) fn give_back(&mut self) {
        self.in_use = self.in_use.saturating_sub(1);
    }

    /// One more at once after each full round of successes.
    pub(super) fn succeeded(&mut self) {
        self.successes += 1;
        if self.successes >= self.limit {
            self.successes = 0;
            self.limit = (self.limit + 1).min(self.most);
        }
    }

    /// Half as many; once for all that was in flight together.
    pub(super) fn overloaded(&mut self, asked_in: Epoch) {
        if asked_in == self.epoch {
            self.limit = (self.limit / 2).max(1);
            self.successes = 0;
            self.epoch.0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_once_a_round_and_grows_by_one_a_round() {
        let mut concurrency = Concurrency::new(16);
        let epochs: Vec<Epoch> = (0..16).map(|_| concurrency.take()).collect();
        assert!(concurrency.is_full());
        for epoch in epochs {
            concurrency.overloaded(epoch);
            concurrency.give_back();
        }
        assert_eq!((concurrency.limit(), concurrency.in_use()), (8, 0));
        for expected in 9..=16 {
            for _ in 0..expected - 1 {
                assert_eq!(concurrency.limit(), expected - 1);
                concurrency.succeeded();
            }
            assert_eq!(concurrency.limit(), expected);
        }
        for _ in 0..100 {
            concurrency.succeeded();
        }
        assert_eq!(concurrency.limit(), 16, "never above the most");
        for _ in 0..10 {
            let epoch = concurrency.take();
            concurrency.overloaded(epoch);
        }
        assert_eq!(concurrency.limit(), 1, "never below one");
    }
}
