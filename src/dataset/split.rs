//! Which days belong to which set.
//!
//! A row of day D carries labels of the days up to D + 7, so a set's last rows would know the
//! first days of the next one. They are left out (purged), and so are as many days more as the
//! embargo says: `D + horizon + embargo < first day of the next set`.

use crate::days::DaySpan;
use crate::error::Error;
use tidegauge_features::HORIZON_DAYS;
use tidegauge_model::Day;

/// Days kept free beyond the labels; more where folds repeat the cut.
const EMBARGO_DAYS: u32 = 1;
const EMBARGO_DAYS_OF_FOLDS: u32 = 14;
/// Each fold is two files, all written at once.
const MOST_FOLDS: u32 = 24;
/// Longer than any series there is.
const MOST_EMBARGO_DAYS: u32 = 3_650;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// All days.
    pub(crate) days: DaySpan,
    /// The last day of training.
    pub(crate) train_until: Day,
    /// The last day of validation.
    pub(crate) validate_until: Day,
    /// Number of walk-forward folds.
    pub(crate) folds: Option<u32>,
    /// Days kept free beyond the labels.
    pub(crate) embargo_days: Option<u32>,
}

/// One set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    /// Its name, and its file's without the ending: `train`, `fold-1/validation`.
    pub(crate) name: String,
    /// Its days.
    pub(crate) days: DaySpan,
    /// Days before the next set that were left out.
    pub(crate) purged_days: u32,
    /// The first day of the set that it must not know; `None` for the last one.
    pub(crate) next: Option<Day>,
}

/// All sets: train, validation and test, then the folds' in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) sets: Vec<Set>,
    pub(crate) embargo_days: u32,
}

impl Split {
    /// Cuts the days; a set without any is refused.
    pub(crate) fn of(ask: &Ask) -> Result<Self, Error> {
        let Ask {
            days,
            train_until,
            validate_until,
            ..
        } = *ask;
        if !(days.from <= train_until && train_until < validate_until && validate_until < days.to) {
            return Err(Error::Usage(format!(
                "the days do not follow each other: --from {} <= --train-until {train_until} < --validate-until {validate_until} < --to {}",
                days.from, days.to
            )));
        }
        let embargo_days = match (ask.embargo_days, ask.folds) {
            (Some(days), _) if days > MOST_EMBARGO_DAYS => {
                return Err(Error::Usage(format!(
                    "--embargo-days {days}: at most {MOST_EMBARGO_DAYS}"
                )));
            }
            (Some(days), _) => days,
            (None, Some(_)) => EMBARGO_DAYS_OF_FOLDS,
            (None, None) => EMBARGO_DAYS,
        };
        let cut = |name: &str, from, next| purged(name, from, next, embargo_days);
        let validation = train_until.plus_days(1);
        let test = validate_until.plus_days(1);
        let mut sets = vec![
            cut("train", days.from, validation)?,
            cut("validation", validation, test)?,
            Set {
                name: "test".to_owned(),
                days: DaySpan {
                    from: test,
                    to: days.to,
                },
                purged_days: 0,
                next: None,
            },
        ];
        if let Some(folds) = ask.folds {
            let stretch = DaySpan {
                from: validation,
                to: validate_until,
            };
            for (n, block) in blocks(stretch, folds)?.into_iter().enumerate() {
                let name = |what| format!("fold-{}/{what}", n + 1);
                sets.push(cut(&name("train"), days.from, block.from)?);
                // The next fold trains on it, and does not judge by it.
                sets.push(Set {
                    name: name("validation"),
                    days: block,
                    purged_days: 0,
                    next: None,
                });
            }
        }
        Ok(Self { sets, embargo_days })
    }
}

/// The days from one to before the next set, without those whose labels reach too far.
fn purged(name: &str, from: Day, next: Day, embargo_days: u32) -> Result<Set, Error> {
    let gap = HORIZON_DAYS + embargo_days + 1;
    let last = next
        .number()
        .checked_sub(gap)
        .map(|_| next.minus_days(gap))
        .filter(|last| from <= *last);
    let last = last.ok_or_else(|| {
        Error::Usage(format!(
            "no day is left of {name}: its labels take {HORIZON_DAYS} days and the embargo {embargo_days}, and it has {} days from {from} before {next}",
            next.number() - from.number()
        ))
    })?;
    Ok(Set {
        name: name.to_owned(),
        days: DaySpan { from, to: last },
        purged_days: gap - 1,
        next: Some(next),
    })
}

