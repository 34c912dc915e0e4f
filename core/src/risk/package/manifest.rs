//! `manifest.toml`: what a package says of itself.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::{FEATURE_NAMES, Histogram, Kind, Reference};
use crate::risk::Thresholds;

/// Features of one model.
const FEATURES: usize = 256;
/// Columns of an output.
const COLUMNS: i64 = 1_024;
/// The longest names of inputs and outputs, in bytes.
const TENSOR_NAME_BYTES: usize = 256;

/// The longest text about training, in characters.
const TEXT_CHARS: usize = 200;
/// Metrics of one model, and the longest name of one in characters.
const METRICS: usize = 64;
const METRIC_NAME_CHARS: usize = 64;

/// The file as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    pub name: String,
    pub version: u32,
    pub file: String,
    pub sha256: String,
    pub input: Input,
    pub output: Output,
    pub thresholds: GivenThresholds,
    #[serde(default)]
    pub training: Training,
    reference: Option<GivenReference>,
}

/// `[input]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    pub features: Vec<String>,
}

/// `[output]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub name: String,
    #[serde(default = "probability")]
    kind: String,
    column: Column,
}

/// A column, or the class that a map is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "column must be a number, or a text for the class of a map")]
pub enum Column {
    /// A column, counted from 0, or a class that is a number.
    Number(i64),
    /// A class that is a text.
    Text(String),
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Column::Number(number) => write!(f, "{number}"),
            Column::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// `[thresholds]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenThresholds {
    step_up: f32,
    review: Option<f32>,
    decline: f32,
}

/// `[training]`: how the model was made, for people. Anything else in it is passed over.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Training {
    /// Who trained it.
    pub author: Option<String>,
    /// With what.
    pub script: Option<String>,
    /// The seed.
    pub seed: Option<i64>,
    /// Rows that it learned from.
    pub rows: Option<u64>,
    /// From when they are, RFC 3339.
    pub window_start: Option<String>,
    /// Until when, exclusive.
    pub window_end: Option<String>,
    /// Rows that it was judged by.
    pub test_rows: Option<u64>,
    /// From when they are.
    pub test_window_start: Option<String>,
    /// Until when, exclusive.
    pub test_window_end: Option<String>,
    /// How good it was.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenReference {
    approval_rate: f64,
    score: Histogram,
    #[serde(default)]
    features: BTreeMap<String, Histogram>,
}

fn probability() -> String {
    "probability".to_owned()
}

/// Reads the text of a manifest and checks all but its features and its reference.
pub fn read(text: &str) -> Result<Manifest, String> {
    let manifest: Manifest = toml::from_str(text).map_err(|error| located(text, &error))?;
    let mut complaints = Vec::new();
    if !(1..=2).contains(&manifest.format) {
        complaints.push(format!("format {} is not known; this gateway reads 1 and 2", manifest.format));
    }
    if !is_name(&manifest.name) {
        complaints.push(format!(
            "name {:?} must be lower-case letters, digits and -, at most 64, a letter first",
            manifest.name
        ));
    }
    if !(1..=999_999).contains(&manifest.version) {
        complaints.push(format!("version {} must be 1 to 999999", manifest.version));
    }
    if manifest.sha256.len() != 64 || !manifest.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        complaints.push("sha256 must be the model's SHA-256 as 64 hexadecimal characters".to_owned());
    }
    let lengths = [manifest.input.name.len(), manifest.output.name.len()];
    if !lengths.iter().all(|length| (1..=TENSOR_NAME_BYTES).contains(length)) {
        complaints.push(format!("names of input and output have 1 to {TENSOR_NAME_BYTES} bytes"));
    }
    complaints.extend(manifest.kind().err());
    complaints.extend(manifest.thresholds().err());
    complaints.extend(manifest.training.complaints());
    let is_new = manifest.thresholds.review.is_some() || manifest.reference.is_some() || manifest.output.kind == "map";
    if manifest.format == 1 && is_new {
        complaints.push("review, [reference] and kind = \"map\" need format = 2".to_owned());
    }
    if complaints.is_empty() { Ok(manifest) } else { Err(complaints.join("; ")) }
}

fn located(text: &str, error: &toml::de::Error) -> String {
    let line = |span: Range<usize>| text.get(..span.start).map_or(0, |before| before.matches('\n').count()) + 1;
    match error.span() {
        Some(span) => format!("line {}: {}", line(span), error.message().trim()),
        None => error.message().trim().to_owned(),
    }
}

fn is_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(is_inner)
}

