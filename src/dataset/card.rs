//! The data card: what somebody should know before training on the files.

use super::drift::{Drift, LARGE_PSI, SLIGHT_PSI};
use super::manifest::Manifest;
use super::profile::{ColumnProfile, Profile, Quantiles};
use std::fmt::{self, Write};

/// Everything that both forms of the card show.
pub(super) struct Card<'a> {
    pub(super) manifest: &'a Manifest,
    /// In the order of the manifest's first sets: train, validation, test.
    pub(super) profiles: &'a [Profile],
    pub(super) columns: Vec<Line>,
}

/// One column over the sets.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) null_shares: Vec<f64>,
    pub(super) ranges: Vec<Option<(f64, f64)>>,
    pub(super) quantiles: Vec<Option<Quantiles>>,
    pub(super) words: Vec<Vec<(String, u64)>>,
    /// Against the first set; `None` for itself.
    pub(super) drifts: Vec<Option<Drift>>,
}

impl<'a> Card<'a> {
    pub(super) fn new(manifest: &'a Manifest, profiles: &'a [Profile]) -> Self {
        let count = profiles.first().map_or(0, |profile| profile.columns.len());
        let columns = (0..count)
            .map(|at| {
                let each: Vec<&ColumnProfile> = profiles
                    .iter()
                    .filter_map(|profile| profile.columns.get(at))
                    .collect();
                Line {
                    name: each[0].name,
                    null_shares: each.iter().map(|c| c.null_share()).collect(),
                    ranges: each.iter().map(|c| c.least.zip(c.most)).collect(),
                    quantiles: each.iter().map(|c| c.quantiles()).collect(),
                    words: each
                        .iter()
                        .map(|c| c.words.clone().into_iter().collect())
                        .collect(),
                    drifts: each
                        .iter()
                        .enumerate()
                        .map(|(n, c)| (n > 0).then(|| Drift::between(each[0], c)).flatten())
                        .collect(),
                }
            })
            .collect();
        Self {
            manifest,
            profiles,
            columns,
        }
    }

    /// Names of the sets that it shows.
    pub(super) fn sets(&self) -> impl Iterator<Item = &str> {
        let sets = self.manifest.sets.iter().take(self.profiles.len());
        sets.map(|set| set.name.as_str())
    }

    /// As Markdown.
    pub(super) fn markdown(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        let manifest = self.manifest;
        writeln!(out, "# Data card\n")?;
        writeln!(
            out,
            "Pool-days of Uniswap V3 on chain {}, made by {} from store {} with feature set {}.\n",
            manifest.chain_id, manifest.program, manifest.store, manifest.feature_set
        )?;
        for line in self.facts() {
            writeln!(out, "- {line}")?;
        }
        writeln!(
            out,
            "\n## Sets\n\n| set | days | rows | with labels | purged days |\n|---|---|---:|---:|---:|"
        )?;
        for set in &manifest.sets {
            writeln!(
                out,
                "| {} | {} to {} | {} | {} | {} |",
                set.name, set.first_day, set.last_day, set.rows, set.labelled_rows, set.purged_days
            )?;
        }
        writeln!(out, "\n## Unknown values, share of rows\n")?;
        self.header(&mut out, &[])?;
        for column in &self.columns {
            if column.null_shares.iter().any(|share| *share > 0.0) {
                write!(out, "| {} |", column.name)?;
                for share in &column.null_shares {
                    write!(out, " {:.2} % |", share * 100.0)?;
                }
                writeln!(out)?;
            }
        }
        writeln!(
            out,
            "\n## Ranges\n\nQuantiles are of an even sample where a set is large; least and most are of all rows.\n"
        )?;
        writeln!(
            out,
            "| column | set | least | 5 % | 25 % | 50 % | 75 % | 95 % | most |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        for column in &self.columns {
            for ((set, range), quantiles) in self.sets().zip(&column.ranges).zip(&column.quantiles)
            {
                if let (Some((least, most)), Some(q)) = (range, quantiles) {
                    write!(out, "| {} | {set} |", column.name)?;
                    for value in [*least, q.p5, q.p25, q.p50, q.p75, q.p95, *most] {
                        write!(out, " {} |", short(value))?;
                    }
                    writeln!(out)?;
                }
            }
        }
        writeln!(
            out,
            "\n## Drift\n\nAgainst the first set: population stability index (below {SLIGHT_PSI} alike, from {LARGE_PSI} on different) and, in brackets, the greatest difference of the distributions (Kolmogorov and Smirnov).\n"
        )?;
        self.header(&mut out, &["train"])?;
        for column in &self.columns {
            write!(out, "| {} |", column.name)?;
            for drift in column.drifts.iter().skip(1) {
                match drift {
                    Some(Drift { psi, ks: Some(ks) }) => write!(out, " {psi:.3} ({ks:.3}) |")?,
                    Some(Drift { psi, ks: None }) => write!(out, " {psi:.3} |")?,
                    None => write!(out, " |")?,
                }
            }
            writeln!(out)?;
        }
        Ok(out)
    }

    /// What has to be known, one sentence each.
    pub(super) fn facts(&self) -> Vec<String> {
        let manifest = self.manifest;
        let mut facts = vec![
            format!("Universe: {}.", manifest.universe),
            format!(
                "Labels look {} days ahead; sets are cut by time, with an embargo of {} day{}.",
                manifest.horizon_days,
                manifest.embargo_days,
                if manifest.embargo_days == 1 { "" } else { "s" }
            ),
            format!(
                "{} rows were checked: the newest input of each lies before its labels, and these before the next set.",
                manifest.leak_checked_rows
            ),
            "Unknown is NULL, never zero; dollars are exact decimals.".to_owned(),
        ];
        if let Some(tip) = manifest.tip {
            facts.push(format!("Tip: block {} {:#x}.", tip.number, tip.hash));
        }
        facts.push(match manifest.evidence {
            Some(evidence) => format!("Weakest evidence behind a block: {evidence}."),
            None => "The evidence behind some block is not known.".to_owned(),
        });
        facts
    }

    fn header(&self, out: &mut String, without: &[&str]) -> fmt::Result {
        let sets: Vec<&str> = self.sets().filter(|set| !without.contains(set)).collect();
        writeln!(out, "| column | {} |", sets.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(sets.len()))
    }
}

/// Four digits, as people read numbers.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e9).contains(&size) {
        format!("{value:.3e}")
    } else if size >= 1_000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (2.0, "2"),
            (0.25, "0.25"),
            (1234.6, "1235"),
            (-1.23456, "-1.2346"),
            (1e-9, "1.000e-9"),
            (2.5e30, "2.500e30"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
