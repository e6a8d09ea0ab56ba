//! What was forecast, and what it was worth.

use super::{read, write};
use crate::codec_error::CodecError;
use crate::forecast_keys::{parse_pool_forecasts_key, parse_run_key, parse_score_board_key};
use crate::forecasts::{
    ForecastBasis, ForecastRun, Forecasted, ModelDrift, ModelReliability, ModelScore,
    PoolForecasts, ScoreBoard, TargetColumn,
};
use bincode::{Decode, Encode};
use tidegauge_features::Fingerprint;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};

const RUN_VERSION: u8 = 1;
const POOL_VERSION: u8 = 1;
const BOARD_VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct RunValue {
    version: String,
    fitted_until: Option<u32>,
    fingerprint: u64,
    as_of: u64,
    made_at: u64,
    pools: u32,
}

pub(crate) fn encode_forecast_run(run: &ForecastRun, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = RunValue {
        version: run.version.clone(),
        fitted_until: run.fitted_until.map(Day::number),
        fingerprint: run.fingerprint.0,
        as_of: run.as_of.0,
        made_at: run.made_at.0,
        pools: run.pools,
    };
    write(RUN_VERSION, &value, out)
}

pub(crate) fn decode_forecast_run(key: &[u8], bytes: &[u8]) -> Result<ForecastRun, CodecError> {
    let (model, day) = parse_run_key(key)?;
    let value: RunValue = read(RUN_VERSION, bytes)?;
    Ok(ForecastRun {
        model,
        day,
        version: value.version,
        fitted_until: value.fitted_until.map(day_of).transpose()?,
        fingerprint: Fingerprint(value.fingerprint),
        as_of: BlockNumber(value.as_of),
        made_at: UnixSeconds(value.made_at),
        pools: value.pools,
    })
}

/// The target's place, the value, the interval, the confidence, the basis (0: none).
type ForecastValue = (u8, f64, Option<(f64, f64)>, Option<f64>, u8);

pub(crate) fn encode_pool_forecasts(
    pool: &PoolForecasts,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let basis = |basis| match basis {
        None => 0,
        Some(ForecastBasis::Group) => 1,
        Some(ForecastBasis::Class) => 2,
        Some(ForecastBasis::All) => 3,
    };
    let values: Vec<ForecastValue> = pool
        .forecasts
        .iter()
        .map(|(target, f)| {
            let claimed = (f.interval, f.confidence, basis(f.basis));
            (target.place(), f.value, claimed.0, claimed.1, claimed.2)
        })
        .collect();
    write(POOL_VERSION, &values, out)
}

pub(crate) fn decode_pool_forecasts(key: &[u8], bytes: &[u8]) -> Result<PoolForecasts, CodecError> {
    let pool = parse_pool_forecasts_key(key)?;
    let values: Vec<ForecastValue> = read(POOL_VERSION, bytes)?;
    let forecast = |(place, value, interval, confidence, basis): ForecastValue| {
        let basis = match basis {
            0 => None,
            1 => Some(ForecastBasis::Group),
            2 => Some(ForecastBasis::Class),
            3 => Some(ForecastBasis::All),
            _ => return Err(CodecError::Impossible("basis")),
        };
        let forecasted = Forecasted {
            value,
            interval,
            confidence,
            basis,
        };
        Ok((target(place)?, forecasted))
    };
    Ok(PoolForecasts {
        pool,
        forecasts: values.into_iter().map(forecast).collect::<Result<_, _>>()?,
    })
}

#[derive(Encode, Decode)]
struct BoardValue {
    days: u32,
    scores: Vec<ScoreValue>,
    reliability: Vec<ReliabilityValue>,
    drifts: Vec<DriftValue>,
}

#[derive(Encode, Decode)]
struct ScoreValue {
    model: String,
    target: u8,
    class: Option<String>,
    count: u64,
    mae: f64,
    rmse: f64,
    skill_over_naive: Option<f64>,
    skill_over_seasonal: Option<f64>,
    coverage: Option<f64>,
}