impl Manifest {
    /// What the output is, and its column.
    pub fn kind(&self) -> Result<(Kind, usize), String> {
        let column = &self.output.column;
        let place = |kind| match column {
            Column::Number(number) if (0..COLUMNS).contains(number) => Ok((kind, *number as usize)),
            Column::Number(_) | Column::Text(_) => Err(format!("column must be a number from 0 to {}", COLUMNS - 1)),
        };
        match self.output.kind.as_str() {
            "probability" => place(Kind::Probability),
            "logit" => place(Kind::Logit),
            "map" => Ok((Kind::Map(column.clone()), 0)),
            kind => Err(format!("kind {kind:?} is not known; it is probability, logit or map")),
        }
    }

    /// From which scores on a verdict holds. Without one for reviews nothing is reviewed.
    pub fn thresholds(&self) -> Result<Thresholds, String> {
        let GivenThresholds { step_up, review, decline } = self.thresholds;
        let review = review.unwrap_or(decline);
        if 0.0 < step_up && step_up <= review && review <= decline && decline <= 1.0 {
            Ok(Thresholds { step_up, review, decline })
        } else {
            Err("thresholds must satisfy 0 < step_up <= review <= decline <= 1".to_owned())
        }
    }

    /// For each input of the model, which of our features it is.
    pub fn features(&self) -> Result<Vec<usize>, String> {
        let names = &self.input.features;
        if names.is_empty() || names.len() > FEATURES {
            return Err(format!("it names {} features; 1 to {FEATURES} are possible", names.len()));
        }
        let mut places = Vec::with_capacity(names.len());
        let mut unknown = Vec::new();
        for name in names {
            match place(name) {
                Some(place) if places.contains(&place) => return Err(format!("the feature {name:?} is named twice")),
                Some(place) => places.push(place),
                None => unknown.push(unknown_feature(name)),
            }
        }
        if unknown.is_empty() {
            return Ok(places);
        }
        unknown.push(format!("the features are {}", FEATURE_NAMES.join(", ")));
        Err(unknown.join("; "))
    }

    /// What drift is measured against.
    pub fn reference(&self) -> Result<Option<Reference>, String> {
        let Some(given) = &self.reference else { return Ok(None) };
        if !(0.0..=1.0).contains(&given.approval_rate) {
            return Err(format!("the reference's approval_rate {} must be 0 to 1", given.approval_rate));
        }
        let score = given.score.clone().checked("score")?;
        let feature = |(name, histogram): (&String, &Histogram)| {
            let is_input = self.input.features.contains(name);
            let place = place(name).filter(|_| is_input);
            let place =
                place.ok_or_else(|| format!("the reference has {name:?}, which is no feature of this model"))?;
            Ok((place, histogram.clone().checked(name)?))
        };
        let features: Result<_, String> = given.features.iter().map(feature).collect();
        Ok(Some(Reference { approval_rate: given.approval_rate, score, features: features? }))
    }
}

