//! A set of endpoints.

/// Most endpoints that can be configured: a set of them is one word.
pub(super) const MAX_ENDPOINTS: usize = 64;

/// Endpoints by their place in the configuration.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Places(u64);

impl Places {
    pub(super) fn of(place: usize) -> Self {
        Self(1u64.checked_shl(place as u32).unwrap_or(0))
    }

    pub(super) fn has(self, place: usize) -> bool {
        self.0 & Self::of(place).0 != 0
    }

    pub(super) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let set = Places::of(0)
            .and(Places::of(63))
            .and(Places::of(MAX_ENDPOINTS));
        let found: Vec<usize> = (0..100).filter(|place| set.has(*place)).collect();
        assert_eq!(found, [0, 63]);
    }
}
