//! Answers of the store's latest states, kept as text: as long as nothing is committed, the same
//! question has the same answer, and is given it where no store can be read.

use parking_lot::Mutex;
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
/// Longer answers are copied where that may take a while.
const MOST_AT_ONCE_BYTES: usize = 64 << 10;
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
pub(super) struct Answers {
    kept: Cache<Question, Arc<Kept>, Sizes>,
    /// The last state that was read, by the store's number and by name.
    last: Mutex<Option<(u64, HeaderValue)>>,
}

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
        let kept = match options {
            Ok(options) => Cache::with_options(
                options,
                Sizes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Without a number that is asked for; all are given.
            Err(_) => Cache::with_weighter(ANSWERS, MOST_BYTES, Sizes),
        };
        let last = Mutex::default();
        Self { kept, last }
    }
}

impl Answers {
    /// What was answered to that question, or what is answered now: once, however many ask at the
    /// same time.
    ///
    /// # Errors
    /// What `answer` says; then nothing is kept.
    pub(super) fn of<E>(
        &self,
        question: &Question,
        answer: impl FnOnce() -> Result<Arc<Kept>, E>,
    ) -> Result<Arc<Kept>, E> {
        self.kept.get_or_insert_with(question, answer)
    }

    /// A state has this number and this name.
    pub(super) fn note(&self, state: u64, tag: &HeaderValue) {
        *self.last.lock() = Some((state, tag.clone()));
    }

    /// The name of the state with this number, and what was answered of it, if it can be given
    /// without reading or copying much.
    pub(super) fn ready(&self, state: u64, text: &str) -> Option<(HeaderValue, Arc<Kept>)> {
        let last = self.last.lock().clone();
        let (_, tag) = last.filter(|(known, _)| *known == state)?;
        let kept = self.kept.get(&(tag.clone(), text.to_owned()))?;
        (kept.text.len() <= MOST_AT_ONCE_BYTES).then_some((tag, kept))
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

    #[test]
    fn only_what_is_known_of_the_present_state_is_ready() {
        let answers = Answers::default();
        let [old, new] = ["W/\"1\"", "W/\"2\""].map(HeaderValue::from_static);
        let kept = |many| {
            Arc::new(Kept {
                text: "x".repeat(many),
                counts_from: None,
            })
        };
        for (path, many) in [("/a", 5), ("/large", 1 << 20)] {
            let question = (old.clone(), path.to_owned());
            let found = answers.of(&question, || Ok::<_, ()>(kept(many)));
            assert_eq!(found.unwrap().text.len(), many);
        }
        assert!(answers.ready(7, "/a").is_none(), "no state is known");
        answers.note(7, &old);
        let (tag, found) = answers.ready(7, "/a").unwrap();
        assert_eq!((tag, found.text.len()), (old, 5));
        assert!(answers.ready(7, "/b").is_none(), "never answered");
        assert!(answers.ready(7, "/large").is_none(), "copied elsewhere");
        assert!(answers.ready(8, "/a").is_none(), "something was written");
        answers.note(8, &new);
        assert!(answers.ready(8, "/a").is_none(), "another state");
    }
}
