//! Every rule fires at its number and not before it, and recovers.

use crate::{NOON, Watch};
use tidegauge_alerts::{
    AlertState, DayFacts, DerivedFacts, DiskFacts, Facts, MirrorFacts, ModelFacts, RpcFacts, Rules,
    SinkFacts, Stage, Usual, VolumeFacts,
};
use tidegauge_model::{Day, Hour, UnixSeconds};

const GIB: u64 = 1 << 30;
/// Longer than any rule waits.
const LONG: u64 = 8_000;

/// Facts that differ from knowing nothing in one point.
fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    change(&mut facts);
    facts
}

fn following(change: impl FnOnce(&mut Facts)) -> Facts {
    facts(|f| {
        f.stage = Some(Stage::Following);
        change(f);
    })
}

fn mirror(failure: Option<&str>, lag_seconds: u64) -> Option<MirrorFacts> {
    Some(MirrorFacts {
        failure: failure.map(str::to_owned),
        lag_blocks: Some(lag_seconds / 12),
        lag_seconds: Some(lag_seconds),
    })
}

fn disk(free_mib: u64) -> Facts {
    facts(|f| {
        f.disk = Some(DiskFacts {
            free_bytes: free_mib << 20,
            total_bytes: 100 * GIB,
        });
    })
}

fn sink(waiting: u64, oldest_seconds: u64, given_up: u64) -> Facts {
    facts(|f| {
        f.sinks = Some(vec![SinkFacts {
            name: "sns".to_owned(),
            waiting,
            oldest_seconds,
            given_up,
        }]);
    })
}

fn day(complete: bool) -> Facts {
    facts(|f| {
        f.days = Some(vec![DayFacts {
            day: Day::of(UnixSeconds(NOON - 86_400)),
            due_at: UnixSeconds(NOON - 1_800),
            complete: Some(complete),
        }]);
    })
}

fn volume(usd: f64) -> Facts {
    facts(|f| {
        f.volume = Some(VolumeFacts {
            hour: Hour::of(UnixSeconds(NOON)),
            usd,
            usual: Usual::of(&[1e6, 1.1e6, 0.9e6, 1e6, 1.05e6]).unwrap(),
        });
    })
}

fn waiting() -> Facts {
    facts(|f| {
        f.stage = Some(Stage::Waiting {
            reason: "connection refused".to_owned(),
        });
    })
}

/// One rule: what it must not tell of by a hair, what it must, and what ends it.
fn cases() -> Vec<(&'static str, Facts, Facts, Facts)> {
    let lag = |s| following(|f| f.lag_seconds = Some(s));
    let commit = |s| following(|f| f.commit_age_seconds = Some(s));
    let silent = |n| facts(|f| f.blocks_since_swap = Some(n));
    let reorg = |n| facts(|f| f.deepest_reorg_blocks = Some(n));
    let rpc = |succeeded| {
        facts(|f| {
            f.rpc = Some(RpcFacts {
                asked: 1_000,
                succeeded,
            });
        })
    };
    let disputed = |n| facts(|f| f.disputed_ranges = Some(n));
    let postgres = |failure, lag| facts(|f| f.postgres = mirror(failure, lag));
    let s3 = |failure, lag| facts(|f| f.s3 = mirror(failure, lag));
    let snapshot = |s| facts(|f| f.snapshot_age_seconds = Some(s));
    let errors = |n| facts(|f| f.feature_errors = Some(n));
    let drift = |recent_error| {
        facts(|f| {
            f.models = Some(vec![ModelFacts {
                name: "ridge on target_fee_apr_7d".to_owned(),
                recent_error,
                before_error: 0.5,
            }]);
        })
    };
    let derived = |d| facts(|f| f.derived = Some(d));
    let rebuilding = DerivedFacts::Rebuilding {
        done_blocks: 1,
        total_blocks: 9,
    };
    let failed = DerivedFacts::Failed {
        reason: "a\nline".to_owned(),
    };
    vec![
        ("lag/tip", lag(299), lag(300), lag(0)),
        ("lag_severe/tip", lag(899), lag(900), lag(0)),
        ("standstill/commits", commit(899), commit(900), commit(1)),
        (
            "endpoint_down/endpoint",
            following(|_| ()),
            waiting(),
            following(|_| ()),
        ),
        ("no_swaps/swaps", silent(49), silent(50), silent(0)),
        ("deep_reorg/tip", reorg(7), reorg(8), reorg(0)),
        ("rpc_success/rpc", rpc(995), rpc(994), rpc(1_000)),
        (
            "evidence_disputed/ranges",
            disputed(0),
            disputed(1),
            disputed(0),
        ),
        (
            "postgres_failing/postgres",
            postgres(None, 0),
            postgres(Some("no"), 0),
            postgres(None, 0),
        ),
        ("s3_failing/s3", s3(None, 0), s3(Some("no"), 0), s3(None, 0)),
        (
            "mirror_lag/postgres",
            postgres(None, 1_799),
            postgres(None, 1_800),
            postgres(None, 0),
        ),
        (
            "mirror_lag/s3",
            s3(None, 1_799),
            s3(None, 1_800),
            s3(None, 0),
        ),
        (
            "snapshot_old/snapshots",
            snapshot(10_799),
            snapshot(10_800),
            snapshot(5),
        ),
        ("day_missing/2023-11-19", day(true), day(false), day(true)),
        ("feature_errors/features", errors(0), errors(1), errors(0)),
        (
            "unusual_volume/volume",
            volume(1.5e6),
            volume(9e6),
            volume(1e6),
        ),
        (
            "unusual_volume/volume",
            volume(0.7e6),
            volume(1e3),
            volume(1e6),
        ),
        (
            "model_drift/ridge on target_fee_apr_7d",
            drift(0.99),
            drift(1.0),
            drift(0.5),
        ),
        (
            "derived_behind/derived",
            derived(DerivedFacts::Current),
            derived(rebuilding),
            derived(DerivedFacts::Current),
        ),
        (
            "derived_behind/derived",
            derived(DerivedFacts::Current),
            derived(failed),
            derived(DerivedFacts::Current),
        ),
        ("disk_low/disk", disk(10_240), disk(10_239), disk(50_000)),
        ("disk_critical/disk", disk(2_048), disk(2_047), disk(50_000)),
        (
            "sink_failing/sns",
            sink(3, 299, 0),
            sink(3, 300, 0),
            sink(0, 0, 0),
        ),
        (
            "sink_failing/sns",
            sink(0, 900, 0),
            sink(0, 0, 1),
            sink(0, 0, 0),
        ),
    ]
}

