//! A report as a picture: a Gantt chart in SVG.
//!
//! Every text is cut to a length. So the size is linear in the number of steps, also of a deep tree, whose paths are long.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Report, StepReport};
use crate::driver::{FOREVER, Name};

/// All lengths are in pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
/// Of a line of text, and of the row of a step.
const ROW: f64 = 22.0;
/// Above the rows: the title, the legend, the labels of the axis.
const TOP: f64 = 84.0;
/// The width of a character of a monospaced font of 12 px, rounded up.
const CHARACTER: f64 = 7.3;
/// For each level, up to [`INDENTED`] levels.
const INDENT: f64 = 14.0;
const INDENTED: usize = 10;
/// The names have at least and at most this.
const NAMES: (f64, f64) = (80.0, 330.0);
/// Right of the bars: the outcome and how long it took.
const OUTCOMES: f64 = 160.0;

/// How many characters of a text are shown: of the title, and in what a viewer shows of a step.
const TITLE: usize = 120;
const TIP: usize = 400;

/// The colours are those of GitHub's themes. A background of its own, because a viewer may have another theme than the page.
const STYLE: &str = "\
.back{fill:#fff}text{fill:#1f2328;font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\
.name{font-weight:600;font-size:14px}.dim{fill:#59636e}.line{stroke:#d1d9e0;fill:none}.limit{stroke:#cf222e;stroke-dasharray:4 3}\
.turn{stroke:#818b98;stroke-dasharray:1 4;fill:none}.asked{stroke:currentColor;stroke-width:2}.bar{fill:currentColor}\
.waits{fill-opacity:.45}.right{text-anchor:end}.middle{text-anchor:middle}svg{color:#59636e}\
.stopped{color:#1a7f37}.forced{color:#bc4c00}.failed{color:#cf222e}.panicked{color:#8250df}.abandoned{color:#59636e}\
@media(prefers-color-scheme:dark){.back{fill:#0d1117}text{fill:#f0f6fc}.dim{fill:#9198a1}.line{stroke:#3d444d}\
.limit{stroke:#f85149}.turn{stroke:#656c76}svg{color:#9198a1}.stopped{color:#3fb950}.forced{color:#f0883e}.failed{color:#f85149}\
.panicked{color:#ab7df8}.abandoned{color:#9198a1}}";

impl Report {
    /// The report as a picture in SVG: a row for each step, with when it was requested to stop, how long it was waited for,
    /// from when on it was forced, and its outcome in words and by colour. Parts are indented below what they are of. The
    /// colours follow the viewer's theme, dark or light. It has no script and refers to nothing outside it.
    ///
    /// Names and messages are escaped, and cut where they are long. The size is linear in the number of steps.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sundown::{Outcome, Report};
    ///
    /// let report = Report::new("Runner").step("Runner.jobs", Outcome::Forced, Duration::from_secs(2));
    /// assert!(report.to_svg().starts_with("<svg "));
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut svg = String::new();
        write_svg(&mut svg, self).expect("a string takes all");
        svg
    }
}

/// A step, and what it is called below the step that it is a part of.
struct Row<'a> {
    step: &'a StepReport,
    label: &'a str,
    indent: f64,
}

fn rows(report: &Report) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut groups = vec![(&report.name, report.steps().iter())];
    while let Some((around, group)) = groups.last_mut() {
        let Some(step) = group.next() else {
            groups.pop();
            continue;
        };
        let label = Name::below(&step.name, around.without_place()).unwrap_or(&step.name);
        let indent = INDENT * (groups.len() - 1).min(INDENTED) as f64;
        rows.push(Row { step, label, indent });
        groups.push((&step.name, step.steps.iter()));
    }
    rows
}

/// The axis of time, from the first request on.
struct Axis {
    /// In nanoseconds, and not 0.
    span: u64,
    left: f64,
    width: f64,
}

impl Axis {
    fn x(&self, at: Duration) -> f64 {
        self.left + self.width * nanos(at).min(self.span) as f64 / self.span as f64
    }