#[derive(Encode, Decode)]
struct ReliabilityValue {
    model: String,
    target: u8,
    tenth: u8,
    count: u64,
    claimed: f64,
    came_true: f64,
}

#[derive(Encode, Decode)]
struct DriftValue {
    model: String,
    target: u8,
    recent_mae: f64,
    before_mae: f64,
    is_drifting: bool,
}

pub(crate) fn encode_score_board(board: &ScoreBoard, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let scores = board.scores.iter().map(|score| ScoreValue {
        model: score.model.to_string(),
        target: score.target.place(),
        class: score.class.clone(),
        count: score.count,
        mae: score.mae,
        rmse: score.rmse,
        skill_over_naive: score.skill_over_naive,
        skill_over_seasonal: score.skill_over_seasonal,
        coverage: score.coverage,
    });
    let reliability = board.reliability.iter().map(|line| ReliabilityValue {
        model: line.model.to_string(),
        target: line.target.place(),
        tenth: line.tenth,
        count: line.count,
        claimed: line.claimed,
        came_true: line.came_true,
    });
    let drifts = board.drifts.iter().map(|drift| DriftValue {
        model: drift.model.to_string(),
        target: drift.target.place(),
        recent_mae: drift.recent_mae,
        before_mae: drift.before_mae,
        is_drifting: drift.is_drifting,
    });
    let value = BoardValue {
        days: board.days,
        scores: scores.collect(),
        reliability: reliability.collect(),
        drifts: drifts.collect(),
    };
    write(BOARD_VERSION, &value, out)
}

pub(crate) fn decode_score_board(key: &[u8], bytes: &[u8]) -> Result<ScoreBoard, CodecError> {
    let day = parse_score_board_key(key)?;
    let value: BoardValue = read(BOARD_VERSION, bytes)?;
    let score = |score: ScoreValue| {
        Ok::<_, CodecError>(ModelScore {
            model: model(&score.model)?,
            target: target(score.target)?,
            class: score.class,
            count: score.count,
            mae: score.mae,
            rmse: score.rmse,
            skill_over_naive: score.skill_over_naive,
            skill_over_seasonal: score.skill_over_seasonal,
            coverage: score.coverage,
        })
    };
    let reliable = |line: ReliabilityValue| {
        Ok::<_, CodecError>(ModelReliability {
            model: model(&line.model)?,
            target: target(line.target)?,
            tenth: line.tenth,
            count: line.count,
            claimed: line.claimed,
            came_true: line.came_true,
        })
    };
    let drift = |drift: DriftValue| {
        Ok::<_, CodecError>(ModelDrift {
            model: model(&drift.model)?,
            target: target(drift.target)?,
            recent_mae: drift.recent_mae,
            before_mae: drift.before_mae,
            is_drifting: drift.is_drifting,
        })
    };
    Ok(ScoreBoard {
        day,
        days: value.days,
        scores: value
            .scores
            .into_iter()
            .map(score)
            .collect::<Result<_, _>>()?,
        reliability: (value.reliability.into_iter())
            .map(reliable)
            .collect::<Result<_, _>>()?,
        drifts: value
            .drifts
            .into_iter()
            .map(drift)
            .collect::<Result<_, _>>()?,
    })
}

fn model(name: &str) -> Result<crate::forecasts::ModelName, CodecError> {
    name.parse().map_err(|_| CodecError::Impossible("model"))
}

fn target(place: u8) -> Result<TargetColumn, CodecError> {
    TargetColumn::of_place(place.into()).ok_or(CodecError::Impossible("target"))
}