impl Training {
    /// What people could not read, or would misread, where they are told how the model was made.
    fn complaints(&self) -> Vec<String> {
        let texts = [
            ("author", &self.author),
            ("script", &self.script),
            ("window_start", &self.window_start),
            ("window_end", &self.window_end),
            ("test_window_start", &self.test_window_start),
            ("test_window_end", &self.test_window_end),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let unreadable = texts.filter(|(_, text)| !is_readable(text, TEXT_CHARS));
        let mut complaints: Vec<String> = unreadable
            .map(|(name, _)| format!("training.{name} must be 1 to {TEXT_CHARS} characters that can be seen"))
            .collect();
        if self.metrics.len() > METRICS {
            complaints.push(format!("training.metrics has {} metrics; {METRICS} are possible", self.metrics.len()));
        }
        if self.metrics.keys().any(|name| !is_readable(name, METRIC_NAME_CHARS)) {
            complaints.push(format!(
                "names in training.metrics must be 1 to {METRIC_NAME_CHARS} characters that can be seen"
            ));
        }
        let odd = self.metrics.iter().find(|(name, value)| !value.is_finite() && is_readable(name, METRIC_NAME_CHARS));
        complaints.extend(odd.map(|(name, value)| format!("training.metrics.{name} is {value}; it must be a number")));
        complaints
    }
}

/// Whether a text shows people what it holds: no controls, nothing invisible, and nothing that turns the direction of reading.
fn is_readable(text: &str, most: usize) -> bool {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(is_hidden)
}

fn place(name: &str) -> Option<usize> {
    FEATURE_NAMES.iter().position(|known| *known == name)
}

/// Names of features are long and alike: the one that was meant is told.
fn unknown_feature(name: &str) -> String {
    let common = |known: &&str| known.bytes().zip(name.bytes()).take_while(|(ours, theirs)| ours == theirs).count();
    let near = FEATURE_NAMES.into_iter().max_by_key(common).filter(|known| common(known) >= 4);
    let shown: String = name.chars().take(64).collect();
    match near {
        Some(near) => format!("there is no feature {shown:?}; is {near} meant?"),
        None => format!("there is no feature {shown:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of format 1, as it was shipped before there was another: it is still read.
    fn shipped() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/baseline/1/manifest.toml")).unwrap()
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |from: &str, to: &str, says: &str| {
            let text = shipped().replace(from, to);
            assert_ne!(text, shipped(), "{from}");
            let refused = read(&text).and_then(|manifest| manifest.features());
            let said = refused.expect_err(to);
            assert!(said.contains(says), "{to}: {said}");
        };
        check("format = 1", "format = 3", "format 3 is not known");
        check("name = \"baseline\"", "name = \"Base line\"", "lower-case");
        check("version = 1", "version = 0", "1 to 999999");
        check("version = 1", "version = \"one\"", "line 3");
        check("step_up = 0.0191", "step_up = 0.9", "0 < step_up <= review <= decline <= 1");
        check("step_up = 0.0191", "step_up = nan", "0 < step_up <= review <= decline <= 1");
        check("step_up = 0.0191", "step_upp = 0.0191", "step_upp");
        check("step_up = 0.0191", "step_up = 0.0191\nreview = 0.1", "need format = 2");
        check("kind = \"probability\"", "kind = \"odds\"", "probability, logit or map");
        check("column = 1", "column = -1", "from 0 to 1023");
        check("column = 1", "column = 1.5", "column must be");
        check("sha256 = \"33", "sha256 = \"zz", "64 hexadecimal");
        check("\"is_weekend\"", "\"is_card\"", "\"is_card\" is named twice");
        check("\"is_weekend\"", "\"is_week_end\"", "is is_weekend meant?");
        check("\"is_weekend\"", "\"colour\"", "there is no feature \"colour\"; the features are amount_usd_log10,");
    }

    #[test]
    fn what_people_cannot_read_is_refused() {
        let (without, _) = shipped().split_once("[training]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let check = |training: &str, says: Option<&str>| {
            let said = read(&format!("{without}[training]\n{training}\n")).err();
            let fits = said.as_deref().map_or(says.is_none(), |said| says.is_some_and(|says| said.contains(says)));
            assert!(fits, "{training:.80}: {said:?}");
        };
        check("author = \"Zoë 李\"\nmetrics = { auc = 0.9, \"recall at 1 %\" = -1.0 }", None);
        check("author = \"a\\u0007b\"", Some("training.author must be 1 to 200 characters that can be seen"));
        check("script = \"train\\u202Eyp.py\"", Some("training.script"));
        check("script = \"two\\nlines\"", Some("training.script"));
        check("author = \" \"", Some("training.author"));
        check(&format!("author = {:?}", "x".repeat(20_000)), Some("training.author"));
        check("window_end = \"\\u2066now\"", Some("training.window_end"));
        check("metrics = { auc = nan }", Some("training.metrics.auc is NaN; it must be a number"));
        check("metrics = { auc = -inf }", Some("training.metrics.auc is -inf"));
        check("metrics = { \"\" = 0.5 }", Some("names in training.metrics must be 1 to 64 characters"));
        check("metrics = { \"a\\u202Eb\" = nan }", Some("names in training.metrics"));
        let many: Vec<String> = (0..65).map(|number| format!("m{number} = 0.1")).collect();
        check(&format!("metrics = {{ {} }}", many.join(", ")), Some("65 metrics; 64 are possible"));
    }

    #[test]
    fn format_two_has_review_reference_and_maps() {
        let reference = "\n[reference]\napproval_rate = 0.985\nscore = { edges = [0.1], shares = [0.9, 0.1] }\n\
                         [reference.features.is_card]\nedges = [0.5]\nshares = [0.4, 0.6]\n";
        let two = shipped().replace("format = 1", "format = 2").replace("decline = ", "review = 0.08\ndecline = ");
        let manifest = read(&(two.clone() + reference)).unwrap();
        assert_eq!(manifest.thresholds(), Ok(Thresholds { step_up: 0.0191, review: 0.08, decline: 0.141 }));
        let found = manifest.reference().unwrap().unwrap();
        assert_eq!((found.features.len(), FEATURE_NAMES[found.features[0].0]), (1, "is_card"));
        let other = read(&(two.clone() + &reference.replace("is_card", "colour"))).unwrap();
        assert!(other.reference().unwrap_err().contains("\"colour\""));
        let map = two.replace("kind = \"probability\"", "kind = \"map\"").replace("column = 1", "column = \"fraud\"");
        let kind = Kind::Map(Column::Text("fraud".to_owned()));
        assert_eq!(read(&map).unwrap().kind(), Ok((kind, 0)));
    }
}