    /// At most six round times.
    fn ticks(&self) -> impl Iterator<Item = Duration> + use<> {
        let powers = std::iter::successors(Some(1), |power: &u64| power.checked_mul(10));
        let mut steps = powers.flat_map(|power| [power, 2 * power, 5 * power]);
        let (span, step) = (self.span, steps.find(|step| self.span / step <= 5).unwrap_or(self.span));
        (0..=span / step).map(move |tick| Duration::from_nanos(tick * step))
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.min(FOREVER).as_nanos().try_into().expect("30 years have less")
}

fn write_svg(svg: &mut String, report: &Report) -> fmt::Result {
    let rows = rows(report);
    let needs = |row: &Row<'_>| row.indent + CHARACTER * row.label.chars().take(TIP).count() as f64;
    let names = rows.iter().map(needs).fold(NAMES.0, f64::max).min(NAMES.1);
    let ends = rows.iter().map(|row| nanos(row.step.requested_after.unwrap_or_default()) + nanos(row.step.took));
    let end = ends.fold(nanos(report.took), u64::max).max(1);
    // One that is far off is in the title alone.
    let limit = report.limit.filter(|limit| nanos(*limit) <= end.saturating_add(end / 4));
    let left = MARGIN + names + 12.0;
    let axis =
        Axis { span: limit.map_or(end, |limit| end.max(nanos(limit))), left, width: WIDTH - left - OUTCOMES - MARGIN };
    let bottom = TOP + ROW * rows.len().max(1) as f64;
    let height = bottom + MARGIN / 2.0;

    let mut title = format!("{} {} after {}", report.name, report.outcome().word(), Short(report.took));
    if let Some(limit) = report.limit {
        write!(title, " (limit {})", Short(limit))?;
    }
    let title = Text(&title, TITLE);
    write!(svg, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">"#)?;
    writeln!(svg, "<title>{title}</title>\n<style>{STYLE}</style>")?;
    writeln!(svg, r#"<rect class="back" width="{WIDTH}" height="{height}"/>"#)?;
    writeln!(svg, r#"<text class="name" x="{MARGIN}" y="26">{title}</text>"#)?;
    writeln!(
        svg,
        r#"<path class="turn" d="M16 44h24"/><text class="dim" x="46" y="48">waits for its turn</text><path class="asked" d="M206 37v14"/><text class="dim" x="214" y="48">requested</text><rect class="bar waits" x="300" y="41" width="24" height="6"/><text class="dim" x="330" y="48">is waited for</text><rect class="bar" x="450" y="38" width="24" height="12"/><text class="dim" x="480" y="48">forced</text>"#
    )?;
    for tick in axis.ticks() {
        let x = axis.x(tick);
        writeln!(svg, r#"<path class="line" d="M{x:.1} {TOP}V{bottom}"/>"#)?;
        let label = if tick.is_zero() { "0".to_owned() } else { format!("{tick:?}") };
        writeln!(svg, r#"<text class="dim middle" x="{x:.1}" y="{:.1}">{label}</text>"#, TOP - 8.0)?;
    }
    if let Some(limit) = limit {
        let x = axis.x(limit);
        writeln!(svg, r#"<path class="limit" d="M{x:.1} {TOP}V{bottom}"><title>the limit</title></path>"#)?;
    }
    if rows.is_empty() {
        writeln!(svg, r#"<text class="dim" x="{MARGIN}" y="{:.1}">no steps</text>"#, TOP + 15.0)?;
    }
    for (row, y) in rows.iter().zip((0..).map(|index| TOP + ROW * f64::from(index))) {
        write_row(svg, row, y, &axis, names)?;
    }
    svg.push_str("</svg>\n");
    Ok(())
}

fn write_row(svg: &mut String, row: &Row<'_>, y: f64, axis: &Axis, names: f64) -> fmt::Result {
    let step = row.step;
    let asked = step.requested_after.unwrap_or_default();
    let (begin, end) = (axis.x(asked), axis.x(asked.saturating_add(step.took)));
    let forced = step.forced_after.map_or(end, |at| axis.x(at).clamp(begin, end));
    let word = step.outcome.word();
    let mut tip = format!("{} {}", step.name, step.outcome);
    if let Some(detail) = &step.detail {
        write!(tip, "; {detail}")?;
    }
    writeln!(svg, r#"<g class="{word}"><title>{}</title>"#, Text(&tip, TIP))?;
    let room = ((names - row.indent) / CHARACTER) as usize;
    let (text, label) = (y + 15.0, Text(row.label, room));
    write!(svg, r#"<text x="{:.1}" y="{text:.1}">{label}</text>"#, MARGIN + row.indent)?;
    if begin > axis.left {
        write!(svg, r#"<path class="turn" d="M{:.1} {:.1}H{begin:.1}"/>"#, axis.left, y + 11.0)?;
    }
    let mut bar = |class: &str, from: f64, to: f64, height: f64| {
        let (y, width) = (y + 11.0 - height / 2.0, to - from);
        write!(svg, r#"<rect class="{class}" x="{from:.1}" y="{y:.1}" width="{width:.1}" height="{height}"/>"#)
    };
    bar("bar waits", begin, forced, 6.0)?;
    if step.forced_after.is_some() {
        // One that ends at once is seen, too.
        bar("bar", forced, end.max(forced + 2.0), 12.0)?;
    }
    write!(svg, r#"<path class="asked" d="M{begin:.1} {:.1}v14"/>"#, y + 4.0)?;
    let (right, took) = (WIDTH - MARGIN, Short(step.took));
    writeln!(svg, r#"<text class="right" x="{right}" y="{text:.1}">{word} {took}</text></g>"#)
}

/// A duration with one decimal, in the unit that suits it.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() { f.write_str("0") } else { write!(f, "{:.1?}", self.0.min(FOREVER)) }
    }
}

/// At most this many characters of a text of the user's, as text of XML, which has no control characters. Those that turn
/// the direction of what follows are not for a picture, either.
struct Text<'a>(&'a str, usize);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text(text, length) = *self;
        let is_cut = text.chars().nth(length).is_some();
        for character in text.chars().take(if is_cut { length.saturating_sub(1) } else { length }) {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\n' | '\t' => f.write_char(' ')?,
                '\u{FFFE}' | '\u{FFFF}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                    f.write_char('\u{FFFD}')?;
                }
                character if character.is_control() => f.write_char('\u{FFFD}')?,
                character => f.write_char(character)?,
            }
        }
        if is_cut { f.write_char('…') } else { Ok(()) }
    }
}
