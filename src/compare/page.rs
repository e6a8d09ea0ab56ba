//! A comparison as one HTML page that fetches nothing.

use super::report::{Report, by_count, relative};
use std::fmt::{self, Write};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1,h2,h3{font-weight:600}table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid #8884;vertical-align:top}\
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}code{font-size:.85em}.bar{background:#d55e00;height:.7em;width:8em}.bar i{display:block;height:100%;background:#009e73}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1b}}";

/// The page.
pub(crate) fn page(report: &Report) -> Result<String, fmt::Error> {
    let coverage = &report.coverage;
    let mut out = String::new();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Comparison</title><style>{STYLE}</style>\n<h1>Their rows beside ours</h1><p>{} pool-days, {} to {}; the store has {}.</p>",
        coverage.theirs,
        report.first_day,
        report.last_day,
        escaped(&report.whole_days)
    )?;
    write!(
        out,
        "<table><tr><th>pool-days<th class=n>count<th>why</tr><tr><td>in both<td class=n>{}<td></tr>",
        coverage.both
    )?;
    for (name, count, why) in [
        (
            "only theirs",
            coverage.only_theirs,
            &coverage.why_only_theirs,
        ),
        ("only ours", coverage.only_ours, &coverage.why_only_ours),
    ] {
        let why: Vec<String> = by_count(why)
            .into_iter()
            .map(|(missing, count)| format!("{count} {}", missing.text()))
            .collect();
        write!(
            out,
            "<tr><td>{name}<td class=n>{count}<td>{}</tr>",
            escaped(&why.join("; "))
        )?;
    }
    write!(
        out,
        "<tr><td>not covered here<td class=n>{}<td></tr></table>",
        coverage.not_covered
    )?;
    write!(
        out,
        "\n<h2>Columns</h2><p>A difference is relative to the greater of both numbers.</p><table><tr><th>column<th>equal<th class=n><th class=n>median<th class=n>greatest<th>likely reasons</tr>"
    )?;
    for column in &report.columns {
        let share = column.equal_share() * 100.0;
        write!(
            out,
            "\n<tr><td><code>{}</code><td><div class=bar><i style=\"width:{share:.2}%\"></i></div><td class=n>{share:.2} %<td class=n>{}<td class=n>{}<td>{}</tr>",
            column.name,
            relative(column.median_relative),
            relative(column.max_relative),
            escaped(&column.why())
        )?;
    }
    write!(out, "</table>\n<h2>Rows that differ most</h2>")?;
    for column in report.columns.iter().filter(|c| !c.worst.is_empty()) {
        write!(
            out,
            "<h3><code>{}</code></h3><table><tr><th>pool<th>day<th class=n>theirs<th class=n>ours</tr>",
            column.name
        )?;
        for row in &column.worst {
            let shown = |value: &Option<String>| {
                value
                    .as_deref()
                    .map_or_else(|| "unknown".to_owned(), escaped)
            };
            write!(
                out,
                "<tr><td><code>{}</code><td>{}<td class=n>{}<td class=n>{}</tr>",
                row.pool,
                row.day,
                shown(&row.theirs),
                shown(&row.ours)
            )?;
        }
        write!(out, "</table>")?;
    }
    out.push_str("</html>\n");
    Ok(out)
}

/// Somebody else's text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_text_is_no_markup() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }
}
