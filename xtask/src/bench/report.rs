//! The table and the JSON.

use serde::Serialize;

use super::statistics::Samples;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Mebibytes.
    Mebibytes,
    /// Files.
    Files,
    /// Images.
    Images,
}

/// One contestant's measurements.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Who.
    pub name: String,
    /// Of what.
    pub unit: Unit,
    /// The median.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// All, in the order of the rounds.
    pub samples: Vec<f64>,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The case, as `--only` names it.
    pub case: &'static str,
    /// What of it.
    pub what: String,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<Measured>,
    /// What it is compared with, if with another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Measured>,
    /// What the target is about: the ratio of the medians, or our number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The ratio of the minima.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_of_minima: Option<f64>,
    /// At most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Whether it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
    /// Why it was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Row {
    /// Ours against another's, in seconds.
    pub fn ratio(
        case: &'static str,
        what: &str,
        ours: (&str, &Samples),
        other: (&str, &Samples),
        target: f64,
    ) -> Self {
        let ratio = ours.1.median() / other.1.median();
        Self {
            ours: Some(measured(ours.0, ours.1, Unit::Seconds)),
            other: Some(measured(other.0, other.1, Unit::Seconds)),
            value: Some(ratio),
            ratio_of_minima: Some(ours.1.min() / other.1.min()),
            target: Some(target),
            met: Some(ratio <= target),
            ..Self::missing(case, what, String::new()).present()
        }
    }

    /// A number of ours that has a limit.
    pub fn value(
        case: &'static str,
        what: &str,
        name: &str,
        samples: &Samples,
        unit: Unit,
        value: f64,
        target: f64,
    ) -> Self {
        Self {
            ours: Some(measured(name, samples, unit)),
            value: Some(value),
            target: Some(target),
            met: Some(value <= target),
            ..Self::missing(case, what, String::new()).present()
        }
    }

    /// What could not be measured.
    pub fn missing(case: &'static str, what: &str, why: String) -> Self {
        Self {
            case,
            what: what.to_owned(),
            ours: None,
            other: None,
            value: None,
            ratio_of_minima: None,
            target: None,
            met: None,
            missing: Some(why),
        }
    }

    /// Shown beside the others, without a target.
    pub fn for_information(self) -> Self {
        Self { target: None, met: None, ..self }
    }

    fn present(self) -> Self {
        Self { missing: None, ..self }
    }
}

fn measured(name: &str, samples: &Samples, unit: Unit) -> Measured {
    Measured {
        name: name.to_owned(),
        unit,
        median: samples.median(),
        min: samples.min(),
        samples: samples.all().to_vec(),
    }
}

const HEADS: [&str; 8] = ["CASE", "WHAT", "OURS", "AGAINST", "RATIO", "OF MINIMA", "TARGET", "MET"];

/// The lines of the table.
pub fn table(rows: &[Row]) -> Vec<String> {
    let mut cells = vec![HEADS.map(str::to_owned)];
    cells.extend(rows.iter().map(self::cells));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 8]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<String> = cells.iter().map(line).collect();
    for row in rows {
        if let Some(why) = &row.missing {
            lines.push(format!("{}, {}: not measured: {why}", row.case, row.what));
        }
    }
    lines
}

fn cells(row: &Row) -> [String; 8] {
    let of = |measured: &Option<Measured>| {
        measured
            .as_ref()
            .map(|measured| format!("{} {}", text(measured.median, measured.unit), measured.name))
    };
    let ratio = |value: Option<f64>| value.map(|value| format!("{value:.2}x"));
    let is_ratio = row.other.is_some();
    let unit = row.ours.as_ref().map_or(Unit::Seconds, |ours| ours.unit);
    let target = row.target.map(|target| match is_ratio {
        true => format!("<= {target}x"),
        false => format!("<= {}", text(target, unit)),
    });
    let met = match (row.met, &row.missing) {
        (Some(true), _) => "yes",
        (Some(false), _) => "NO",
        (None, Some(_)) => "not measured",
        (None, None) => "",
    };
    let shown = if is_ratio { ratio(row.value) } else { row.value.map(|value| text(value, unit)) };
    let optional = [of(&row.ours), of(&row.other), shown, ratio(row.ratio_of_minima), target];
    let [ours, other, shown, minima, target] = optional.map(Option::unwrap_or_default);
    [row.case.to_owned(), row.what.clone(), ours, other, shown, minima, target, met.to_owned()]
}

fn text(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1.0 => format!("{:.0} ms", value * 1000.0),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::Mebibytes => format!("{value:.0} MiB"),
        Unit::Files | Unit::Images => format!("{value:.0}"),
    }
}