#[test]
fn every_rule_fires_at_its_number_and_recovers() {
    let mut seen = std::collections::BTreeSet::new();
    for (key, just_well, just_bad, well) in cases() {
        let mut watch = Watch::new(Rules::default());
        let of_rule = |watch: &mut Watch| -> Vec<AlertState> {
            let told = watch.tells();
            told.iter()
                .filter(|(k, _)| k == key)
                .map(|(_, state)| *state)
                .collect()
        };
        assert_eq!(
            of_rule(watch.shows(&just_well, LONG)),
            [],
            "{key}: too early"
        );
        assert_eq!(
            of_rule(watch.shows(&just_bad, LONG)),
            [AlertState::Firing],
            "{key}"
        );
        let troubles = watch.book.troubles();
        assert!(
            troubles
                .iter()
                .any(|t| format!("{}/{}", t.rule, t.subject) == key),
            "{key}"
        );
        assert_eq!(
            of_rule(watch.shows(&well, LONG)),
            [AlertState::Recovered],
            "{key}"
        );
        assert_eq!(watch.book.troubles(), [], "{key}");
        seen.insert(key.split('/').next().unwrap());
    }
    let names: std::collections::BTreeSet<_> = Rules::default().names().into_iter().collect();
    assert_eq!(seen, names, "a rule without a case");
}

#[test]
fn what_is_not_known_begins_nothing_and_ends_nothing() {
    for (key, _, bad, _) in cases() {
        let mut watch = Watch::new(Rules::default());
        assert_eq!(watch.shows(&Facts::default(), LONG).tells(), [], "{key}");
        watch.shows(&bad, LONG).tells();
        let troubles = watch.book.troubles();
        assert_eq!(watch.shows(&Facts::default(), LONG).tells(), [], "{key}");
        assert_eq!(watch.book.troubles(), troubles, "{key}");
    }
}

#[test]
fn few_questions_and_few_weeks_prove_nothing() {
    let few = facts(|f| {
        f.rpc = Some(RpcFacts {
            asked: 199,
            succeeded: 0,
        });
        f.volume = Some(VolumeFacts {
            hour: Hour::of(UnixSeconds(NOON)),
            usd: 1e12,
            usual: Usual::of(&[1.0, 1.0, 1.0]).unwrap(),
        });
    });
    assert_eq!(Watch::new(Rules::default()).shows(&few, LONG).tells(), []);
}

#[test]
fn history_that_is_collected_is_not_late() {
    let back = facts(|f| {
        f.stage = Some(Stage::Backfilling);
        f.lag_seconds = Some(90 * 86_400);
        f.commit_age_seconds = Some(1);
    });
    assert_eq!(Watch::new(Rules::default()).shows(&back, LONG).tells(), []);
}

#[test]
fn settings_that_cannot_be_meant_are_refused_by_name() {
    type Spoil = fn(&mut Rules);
    let cases: [(&str, Spoil); 5] = [
        ("rpc_success.least_percent", |r| {
            r.rpc_success.least_percent = 101.0
        }),
        ("disk_low.least_free_percent", |r| {
            r.disk_low.least_free_percent = f64::NAN
        }),
        ("unusual_volume.z_score", |r| r.unusual_volume.z_score = 0.0),
        ("remind_after_s", |r| r.remind_after_s = 59),
        ("mirror_lag", |r| r.mirror_lag.fire_after_s = u64::MAX),
    ];
    for (key, spoil) in cases {
        let mut rules = Rules::default();
        rules.check().unwrap();
        spoil(&mut rules);
        let refused = rules.check().unwrap_err().to_string();
        assert!(refused.contains(key), "{refused}");
    }
    let unknown = serde_json::from_str::<Rules>(r#"{"lagg": {}}"#).unwrap_err();
    assert!(unknown.to_string().contains("lagg"), "{unknown}");
}

#[test]
fn the_runbook_speaks_of_every_rule() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
    let text = std::fs::read_to_string(path).unwrap();
    let parts: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(parts, Rules::default().names());
}