fn day_of(number: u32) -> Result<Day, CodecError> {
    crate::keys::parse_calendar_key(&number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::forecast_keys::{pool_forecasts_key, run_key, score_board_key};
    use alloy_primitives::hex;
    use tidegauge_model::{Address, PoolId};

    fn day() -> Day {
        "2024-01-05".parse().unwrap()
    }

    #[test]
    fn golden_bytes_of_a_run() {
        let run = ForecastRun {
            model: "ridge".parse().unwrap(),
            day: day(),
            version: "1".to_owned(),
            fitted_until: Some(day()),
            fingerprint: Fingerprint(7),
            as_of: BlockNumber(19_000_000),
            made_at: UnixSeconds(1_704_500_000),
            pools: 300,
        };
        let key = run_key(&run.model, run.day);
        let mut value = Vec::new();
        encode_forecast_run(&run, &mut value).unwrap();
        assert_eq!(hex::encode(&key), "0105726964676500004d0f");
        assert_eq!(
            hex::encode(&value),
            "01013101fb0f4d07fcc0ea2101fc209b9865fb2c01"
        );
        assert_eq!(decode_forecast_run(&key, &value).unwrap(), run);
        assert!(decode_forecast_run(&key[1..], &value).is_err());
        assert!(decode_forecast_run(&key, &value[1..]).is_err());
    }

    #[test]
    fn golden_bytes_of_a_pools_forecasts() {
        let forecasted = |basis: Option<ForecastBasis>, interval| Forecasted {
            value: 1.5,
            interval,
            confidence: basis.map(|_| 0.25),
            basis,
        };
        let place = |place| TargetColumn::of_place(place).unwrap();
        let pool = PoolForecasts {
            pool: PoolId(Address::repeat_byte(9)),
            forecasts: vec![
                (place(0), forecasted(None, None)),
                (
                    place(7),
                    forecasted(Some(ForecastBasis::Class), Some((0.0, 2.0))),
                ),
            ],
        };
        let key = pool_forecasts_key(&"naive".parse().unwrap(), day(), pool.pool);
        let mut value = Vec::new();
        encode_pool_forecasts(&pool, &mut value).unwrap();
        assert_eq!(
            hex::encode(&key),
            "02056e6169766500004d0f0909090909090909090909090909090909090909"
        );
        assert_eq!(
            hex::encode(&value),
            concat!(
                "0102",
                "00000000000000f83f000000",
                "07000000000000f83f0100000000000000000000000000000040",
                "01000000000000d03f02"
            )
        );
        assert_eq!(decode_pool_forecasts(&key, &value).unwrap(), pool);
    }

    #[test]
    fn a_score_board_reads_back() {
        let naive = || "naive".parse().unwrap();
        let target = TargetColumn::of_name("target_fee_apr_7d").unwrap();
        let board = ScoreBoard {
            day: day(),
            days: 28,
            scores: vec![ModelScore {
                model: naive(),
                target,
                class: Some("other".to_owned()),
                count: 12,
                mae: 0.5,
                rmse: 0.75,
                skill_over_naive: None,
                skill_over_seasonal: Some(-0.5),
                coverage: Some(0.8),
            }],
            reliability: vec![ModelReliability {
                model: naive(),
                target,
                tenth: 3,
                count: 4,
                claimed: 0.33,
                came_true: 0.25,
            }],
            drifts: vec![ModelDrift {
                model: naive(),
                target,
                recent_mae: 2.0,
                before_mae: 1.0,
                is_drifting: true,
            }],
        };
        let key = score_board_key(day());
        let mut value = Vec::new();
        encode_score_board(&board, &mut value).unwrap();
        assert_eq!(hex::encode(&key), "0300004d0f");
        assert_eq!(hex::encode(&value[..9]), "011c01056e61697665");
        assert_eq!(decode_score_board(&key, &value).unwrap(), board);
    }

    #[test]
    fn names_of_models() {
        let long = "a".repeat(48);
        for (name, is_sound) in [
            ("ridge", true),
            ("my-model_v1.2", true),
            (&long, true),
            ("", false),
            (".hidden", false),
            ("a/b", false),
            ("ü", false),
            (&(long.clone() + "a"), false),
        ] {
            assert_eq!(
                name.parse::<crate::forecasts::ModelName>().is_ok(),
                is_sound,
                "{name}"
            );
        }
    }
}
