//! What a model takes and gives, as `NAME.toml` says it.

use serde::Deserialize;
use tidegauge_features::{Kind, ROW_COLUMNS};
use tidegauge_model::Day;
use tidegauge_storage::TargetColumn;

/// How far a model may look back.
pub(super) const MOST_LAG_DAYS: u32 = 60;

/// Numbers of a row.
const MOST_INPUTS: usize = 1_000;

/// On which scale a model forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scale {
    /// As the target is.
    #[default]
    Value,
    /// ln(1 + target).
    Log1p,
}

/// What is done to a feature before the model gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transform {
    #[default]
    None,
    /// ln(1 + x).
    Log1p,
    /// ln x.
    Log,
    /// The square root.
    Sqrt,
}

impl Transform {
    /// Not finite where there is none.
    pub(super) fn of(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Log1p => libm::log1p(value),
            Self::Log => libm::log(value),
            Self::Sqrt => value.sqrt(),
        }
    }
}

/// One number of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Input {
    /// The feature's place in [`ROW_COLUMNS`].
    pub(super) column: usize,
    /// Days before the one that is forecast from.
    pub(super) lag_days: u32,
    pub(super) transform: Transform,
}

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) target: TargetColumn,
    pub(super) scale: Scale,
    pub(super) inputs: Vec<Input>,
    /// What is unknown is given as this; `None`: as NaN.
    pub(super) missing: Option<f32>,
    pub(super) fitted_until: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    target: String,
    #[serde(default)]
    scale: Scale,
    inputs: Vec<WrittenInput>,
    missing: Option<f32>,
    fitted_until: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenInput {
    Name(String),
    Whole(WholeInput),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeInput {
    feature: String,
    #[serde(default)]
    lag: u32,
    #[serde(default)]
    transform: Transform,
}

impl Settings {
    /// Reads them; what is wrong is named.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        let target = TargetColumn::of_name(&written.target).ok_or_else(|| {
            format!(
                "target = \"{}\" is no column of what comes after a day",
                written.target.escape_debug()
            )
        })?;
        if !(1..=MOST_INPUTS).contains(&written.inputs.len()) {
            return Err(format!("inputs: 1 to {MOST_INPUTS} are expected"));
        }
        let inputs = written.inputs.into_iter().map(input);
        let until = written.fitted_until.map(|text| {
            text.parse()
                .map_err(|_| "fitted_until: write YYYY-MM-DD".to_owned())
        });
        Ok(Self {
            target,
            scale: written.scale,
            inputs: inputs.collect::<Result<_, _>>()?,
            missing: written.missing,
            fitted_until: until.transpose()?,
        })
    }

    /// How far back a row reaches.
    pub(super) fn lag_days(&self) -> u32 {
        let lags = self.inputs.iter().map(|input| input.lag_days);
        lags.max().unwrap_or(0)
    }
}

fn input(written: WrittenInput) -> Result<Input, String> {
    let whole = match written {
        WrittenInput::Name(feature) => WholeInput {
            feature,
            lag: 0,
            transform: Transform::None,
        },
        WrittenInput::Whole(whole) => whole,
    };
    let name = whole.feature.escape_debug();
    let column = ROW_COLUMNS.iter().position(|c| c.name == whole.feature);
    let Some(column) = column else {
        return Err(format!(
            "inputs: there is no feature `{name}`; docs/columns.md names all"
        ));
    };
    if matches!(ROW_COLUMNS[column].kind, Kind::Word(_)) {
        return Err(format!(
            "inputs: `{name}` is a word, and numbers are expected"
        ));
    }
    if whole.lag > MOST_LAG_DAYS {
        return Err(format!(
            "inputs: `{name}` of {} days before; {MOST_LAG_DAYS} are the most",
            whole.lag
        ));
    }
    Ok(Input {
        column,
        lag_days: whole.lag,
        transform: whole.transform,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_they_are_documented() {
        let settings = Settings::read(
            r#"
            target = "target_tx_7d_avg_ahead"
            scale = "log1p"
            inputs = ["volume_usd_24h", { feature = "tx_count_24h", lag = 7, transform = "log1p" }]
            missing = -1.0
            fitted_until = "2024-01-05"
            "#,
        )
        .unwrap();
        assert_eq!(settings.scale, Scale::Log1p);
        assert_eq!(settings.lag_days(), 7);
        assert_eq!(settings.missing, Some(-1.0));
        assert_eq!(settings.fitted_until, "2024-01-05".parse().ok());
        let names: Vec<_> = settings
            .inputs
            .iter()
            .map(|i| ROW_COLUMNS[i.column].name)
            .collect();
        assert_eq!(names, ["volume_usd_24h", "tx_count_24h"]);
        assert_eq!(settings.inputs[1].transform, Transform::Log1p);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let of = |target: &str, inputs: &str, more: &str| {
            format!("target = \"{target}\"\ninputs = [{inputs}]\n{more}\n")
        };
        let target = "target_fee_apr_7d";
        for (text, word) in [
            (
                of("fee_apr_7d", "\"tx_count_24h\"", ""),
                "target = \"fee_apr_7d\"",
            ),
            (of(target, "", ""), "inputs: 1 to"),
            (of(target, "\"tx\"", ""), "no feature `tx`"),
            (of(target, "\"pool_class\"", ""), "is a word"),
            (
                of(target, "{ feature = \"tx_count_24h\", lag = 61 }", ""),
                "61 days before",
            ),
            (of(target, "\"tx_count_24h\"", "scale = \"log\""), "log"),
            (
                of(target, "\"tx_count_24h\"", "fitted_until = \"x\""),
                "YYYY-MM-DD",
            ),
            (of(target, "\"tx_count_24h\"", "other = 1"), "other"),
            ("target".to_owned(), ""),
        ] {
            let why = Settings::read(&text).unwrap_err();
            assert!(why.contains(word), "{text}: {why}");
        }
    }
}