/// Equal blocks, one behind the other; the first ones are a day longer where it does not divide.
fn blocks(stretch: DaySpan, folds: u32) -> Result<Vec<DaySpan>, Error> {
    let days = stretch.len_days();
    if folds == 0 || folds > MOST_FOLDS || folds > days {
        return Err(Error::Usage(format!(
            "--folds {folds}: 1 to {MOST_FOLDS}, and no more than the {days} days of validation"
        )));
    }
    let mut from = stretch.from;
    Ok((0..folds)
        .map(|n| {
            let length = days / folds + u32::from(n < days % folds);
            let block = DaySpan {
                from,
                to: from.plus_days(length - 1),
            };
            from = from.plus_days(length);
            block
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn ask(folds: Option<u32>, embargo_days: Option<u32>) -> Ask {
        Ask {
            days: DaySpan {
                from: day("2024-01-01"),
                to: day("2024-04-30"),
            },
            train_until: day("2024-02-29"),
            validate_until: day("2024-03-31"),
            folds,
            embargo_days,
        }
    }

    fn shown(split: &Split) -> Vec<String> {
        let set = |set: &Set| format!("{}: {}", set.name, set.days);
        split.sets.iter().map(set).collect()
    }

    #[test]
    fn sets_end_before_their_labels_reach_the_next() {
        for (embargo, train, validation) in [
            (None, "2024-02-21", "2024-03-23"),
            (Some(0), "2024-02-22", "2024-03-24"),
            (Some(5), "2024-02-17", "2024-03-19"),
        ] {
            let split = Split::of(&ask(None, embargo)).unwrap();
            assert_eq!(
                shown(&split),
                [
                    format!("train: 2024-01-01 to {train}"),
                    format!("validation: 2024-03-01 to {validation}"),
                    "test: 2024-04-01 to 2024-04-30".to_owned(),
                ]
            );
            for set in &split.sets {
                if let Some(next) = set.next {
                    let label = set.days.to.plus_days(HORIZON_DAYS);
                    assert!(label.plus_days(split.embargo_days) < next);
                    assert!(
                        label.plus_days(split.embargo_days + 1) == next,
                        "no day too many"
                    );
                }
            }
        }
    }

    #[test]
    fn folds_walk_forward_over_the_days_of_validation() {
        let split = Split::of(&ask(Some(2), None)).unwrap();
        assert_eq!(split.embargo_days, 14);
        assert_eq!(
            shown(&split)[3..],
            [
                "fold-1/train: 2024-01-01 to 2024-02-08",
                "fold-1/validation: 2024-03-01 to 2024-03-16",
                "fold-2/train: 2024-01-01 to 2024-02-24",
                "fold-2/validation: 2024-03-17 to 2024-03-31",
            ]
        );
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let with = |change: fn(&mut Ask)| {
            let mut ask = ask(None, None);
            change(&mut ask);
            Split::of(&ask).unwrap_err().to_string()
        };
        for (said, words) in [
            (with(|a| a.train_until = day("2023-12-31")), "do not follow"),
            (with(|a| a.validate_until = a.train_until), "do not follow"),
            (with(|a| a.validate_until = a.days.to), "do not follow"),
            (
                with(|a| a.train_until = day("2024-01-08")),
                "no day is left of train",
            ),
            (
                with(|a| a.validate_until = day("2024-03-08")),
                "no day is left of validation",
            ),
            (
                with(|a| a.embargo_days = Some(60)),
                "no day is left of train",
            ),
            (with(|a| a.embargo_days = Some(u32::MAX)), "at most"),
            (with(|a| a.folds = Some(0)), "--folds 0"),
            (with(|a| a.folds = Some(25)), "--folds 25"),
        ] {
            assert!(said.contains(words), "{said}");
        }
    }
}
