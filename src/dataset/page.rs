//! The data card as one HTML page: pictures inline, nothing fetched.

use super::card::{Card, Line, short};
use super::drift::{LARGE_PSI, SLIGHT_PSI};
use super::plot::{COLOURS, bars, calendar, strips};
use std::fmt::{self, Write};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1,h2{font-weight:600}table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid #8884;vertical-align:middle}\
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}code{font-size:.9em}.key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}\
.slight{color:#b36b00}.large{color:#c0392b;font-weight:600}svg{display:block;max-width:100%}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1b}}";

/// The page.
pub(super) fn page(card: &Card<'_>) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let manifest = card.manifest;
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Data card</title><style>{STYLE}</style>\n<h1>Data card</h1><p>Pool-days of Uniswap V3 on chain {}, made by {} from store <code>{}</code> with feature set <code>{}</code>.</p><ul>",
        manifest.chain_id,
        escaped(manifest.program),
        escaped(&manifest.store),
        escaped(&manifest.feature_set)
    )?;
    for fact in card.facts() {
        write!(out, "<li>{}</li>", escaped(&fact))?;
    }
    write!(
        out,
        "</ul>\n<h2>Sets</h2><table><tr><th>set<th>days<th class=n>rows<th class=n>with labels<th class=n>purged days</tr>"
    )?;
    for set in &manifest.sets {
        write!(
            out,
            "<tr><td>{}<td>{} to {}<td class=n>{}<td class=n>{}<td class=n>{}</tr>",
            escaped(&set.name),
            set.first_day,
            set.last_day,
            set.rows,
            set.labelled_rows,
            set.purged_days
        )?;
    }
    write!(out, "</table>\n<h2>Rows by day</h2><p class=key>")?;
    for (set, colour) in card.sets().zip(COLOURS) {
        write!(
            out,
            "<span style=\"background:{colour}\"></span>{}",
            escaped(set)
        )?;
    }
    let days: Vec<(u32, u64, usize)> = card
        .profiles
        .iter()
        .enumerate()
        .flat_map(|(set, profile)| {
            let days = profile.rows_by_day.iter();
            days.map(move |(day, rows)| (day.number(), *rows, set))
        })
        .collect();
    write!(out, "</p>{}", calendar(&days))?;
    write!(
        out,
        "\n<h2>Columns</h2><p>Ordered by drift. Boxes: 5 to 95 %, 25 to 75 % and the median of each set, on a logarithmic axis with sign. Drift: population stability index against the first set, <span class=slight>from {SLIGHT_PSI}</span> slight, <span class=large>from {LARGE_PSI}</span> large.</p><table><tr><th>column<th>distribution<th class=n>medians<th>unknown<th class=n>drift</tr>"
    )?;
    let mut lines: Vec<&Line> = card.columns.iter().collect();
    lines.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    for line in lines {
        write!(out, "\n<tr><td><code>{}</code><td>", escaped(line.name))?;
        if line.words.iter().any(|words| !words.is_empty()) {
            words(&mut out, line)?;
        } else {
            out.push_str(&strips(&line.quantiles));
        }
        write!(out, "<td class=n>")?;
        for (n, quantiles) in line.quantiles.iter().enumerate() {
            let median = quantiles.map_or_else(String::new, |q| short(q.p50));
            let gap = if n == 0 { "" } else { "<br>" };
            write!(out, "{gap}{median}")?;
        }
        write!(out, "<td>{}<td class=n>", bars(&line.null_shares))?;
        for drift in line.drifts.iter().flatten() {
            let class = match drift.psi {
                psi if psi >= LARGE_PSI => "large",
                psi if psi >= SLIGHT_PSI => "slight",
                _ => "",
            };
            write!(out, "<div class=\"{class}\">{:.3}</div>", drift.psi)?;
        }
        write!(out, "</tr>")?;
    }
    out.push_str("</table></html>\n");
    Ok(out)
}

/// Shares of each word, set by set.
fn words(out: &mut String, line: &Line) -> fmt::Result {
    for words in &line.words {
        let total: u64 = words.iter().map(|(_, count)| count).sum();
        out.push_str("<div>");
        for (n, (word, count)) in words.iter().enumerate() {
            let share = *count as f64 / total.max(1) as f64 * 100.0;
            let gap = if n == 0 { "" } else { ", " };
            write!(out, "{gap}{} {share:.1} %", escaped(word))?;
        }
        out.push_str("</div>");
    }
    Ok(())
}

fn worst(line: &Line) -> f64 {
    let drifts = line.drifts.iter().flatten();
    drifts.map(|drift| drift.psi).fold(0.0, f64::max)
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
