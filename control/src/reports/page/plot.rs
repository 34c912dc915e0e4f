//! Pictures as inline SVG: they take their colours from the page's style, so that they follow light, dark and paper.

use crate::pages::escaped;

/// The width of a picture in its own units; the page scales it.
const WIDTH: f64 = 720.0;
/// What axes and their words need on each side.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 26.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 50.0;

/// From values to places.
#[derive(Clone, Copy)]
pub enum Scale {
    /// Even steps between two values.
    Linear(f64, f64),
    /// Even factors between two values, both above zero.
    Log(f64, f64),
}

/// An axis: its scale, its words, and where it has ticks.
pub struct Axis {
    /// The scale.
    pub scale: Scale,
    /// What it is of, with its unit.
    pub label: String,
    /// Where lines stand, and what is written there.
    pub ticks: Vec<(f64, String)>,
}

/// A picture that is being drawn.
pub struct Plot {
    x: Scale,
    y: Scale,
    height: f64,
    frame: String,
    marks: String,
}

impl Scale {
    /// Where `value` lies, from 0 to 1; beyond the ends it lies at the end.
    fn place(self, value: f64) -> f64 {
        let place = match self {
            Scale::Linear(low, high) => (value - low) / (high - low),
            Scale::Log(low, high) => (value.max(low) / low).ln() / (high / low).ln(),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl Axis {
    /// Percentages from 0 to `high`, a share.
    pub fn percent(label: &str, low: f64, high: f64) -> Axis {
        let decimals = if high - low < 0.05 { 1 } else { 0 };
        let ticks = (0..=5).map(|step| low + (high - low) * f64::from(step) / 5.0);
        let ticks = ticks.map(|value| (value, format!("{:.decimals$} %", value * 100.0))).collect();
        Axis { scale: Scale::Linear(low, high), label: label.to_owned(), ticks }
    }

    /// Scores from 0.0001 to 1, each decade ten times the one before.
    pub fn scores(label: &str) -> Axis {
        let decades = [(1e-4, "≤ 0.0001"), (1e-3, "0.001"), (1e-2, "0.01"), (0.1, "0.1"), (1.0, "1")];
        let ticks = decades.map(|(value, text)| (value, text.to_owned())).to_vec();
        Axis { scale: Scale::Log(1e-4, 1.0), label: label.to_owned(), ticks }
    }
}

impl Plot {
    /// An empty picture with its axes.
    pub fn new(height: f64, x: &Axis, y: &Axis) -> Plot {
        let mut plot = Plot { x: x.scale, y: y.scale, height, frame: String::new(), marks: String::new() };
        let (bottom, right) = (plot.bottom(), WIDTH - RIGHT);
        for (value, text) in &x.ticks {
            let at = plot.x(*value);
            let text = escaped(text);
            plot.frame.push_str(&format!(
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
            ));
            plot.frame.push_str(&format!(
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                bottom + 17.0
            ));
        }
        for (value, text) in &y.ticks {
            let at = plot.y(*value);
            let text = escaped(text);
            plot.frame.push_str(&format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
            ));
            plot.frame.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 7.0,
                at + 4.0
            ));
        }
        let (middle, up) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let (x, y) = (escaped(&x.label), escaped(&y.label));
        let low = height - 8.0;
        plot.frame.push_str(&format!(
            "<text class=\"axis\" x=\"{middle:.1}\" y=\"{low:.1}\" text-anchor=\"middle\">{x}</text>\
             <text class=\"axis\" transform=\"translate(13 {up:.1}) rotate(-90)\" text-anchor=\"middle\">{y}</text>"
        ));
        plot
    }

    fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.y.place(value) * (self.bottom() - TOP)
    }

    /// A line through points.
    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let points = self.path(points.iter().copied());
        self.marks.push_str(&format!("<polyline class=\"line {class}\" points=\"{points}\"/>"));
    }

    /// What lies between two lines: each place with its least and most.
    pub fn band(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let low = points.iter().map(|(x, low, _)| (*x, *low));
        let high = points.iter().rev().map(|(x, _, high)| (*x, *high));
        let points = self.path(low.chain(high));
        self.marks.push_str(&format!("<polygon class=\"area {class}\" points=\"{points}\"/>"));
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        points.map(|(x, y)| format!("{:.1},{:.1} ", self.x(x), self.y(y))).collect()
    }

    /// A bar from the bottom, or a cell between two heights.
    pub fn cell(&mut self, class: &str, (from, to): (f64, f64), (low, high): (f64, f64), opacity: f64) {
        let (left, right, up, down) = (self.x(from), self.x(to), self.y(high), self.y(low));
        let (width, height) = (right - left, down - up);
        self.marks.push_str(&format!(
            "<rect class=\"fill {class}\" x=\"{left:.1}\" y=\"{up:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             opacity=\"{opacity:.2}\"/>"
        ));
    }

    /// A line across at a value of the x axis.
    pub fn upright(&mut self, class: &str, value: f64) {
        let (at, bottom) = (self.x(value), self.bottom());
        self.marks.push_str(&format!(
            "<line class=\"line {class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom:.1}\"/>"
        ));
    }

    /// A line across at a value of the y axis.
    pub fn level(&mut self, class: &str, value: f64) {
        let (at, right) = (self.y(value), WIDTH - RIGHT);
        self.marks.push_str(&format!(
            "<line class=\"line {class}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
        ));
    }

    /// A dot.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64)) {
        let (x, y) = (self.x(x), self.y(y));
        self.marks.push_str(&format!("<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"));
    }

    /// How far a value may be off.
    pub fn whisker(&mut self, class: &str, x: f64, (low, high): (f64, f64)) {
        let (at, low, high) = (self.x(x), self.y(low), self.y(high));
        self.marks.push_str(&format!(
            "<line class=\"line {class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>"
        ));
    }

    /// The picture; `said` tells what it shows to who cannot see it.
    pub fn svg(self, said: &str) -> String {
        let Plot { height, frame, marks, .. } = self;
        let said = escaped(said);
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{said}\">{frame}{marks}</svg>\n")
    }
}

/// What lines and dots mean: the class, its form, and words.
pub fn legend(entries: &[(&str, &str, String)]) -> String {
    let entry = |(class, form, words): &(&str, &str, String)| {
        let sample = match *form {
            "dot" => format!("<circle class=\"dot {class}\" cx=\"11\" cy=\"6\" r=\"4\"/>"),
            "area" => format!("<rect class=\"area {class}\" x=\"1\" y=\"1\" width=\"20\" height=\"10\"/>"),
            "fill" => {
                format!("<rect class=\"fill {class}\" x=\"1\" y=\"1\" width=\"20\" height=\"10\" opacity=\"0.7\"/>")
            }
            _ => format!("<line class=\"line {class}\" x1=\"1\" x2=\"21\" y1=\"6\" y2=\"6\"/>"),
        };
        format!("<li><svg viewBox=\"0 0 22 12\" aria-hidden=\"true\">{sample}</svg>{}</li>\n", escaped(words))
    };
    format!("<ul class=\"legend\">\n{}</ul>\n", entries.iter().map(entry).collect::<String>())
}

/// A round number at or above `value`, for the end of an axis.
pub fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value * 0.999_999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, end) in [(0.0712, 0.08), (0.1, 0.1), (0.11, 0.15), (7.3, 8.0), (81.0, 100.0), (0.0, 1e-9)] {
            assert!((round_up(value) - end).abs() < end * 1e-6, "{value}: {}", round_up(value));
        }
    }

    #[test]
    fn places_end_at_the_frame() {
        assert_eq!(Scale::Linear(0.0, 2.0).place(1.0), 0.5);
        assert_eq!(Scale::Linear(1.0, 1.0).place(1.0), 0.0);
        assert!((Scale::Log(1e-4, 1.0).place(0.01) - 0.5).abs() < 1e-9);
        assert_eq!(Scale::Log(1e-4, 1.0).place(0.0), 0.0);
        assert_eq!(Scale::Log(1e-4, 1.0).place(7.0), 1.0);
    }
}
