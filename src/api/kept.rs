//! Answers of the store's latest states, kept as text: as long as nothing is committed, the same
//! question has the same answer.

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tidegauge_model::UnixSeconds;
use warp::http::HeaderValue;

/// Bytes of all answers that are kept; larger ones than all together are not.
const MOST_BYTES: u64 = 64 << 20;
/// Answers for which that is enough, about.
const ANSWERS: usize = 16_384;
/// What a question costs beside its text, about, in bytes.
const OVERHEAD_BYTES: u64 = 200;

/// An answer that follows from the store's state, but for its age.
pub(super) trait Answer: Serialize + JsonSchema {
    /// The moment from which `staleness_s` counts, of an answer that has this member and leaves it
    /// to be filled in.
    fn counts_from(&self) -> Option<UnixSeconds> {
        None
    }
}

/// A question: the state it is put to, and the path and query.
pub(super) type Question = (HeaderValue, String);

/// Answers to questions.
#[derive(Debug)]
pub(super) struct Answers(Cache<Question, Arc<Kept>, Sizes>);

/// An answer as text.
#[derive(Debug)]
pub(super) struct Kept {
    text: String,
    counts_from: Option<UnixSeconds>,
}

#[derive(Debug, Clone)]
struct Sizes;

impl Weighter<Question, Arc<Kept>> for Sizes {
    fn weight(&self, question: &Question, kept: &Arc<Kept>) -> u64 {
        (question.1.len() + kept.text.len()) as u64 + OVERHEAD_BYTES
    }
}

impl Default for Answers {
    fn default() -> Self {
        // One part: each of several would be too small for a day of all pools.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(ANSWERS)
            .weight_capacity(MOST_BYTES)
            .build();
        Self(match options {
            Ok(options) => Cache::with_options(
                options,
                Sizes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Without a number that is asked for; all are given.
            Err(_) => Cache::with_weighter(ANSWERS, MOST_BYTES, Sizes),
        })
    }
}

impl Answers {
    /// What was answered to that question.
    pub(super) fn get(&self, question: &Question) -> Option<Arc<Kept>> {
        self.0.get(question)
    }

    /// Keeps an answer.
    pub(super) fn keep(&self, question: Question, kept: Arc<Kept>) {
        self.0.insert(question, kept);
    }
}

/// An age that is to be filled in.
const OPEN: &str = "\"staleness_s\":null";

impl Kept {
    /// Of an answer.
    pub(super) fn of(answer: &impl Answer) -> serde_json::Result<Self> {
        Ok(Self {
            text: serde_json::to_string(answer)?,
            counts_from: answer.counts_from(),
        })
    }

    /// The text at a moment; an age stays open if the chain's clock is ahead of ours.
    pub(super) fn at(&self, now: UnixSeconds) -> String {
        let age = self.counts_from.and_then(|from| now.0.checked_sub(from.0));
        match age {
            Some(age) => self
                .text
                .replacen(OPEN, &format!("\"staleness_s\":{age}"), 1),
            None => self.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, JsonSchema)]
    struct Aged {
        pool: &'static str,
        staleness_s: Option<u64>,
        at: u64,
    }

    impl Answer for Aged {
        fn counts_from(&self) -> Option<UnixSeconds> {
            Some(UnixSeconds(self.at))
        }
    }

    #[test]
    fn an_answer_grows_older_while_it_is_kept() {
        let aged = Aged {
            pool: "p",
            staleness_s: None,
            at: 100,
        };
        let kept = Kept::of(&aged).unwrap();
        for (now, text) in [
            (100, r#"{"pool":"p","staleness_s":0,"at":100}"#),
            (112, r#"{"pool":"p","staleness_s":12,"at":100}"#),
            (99, r#"{"pool":"p","staleness_s":null,"at":100}"#),
        ] {
            assert_eq!(kept.at(UnixSeconds(now)), text);
        }
    }
}
