//! `models`: who forecasts, and what the forecasts were worth.

use crate::config::Config;
use crate::error::Error;
use crate::forecasts::{Models, ScoreLine};
use crate::progress::group;

/// Prints the models with their scores.
pub(super) fn models(config: &Config, json: bool) -> Result<(), Error> {
    let reader = super::open_beside(config)?;
    let models = Models::read(&reader.view()?)?;
    if json {
        return super::print_json(&models);
    }
    if models.models.is_empty() {
        println!("nobody has forecast yet: tidegauge predict --fit");
        return Ok(());
    }
    println!(
        "{:<20} {:<10} {:>12} {:>10}",
        "model", "version", "last day", "pools"
    );
    for model in &models.models {
        println!(
            "{:<20} {:<10} {:>12} {:>10}",
            model.model,
            model.version,
            model.last_day.to_string(),
            group(model.pools.into())
        );
    }
    if let Some(day) = models.scored_until {
        println!(
            "\nwhat matured in the {} days to {day}, of all pools; errors on the scale ln(1 + x)",
            models.scored_days
        );
        println!(
            "{:<20} {:<22} {:>10} {:>8} {:>8} {:>11} {:>14} {:>9}",
            "model", "target", "outcomes", "mae", "rmse", "over naive", "over seasonal", "coverage"
        );
        for line in models.scores.iter().filter(|line| line.class.is_none()) {
            print_line(line);
        }
    }
    for drift in models.drifts.iter().filter(|drift| drift.is_drifting) {
        println!(
            "{} drifts on {}: error {:.3} in the last 7 days, {:.3} in the 28 before",
            drift.model, drift.target, drift.recent_mae, drift.before_mae
        );
    }
    Ok(())
}

fn print_line(line: &ScoreLine) {
    let share = |value: Option<f64>| match value {
        Some(value) => format!("{:.1} %", value * 100.0),
        None => "-".to_owned(),
    };
    println!(
        "{:<20} {:<22} {:>10} {:>8.3} {:>8.3} {:>11} {:>14} {:>9}",
        line.model,
        line.target,
        group(line.count),
        line.mae,
        line.rmse,
        share(line.skill_over_naive),
        share(line.skill_over_seasonal),
        share(line.coverage)
    );
}
