//! Texts as forecasts, each row on its own.

use super::Refused;
use std::collections::BTreeMap;
use strsim::jaro_winkler;
use tidegauge_model::{Address, Day, PoolId};
use tidegauge_storage::{Forecasted, ModelName, TargetColumn};
use tidegauge_sync::{FORECAST_COLUMNS, ForeignRows};

/// What a row has to say.
const NEEDED: [&str; 4] = ["pool_address", "date", "target", "value"];

/// What is ours to say: written with every forecast, and not read back.
const OURS: [&str; 5] = [
    "basis",
    "horizon_days",
    "feature_set",
    "as_of_block",
    "made_at",
];

/// Longest version of a model.
const MOST_VERSION: usize = 64;

/// A model's forecasts from one day.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OfferedDay {
    pub(super) version: Option<String>,
    pub(super) fitted_until: Option<Day>,
    /// With the row that said it.
    pub(super) forecasts: BTreeMap<PoolId, BTreeMap<TargetColumn, (usize, Forecasted)>>,
}

/// What is offered, by model and day.
pub(super) type Offered = BTreeMap<(ModelName, Day), OfferedDay>;

/// Reads every row; `model` names whose they are where they do not say it themselves.
pub(super) fn offered(found: &ForeignRows, model: Option<&ModelName>) -> Result<Offered, Refused> {
    let places = Places::of(&found.names, model)?;
    let mut offered = Offered::new();
    for (number, row) in (1..).zip(&found.rows) {
        read(&places, row, number, model, &mut offered).map_err(|why| Refused::row(number, why))?;
    }
    Ok(offered)
}

/// Where the columns stand.
struct Places(BTreeMap<&'static str, usize>);

impl Places {
    fn of(names: &[String], model: Option<&ModelName>) -> Result<Self, Refused> {
        let mut places = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            let known = FORECAST_COLUMNS.iter().find(|column| column.name == name);
            let Some(known) = known else {
                return Err(Refused::all(unknown(name)));
            };
            if places.insert(known.name, at).is_some() {
                return Err(Refused::all(format!("the column {name} is there twice")));
            }
        }
        for name in NEEDED {
            if !places.contains_key(name) {
                return Err(Refused::all(format!(
                    "the column {name} is missing; needed are {}",
                    NEEDED.join(", ")
                )));
            }
        }
        if model.is_none() && !places.contains_key("model") {
            return Err(Refused::all(
                "whose forecasts? name the model, or add a column `model`",
            ));
        }
        for name in OURS {
            places.remove(name);
        }
        Ok(Self(places))
    }

    fn text<'r>(&self, row: &'r [Option<String>], name: &str) -> Option<&'r str> {
        row.get(*self.0.get(name)?)?
            .as_deref()
            .filter(|text| !text.is_empty())
    }
}

