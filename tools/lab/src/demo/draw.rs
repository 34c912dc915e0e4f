//! The result as a picture: every journey on its own time axis, and a verdict below.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use super::record::{Journey, Step};

/// Columns of a time axis.
const AXIS: usize = 34;
/// Columns of the whole picture.
const WIDTH: usize = 88;

/// How the picture is drawn. Nothing is told by colour alone.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    boxes: bool,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Good,
    Bad,
    Faint,
    Bold,
}

impl Style {
    /// Boxes on a terminal, colour where it is wanted (`NO_COLOR` says that it is not), plain ASCII elsewhere.
    pub fn of_stdout() -> Style {
        let terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Style { boxes: terminal, colour: terminal && !refused }
    }

    /// A step as it happens.
    pub fn step(self, step: &Step) -> String {
        let times = format!("{:>9} {:>9}", ms(step.at), ms(step.took));
        format!("{}  {:<20} {}", self.ink(Ink::Faint, &times), step.name, self.plain(&step.outcome))
    }

    /// The line above the steps of a journey.
    pub fn heading(self, number: usize, title: &str) -> String {
        let title = self.ink(Ink::Bold, &format!("{number}. {title}"));
        format!("\n{title}\n{}", self.ink(Ink::Faint, "    at ms   took ms"))
    }

    /// A journey on its time axis: its steps, and below them its webhooks.
    pub fn journey(self, number: usize, journey: &Journey) -> String {
        let length = journey.length();
        let title = format!(" {number}. {} ", journey.title);
        let mut out = format!("\n{}\n", self.ink(Ink::Bold, &self.rule(if self.boxes { '┌' } else { '+' }, &title)));
        let axis = format!("{:<width$}", "0", width = AXIS - ms(length).len() - 3) + &ms(length) + " ms";
        self.row(&mut out, "at ms", "took ms", "", &self.ink(Ink::Faint, &axis));
        for step in &journey.steps {
            let bar = self.bar(step.at, step.took, length);
            self.row(&mut out, &ms(step.at), &ms(step.took), step.name, &self.ink(Ink::Faint, &bar));
        }
        let count = journey.webhooks.len();
        self.row(&mut out, "", "", "", "");
        let noun = if count == 1 { "webhook" } else { "webhooks" };
        let line = format!("{count} {noun} in the order of arrival, signatures verified by the receiver");
        let _ = writeln!(out, "{} {line}", self.edge());
        for (place, webhook) in journey.webhooks.iter().enumerate() {
            let mark = self.bar(webhook.at, Duration::ZERO, length);
            self.row(
                &mut out,
                &ms(webhook.at),
                &format!("#{}", place + 1),
                &webhook.event_type,
                &self.ink(Ink::Good, &mark),
            );
        }
        let (ink, verdict) = match &journey.wrong {
            None => (Ink::Good, "as it should be".to_owned()),
            Some(wrong) => (Ink::Bad, format!("WRONG: {}", self.plain(wrong))),
        };
        let _ = writeln!(out, "{} {}", if self.boxes { "└─" } else { "+--" }, self.ink(ink, &verdict));
        out
    }

    /// The last word, in a box.
    pub fn verdict(self, good: bool, lines: &[String]) -> String {
        let (corner, below, across) = if self.boxes { ('╔', '╚', "═") } else { ('+', '+', "=") };
        let ink = if good { Ink::Good } else { Ink::Bad };
        let rule = |corner: char| self.ink(ink, &format!("{corner}{}", across.repeat(WIDTH - 1)));
        let mut out = format!("\n{}\n", rule(corner));
        for line in lines {
            let side = if self.boxes { "║" } else { "|" };
            let _ = writeln!(out, "{} {}", self.ink(ink, side), self.plain(line));
        }
        out + &rule(below)
    }

    fn row(self, out: &mut String, at: &str, took: &str, name: &str, drawing: &str) {
        let line = format!("{} {at:>9} {took:>9}  {name:<27} {drawing}", self.edge());
        let _ = writeln!(out, "{}", line.trim_end());
    }

    fn edge(self) -> &'static str {
        if self.boxes { "│" } else { "|" }
    }

    fn rule(self, corner: char, title: &str) -> String {
        let across = if self.boxes { "─" } else { "-" };
        format!("{corner}{across}{title}{}", across.repeat(WIDTH.saturating_sub(title.chars().count() + 2)))
    }

    /// At least one column, so that nothing vanishes.
    fn bar(self, at: Duration, took: Duration, length: Duration) -> String {
        let scale = AXIS as f64 / length.as_secs_f64().max(1e-9);
        let from = ((at.as_secs_f64() * scale) as usize).min(AXIS - 1);
        let to = (((at + took).as_secs_f64() * scale).round() as usize).clamp(from + 1, AXIS);
        let point = took.is_zero();
        let mark = match (self.boxes, point) {
            (true, true) => "◆",
            (true, false) => "█",
            (false, true) => "*",
            (false, false) => "#",
        };
        format!("{}{}", " ".repeat(from), mark.repeat(to - from))
    }

    /// Signs beyond ASCII have a plain counterpart.
    fn plain(self, text: &str) -> String {
        if self.boxes { text.to_owned() } else { text.replace('…', "..") }
    }

    fn ink(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Faint => "2",
            Ink::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

fn ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::super::record::Webhook;
    use super::*;

    fn journey() -> Journey {
        let millis = Duration::from_millis;
        let mut journey = Journey::new("Pay-in");
        let step =
            |name, at, took| Step {
                name, at: millis(at), took: millis(took), outcome: "gs_test_0123…pqrs".to_owned()
            };
        journey.steps = vec![step("create session", 0, 2), step("poll until settled", 10, 190)];
        journey.webhooks = vec![Webhook { at: millis(5), event_type: "gate_session.created".to_owned() }];
        journey
    }

    #[test]
    fn without_a_terminal_everything_is_ascii() {
        let style = Style { boxes: false, colour: false };
        let mut wrong = journey();
        wrong.wrong = Some("the session is `open`".to_owned());
        let text = style.journey(1, &journey())
            + &style.journey(2, &wrong)
            + &style.step(&journey().steps[0])
            + &style.verdict(true, &["all is well".to_owned()]);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("gate_session.created") && text.contains("WRONG: the session is `open`"), "{text}");
    }

    #[test]
    fn bars_stand_where_their_time_is() {
        let style = Style { boxes: false, colour: false };
        let hundred = Duration::from_millis(100);
        assert_eq!(style.bar(Duration::ZERO, hundred, hundred), "#".repeat(AXIS));
        assert_eq!(style.bar(Duration::ZERO, Duration::from_micros(1), hundred), "#");
        assert_eq!(style.bar(hundred, Duration::ZERO, hundred), format!("{}*", " ".repeat(AXIS - 1)));
        assert_eq!(style.bar(Duration::ZERO, Duration::ZERO, Duration::ZERO), "*");
    }

    #[test]
    fn lines_fit_the_width() {
        let style = Style { boxes: true, colour: false };
        for line in style.journey(1, &journey()).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
