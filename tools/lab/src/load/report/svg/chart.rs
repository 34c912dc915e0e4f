//! A chart of lines with their names at their ends. Values are placed on linear axes; logarithms are taken before.

use std::fmt::Write;

/// Room for the numbers of the upright axis, in pixels.
const LEFT: f64 = 58.0;
/// Room for the title.
const TOP: f64 = 34.0;
/// Room for the names of the lines.
const RIGHT: f64 = 168.0;
/// Room for the numbers of the level axis.
const BOTTOM: f64 = 40.0;
/// The least distance of two names.
const LINE: f64 = 15.0;

/// A chart.
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Left, top, width and height, in pixels.
    pub place: (f64, f64, f64, f64),
    /// The level axis.
    pub x: Axis,
    /// The upright axis.
    pub y: Axis,
    /// The lines.
    pub series: Vec<Series>,
}

/// An axis.
pub struct Axis {
    /// What it counts.
    pub title: String,
    /// Where it begins and ends.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// Values with a line across, and what stands beside them.
    pub ticks: Vec<(f64, String)>,
}

/// A line.
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: &'static str,
    /// Whether it is a ceiling: drawn broken and without dots.
    pub is_ceiling: bool,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

impl Axis {
    /// A logarithmic axis around these values, all above 0, with ticks at 1, 2 and 5 of every power of ten, or at the powers
    /// alone when there are many. `text` writes a value.
    pub fn logarithmic(title: &str, values: impl Iterator<Item = f64>, text: fn(f64) -> String) -> Axis {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if high > 0.0 { (low / 1.25, high * 1.25) } else { (1.0, 10.0) };
        let steps: &[f64] = if high / low > 2_000.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        let ticks = ticks.filter(|tick| low <= *tick && *tick <= high).map(|tick| (tick.log10(), text(tick)));
        Axis { title: title.to_owned(), from: low.log10(), to: high.log10(), ticks: ticks.collect() }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

impl Chart {
    /// Appends the chart's elements.
    pub fn draw(&self, out: &mut String) {
        let (left, top, width, height) = self.place;
        text(out, (left, top + 14.0), "title", "start", &self.title);
        self.grid(out);
        let mut names = Vec::new();
        for series in &self.series {
            if let Some(end) = self.line(out, series) {
                names.push((end, series));
            }
        }
        spread(&mut names, top + TOP + 4.0, top + height - BOTTOM + 4.0);
        for (y, series) in names {
            let x = left + width - RIGHT + 10.0;
            let name = escaped(&series.name);
            push(
                out,
                format!(
                    "<text x='{x:.1}' y='{:.1}' class='name' style='fill:{}'>{name}</text>",
                    y + 4.0,
                    series.colour
                ),
            );
        }
    }

    fn grid(&self, out: &mut String) {
        let (left, top, width, height) = self.place;
        let (x1, x2, y1, y2) = (left + LEFT, left + width - RIGHT, top + TOP, top + height - BOTTOM);
        for (value, label) in &self.y.ticks {
            let y = self.point((self.x.from, *value)).1;
            push(out, format!("<line x1='{x1:.1}' y1='{y:.1}' x2='{x2:.1}' y2='{y:.1}' class='grid'/>"));
            text(out, (x1 - 6.0, y + 4.0), "tick", "end", label);
        }
        for (value, label) in &self.x.ticks {
            let x = self.point((*value, self.y.from)).0;
            push(out, format!("<line x1='{x:.1}' y1='{y1:.1}' x2='{x:.1}' y2='{y2:.1}' class='grid'/>"));
            text(out, (x, y2 + 15.0), "tick", "middle", label);
        }
        text(out, (f64::midpoint(x1, x2), y2 + 31.0), "axis", "middle", &self.x.title);
        text(out, (left, y1 - 7.0), "axis", "start", &self.y.title);
    }

    /// Draws a line; gives the height of its end.
    fn line(&self, out: &mut String, series: &Series) -> Option<f64> {
        let points: Vec<(f64, f64)> = series.points.iter().map(|point| self.point(*point)).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (path, colour) = (path.join(" "), series.colour);
        let class = if series.is_ceiling { "ceiling" } else { "line" };
        push(out, format!("<polyline points='{path}' class='{class}' stroke='{colour}'/>"));
        if !series.is_ceiling && points.len() <= 50 {
            for (x, y) in &points {
                push(out, format!("<circle cx='{x:.1}' cy='{y:.1}' r='3' fill='{colour}'/>"));
            }
        }
        points.last().map(|(_, y)| *y)
    }

    fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (left, top, width, height) = self.place;
        let (inner_width, inner_height) = (width - LEFT - RIGHT, height - TOP - BOTTOM);
        (left + LEFT + inner_width * self.x.share(x), top + TOP + inner_height * (1.0 - self.y.share(y)))
    }
}

/// Moves names apart that would lie on each other, and keeps them between `top` and `bottom`.
fn spread(names: &mut [(f64, &Series)], top: f64, bottom: f64) {
    names.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut least = top;
    for (y, _) in names.iter_mut() {
        *y = y.max(least);
        least = *y + LINE;
    }
    let mut most = bottom;
    for (y, _) in names.iter_mut().rev() {
        *y = y.min(most);
        most = *y - LINE;
    }
}

/// Appends a text.
pub fn text(out: &mut String, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
    let text = escaped(text);
    push(out, format!("<text x='{x:.1}' y='{y:.1}' class='{class}' text-anchor='{anchor}'>{text}</text>"));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn push(out: &mut String, element: String) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{element}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let series = Series { name: String::new(), colour: "", is_ceiling: false, points: Vec::new() };
        let mut names = [(98.0, &series), (50.0, &series), (96.0, &series), (52.0, &series)];
        spread(&mut names, 0.0, 100.0);
        let places: Vec<f64> = names.iter().map(|(y, _)| *y).collect();
        assert_eq!(places, [50.0, 65.0, 85.0, 100.0]);
    }

    #[test]
    fn a_logarithmic_axis_has_round_ticks() {
        let axis = Axis::logarithmic("", [3.0, 40.0].into_iter(), |value| format!("{value}"));
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["5", "10", "20", "50"]);
        assert!(Axis::logarithmic("", [].into_iter(), |value| format!("{value}")).from.is_finite());
    }
}