fn unknown(name: &str) -> String {
    let near = FORECAST_COLUMNS
        .iter()
        .map(|column| (jaro_winkler(column.name, name), column.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8)
        .map(|(_, near)| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("the column `{}` is not known{near}", name.escape_debug())
}

fn read(
    places: &Places,
    row: &[Option<String>],
    number: usize,
    model: Option<&ModelName>,
    offered: &mut Offered,
) -> Result<(), String> {
    let text = |name: &'static str| {
        let text = places.text(row, name);
        text.ok_or_else(|| format!("{name}: it is not said"))
    };
    let whose = match (model, places.text(row, "model")) {
        (Some(model), None) => model.clone(),
        (None, None) => return Err("model: it is not said".to_owned()),
        (named, Some(said)) => {
            let said: ModelName = said.parse().map_err(|why| format!("model: {why}"))?;
            if named.is_some_and(|named| *named != said) {
                return Err(format!("model: it is of {said}"));
            }
            said
        }
    };
    let pool: Address = text("pool_address")?
        .parse()
        .map_err(|_| "pool_address: this is no address".to_owned())?;
    let day = day("date", text("date")?)?;
    let target = TargetColumn::of_name(text("target")?).ok_or_else(|| {
        "target: this is no column of what comes after a day; docs/columns.md names them".to_owned()
    })?;
    let value = quantity("value", text("value")?)?;
    let ends = ["interval_low", "interval_high"];
    let ends = ends.map(|name| places.text(row, name).map(|text| quantity(name, text)));
    let interval = match ends {
        [None, None] => None,
        [Some(low), Some(high)] => {
            let (low, high) = (low?, high?);
            if low > high {
                return Err("interval_low: it is above interval_high".to_owned());
            }
            Some((low, high))
        }
        _ => return Err("interval_low, interval_high: one is there without the other".to_owned()),
    };
    let confidence = places.text(row, "confidence");
    let confidence = confidence
        .map(|text| quantity("confidence", text))
        .transpose()?;
    if confidence.is_some_and(|share| share > 1.0) {
        return Err("confidence: it is a share, from 0 to 1".to_owned());
    }
    let of_day = offered.entry((whose, day)).or_default();
    let version = places.text(row, "model_version");
    if version.is_some_and(|text| text.len() > MOST_VERSION || text.chars().any(char::is_control)) {
        return Err(format!(
            "model_version: at most {MOST_VERSION} printable characters"
        ));
    }
    let until = places.text(row, "fitted_until");
    let until = until
        .map(|text| self::day("fitted_until", text))
        .transpose()?;
    if until.is_some_and(|until| until > day) {
        return Err("fitted_until: it is after the date".to_owned());
    }
    let is_first = of_day.forecasts.is_empty();
    if is_first {
        of_day.version = version.map(str::to_owned);
        of_day.fitted_until = until;
    } else if of_day.version.as_deref() != version || of_day.fitted_until != until {
        return Err(
            "model_version, fitted_until: they are not those of the date's other rows".to_owned(),
        );
    }
    let forecasted = Forecasted {
        value,
        interval,
        confidence,
        basis: None,
    };
    let of_pool = of_day.forecasts.entry(PoolId(pool)).or_default();
    if let Some((earlier, _)) = of_pool.insert(target, (number, forecasted)) {
        return Err(format!("row {earlier} has the same pool, date and target"));
    }
    Ok(())
}

fn day(name: &str, text: &str) -> Result<Day, String> {
    // As others write a date that has a time.
    let text = ["T00:00:00", " 00:00:00", "T00:00:00Z"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .unwrap_or(text);
    text.parse()
        .map_err(|_| format!("{name}: this is no day: write YYYY-MM-DD"))
}

/// Nothing that is forecast is below 0.
fn quantity(name: &str, text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        Ok(value) if value.is_finite() => Err(format!("{name}: it is below 0")),
        Ok(_) => Err(format!("{name}: it is not finite")),
        Err(_) => Err(format!("{name}: this is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecasts::offer::{Shape, read::read as texts};

    const POOL: &str = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640";

    fn of(csv: &str) -> Result<Offered, Refused> {
        let model = "growth".parse().unwrap();
        offered(&texts(Shape::Csv, csv.as_bytes())?, Some(&model))
    }

    #[test]
    fn a_table_that_we_wrote_reads_back() {
        let names: Vec<&str> = FORECAST_COLUMNS.iter().map(|column| column.name).collect();
        let line = format!(
            "growth,{POOL},2024-01-05,target_fee_apr_7d,0.25,0.125,0.5,0.75,class,7,v2,2024-01-04,0011,190,2024-01-06T06:00:00Z"
        );
        let found = of(&format!("{}\n{line}\n", names.join(","))).unwrap();
        let of_day = &found[&("growth".parse().unwrap(), "2024-01-05".parse().unwrap())];
        assert_eq!(of_day.version.as_deref(), Some("v2"));
        assert_eq!(of_day.fitted_until, "2024-01-04".parse().ok());
        let pool = PoolId(POOL.parse().unwrap());
        let target = TargetColumn::of_name("target_fee_apr_7d").unwrap();
        let expected = Forecasted {
            value: 0.25,
            interval: Some((0.125, 0.5)),
            confidence: Some(0.75),
            basis: None,
        };
        assert_eq!(of_day.forecasts[&pool][&target], (1, expected));
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        let head = "pool_address,date,target,value,interval_low,interval_high,confidence,model,model_version,fitted_until";
        for (row, word) in [
            (
                "0x88,2024-01-05,target_fee_apr_7d,1,,,,,,",
                "row 1: pool_address",
            ),
            ("POOL,yesterday,target_fee_apr_7d,1,,,,,,", "date"),
            ("POOL,2024-01-05,fee_apr_7d,1,,,,,,", "target"),
            (
                "POOL,2024-01-05,target_fee_apr_7d,,,,,,,",
                "value: it is not said",
            ),
            ("POOL,2024-01-05,target_fee_apr_7d,NaN,,,,,,", "not finite"),
            ("POOL,2024-01-05,target_fee_apr_7d,inf,,,,,,", "not finite"),
            ("POOL,2024-01-05,target_fee_apr_7d,-1,,,,,,", "below 0"),
            ("POOL,2024-01-05,target_fee_apr_7d,1,2,1,,,,", "above"),
            (
                "POOL,2024-01-05,target_fee_apr_7d,1,2,,,,,",
                "without the other",
            ),
            ("POOL,2024-01-05,target_fee_apr_7d,1,,,1.5,,,", "share"),
            (
                "POOL,2024-01-05,target_fee_apr_7d,1,,,,other,,",
                "it is of other",
            ),
            (
                "POOL,2024-01-05,target_fee_apr_7d,1,,,,,,2024-01-06",
                "after the date",
            ),
            (
                "POOL,2024-01-05,target_fee_apr_7d,1,,,,,,\nPOOL,2024-01-05,target_fee_apr_7d,1,,,,,,",
                "row 2: row 1 has the same",
            ),
            (
                "POOL,2024-01-05,target_fee_apr_7d,1,,,,,a,\nPOOL,2024-01-05,target_fee_apr_3d,1,,,,,b,",
                "row 2: model_version",
            ),
        ] {
            let csv = format!("{head}\n{}\n", row.replace("POOL", POOL));
            let refused = of(&csv).unwrap_err().to_string();
            assert!(refused.contains(word), "{row}: {refused}");
        }
        for (head, word) in [
            ("pool_address,date,target", "column value is missing"),
            (
                "pool_address,date,target,value,confidenc",
                "did you mean `confidence`",
            ),
            ("pool_address,date,target,value,value", "twice"),
        ] {
            let row = vec!["1"; head.split(',').count()].join(",");
            let refused = of(&format!("{head}\n{row}\n")).unwrap_err().to_string();
            assert!(refused.contains(word), "{head}: {refused}");
        }
        let unnamed = texts(Shape::Csv, b"pool_address,date,target,value\n1,1,1,1\n").unwrap();
        assert!(
            offered(&unnamed, None)
                .unwrap_err()
                .to_string()
                .contains("whose")
        );
    }
}
