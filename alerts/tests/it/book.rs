//! Each trouble is told once, now and then again, and its end; a restart changes nothing.

use crate::{NOON, Watch};
use proptest::prelude::*;
use tidegauge_alerts::{AlertState, Book, Facts, MirrorFacts, Rules, Stage};
use tidegauge_model::{BlockNumber, UnixSeconds};

const DAY: u64 = 86_400;

fn lag(seconds: u64) -> Facts {
    Facts {
        stage: Some(Stage::Following),
        lag_seconds: Some(seconds),
        ..Facts::default()
    }
}

#[test]
fn a_trouble_must_last_before_it_is_told_and_so_must_its_end() {
    let mut watch = Watch::new(Rules::default());
    // Wrong for 50 s, then well: nobody hears of it.
    watch.shows(&lag(400), 50).shows(&lag(0), 10);
    assert_eq!(watch.tells(), []);
    watch.now += 10;
    assert_eq!(watch.shows(&lag(400), 50).tells(), []);
    watch.now += 10;
    let key = "lag/tip".to_owned();
    assert_eq!(
        watch.shows(&lag(400), 0).tells(),
        [(key.clone(), AlertState::Firing)]
    );
    // Well for 50 s, then wrong again: it is not over.
    watch.now += 10;
    watch.shows(&lag(0), 50);
    watch.now += 10;
    assert_eq!(watch.shows(&lag(400), 3_600).tells(), []);
    watch.now += 10;
    assert_eq!(
        watch.shows(&lag(0), 60).tells(),
        [(key, AlertState::Recovered)]
    );
}

#[test]
fn who_flaps_is_told_of_once() {
    let mut watch = Watch::new(Rules::default());
    for _ in 0..500 {
        watch.shows(&lag(400), 60);
        watch.now += 10;
        watch.shows(&lag(0), 30);
        watch.now += 10;
    }
    // One firing, and a reminder a day at most.
    let told = watch.tells();
    let firing = told
        .iter()
        .filter(|(_, state)| *state == AlertState::Firing)
        .count();
    assert_eq!((firing, told.len()), (1, 1), "{told:?}");
}

#[test]
fn what_goes_on_is_told_again_every_day() {
    let mut watch = Watch::new(Rules::default());
    let told = watch.shows(&lag(400), 3 * DAY + 3_600).tells();
    let states: Vec<AlertState> = told.into_iter().map(|(_, state)| state).collect();
    use AlertState::{Firing, Reminder};
    assert_eq!(states, [Firing, Reminder, Reminder, Reminder]);
}

#[test]
fn a_gap_between_two_looks_does_not_count_as_lasting() {
    let mut watch = Watch::new(Rules::default());
    watch.shows(&lag(400), 0);
    // The process slept for an hour, or the clock jumped.
    watch.now += 3_600;
    let told = watch.shows(&lag(400), 0).tells();
    assert_eq!(
        told.len(),
        1,
        "a minute of it counts, which is what the rule wants"
    );
    let mut rules = Rules::default();
    rules.lag.fire_after_s = 61;
    let mut watch = Watch::new(rules);
    watch.shows(&lag(400), 0);
    watch.now += 3_600;
    assert_eq!(watch.shows(&lag(400), 0).tells(), []);
}

#[test]
fn a_clock_that_is_put_back_loses_nothing() {
    let mut watch = Watch::new(Rules::default());
    assert_eq!(watch.shows(&lag(400), 120).heard.len(), 1);
    let first = watch.heard[0].id;
    watch.tells();
    watch.now -= 30 * DAY;
    let told = watch.shows(&lag(400), DAY).tells();
    assert_eq!(told, [("lag/tip".to_owned(), AlertState::Reminder)]);
    watch.now += 10;
    watch.shows(&lag(0), 120);
    let last = watch.heard.last().unwrap();
    assert!(last.id > first && last.episode == first, "{last:?}");
}

#[test]
fn a_rule_that_is_switched_off_ends_what_it_told() {
    let mut watch = Watch::new(Rules::default());
    watch.shows(&lag(400), 120).tells();
    let bytes = watch.book.to_bytes().unwrap();
    let mut rules = Rules::default();
    rules.lag.enabled = false;
    watch.book = Book::from_bytes(rules, &bytes).unwrap();
    watch.shows(&lag(400), 0);
    let said = watch.heard[0].summary.clone();
    assert_eq!(
        watch.tells(),
        [("lag/tip".to_owned(), AlertState::Recovered)]
    );
    assert!(said.contains("no longer watched"), "{said}");
    assert_eq!(watch.book.troubles(), []);
}

#[test]
fn bytes_that_are_no_book_are_refused() {
    let good = Book::new(Rules::default()).unwrap().to_bytes().unwrap();
    let text = String::from_utf8(good).unwrap();
    for bytes in [
        "",
        "{}",
        "[]",
        &text[1..],
        &text.replace("\"format\":1", "\"format\":2"),
    ] {
        let refused = Book::from_bytes(Rules::default(), bytes.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("the book"), "{refused}");
    }
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let number = || proptest::option::of(0_u64..1_200);
    let failure = proptest::option::of(Just("cannot be reached".to_owned()));
    (number(), number(), number(), failure, number(), 0_u8..3).prop_map(
        |(lag, silent, reorg, failure, disputed, stage)| Facts {
            stage: [None, Some(Stage::Following), Some(Stage::Backfilling)][usize::from(stage)]
                .clone(),
            tip: lag.map(BlockNumber),
            lag_seconds: lag,
            blocks_since_swap: silent.map(|n| n / 10),
            deepest_reorg_blocks: reorg.map(|n| n / 100),
            postgres: Some(MirrorFacts {
                failure,
                lag_blocks: None,
                lag_seconds: lag.map(|n| n * 3),
            }),
            disputed_ranges: disputed.map(|n| n / 600),
            ..Facts::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A book that is written down and read again after any look goes on as if nothing had been;
    /// numbers rise; and of each trouble the beginning comes first, the end last, and both once.
    #[test]
    fn a_restart_neither_repeats_nor_forgets(
        looks in proptest::collection::vec((any_facts(), 1_u64..90, any::<bool>()), 1..120),
    ) {
        let rules = Rules::default();
        let mut still = Book::new(rules.clone()).unwrap();
        let mut restarted = Book::new(rules.clone()).unwrap();
        let mut now = NOON;
        let mut all = Vec::new();
        for (facts, passed, restarts) in &looks {
            now += passed;
            let expected = still.judge(facts, UnixSeconds(now));
            prop_assert_eq!(&restarted.judge(facts, UnixSeconds(now)), &expected);
            if *restarts {
                let bytes = restarted.to_bytes().unwrap();
                restarted = Book::from_bytes(rules.clone(), &bytes).unwrap();
            }
            all.extend(expected);
        }
        prop_assert!(all.is_sorted_by(|a, b| a.id < b.id));
        for alert in &all {
            let episode: Vec<_> = all.iter().filter(|a| a.episode == alert.episode).collect();
            prop_assert_eq!(episode[0].state, AlertState::Firing);
            prop_assert_eq!(episode[0].id, alert.episode);
            let ends = episode.iter().filter(|a| a.state == AlertState::Recovered).count();
            let over = episode.last().is_some_and(|a| a.state == AlertState::Recovered);
            prop_assert_eq!(ends, usize::from(over));
            let begins = episode.iter().filter(|a| a.state == AlertState::Firing).count();
            prop_assert_eq!(begins, 1);
            prop_assert!(alert.id.0 < 1 << 53);
        }
    }
}
