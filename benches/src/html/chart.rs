//! A chart with lines, as SVG.

use maud::{Markup, PreEscaped, html};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::theme::{AXIS_COLOUR, GRID_COLOUR, INK_COLOUR, Slot};

type DrawingError = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// Of one among several.
pub(super) const SMALL: (u32, u32) = (520, 280);
/// Of one across the page.
pub(super) const WIDE: (u32, u32) = (1120, 400);
const FONT: (&str, u32) = ("sans-serif", 14);
const LINE_WIDTH: u32 = 2;
const POINT_RADIUS: u32 = 3;

/// A line, from left to right.
pub(super) struct Line {
    pub(super) slot: Slot,
    pub(super) points: Vec<(f64, f64)>,
    /// Whether each point is a measurement, to be seen as such.
    pub(super) dotted: bool,
}

/// An axis: what it shows, and where.
pub(super) struct Axis {
    title: String,
    /// Where a value is; the picture is linear in that.
    place: fn(f64) -> f64,
    from: f64,
    to: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From zero to a round number not below `most`, in even steps.
    pub(super) fn linear(title: &str, most: f64, label: impl Fn(f64) -> String) -> Self {
        let step = round_step(most / 5.0);
        let steps = (most / step).ceil().max(1.0) as usize;
        let ticks = (0..=steps).map(|n| n as f64 * step).map(|tick| (tick, label(tick)));
        Self {
            title: title.to_owned(),
            place: |value| value,
            from: 0.0,
            to: steps as f64 * step,
            ticks: ticks.collect(),
        }
    }

    /// By powers of ten, as far as `values` reach.
    pub(super) fn logarithmic(
        title: &str,
        values: impl IntoIterator<Item = f64>,
        label: impl Fn(f64) -> String,
    ) -> Self {
        let places: Vec<f64> = values.into_iter().filter(|value| *value > 0.0).map(f64::log10).collect();
        let from = places.iter().copied().reduce(f64::min).unwrap_or_default().floor() as i32;
        let to = (places.iter().copied().reduce(f64::max).unwrap_or_default().ceil() as i32).max(from + 1);
        let ticks = (from..=to).map(|power| (f64::from(power), label(10_f64.powi(power))));
        Self { title: title.to_owned(), place: f64::log10, from: from.into(), to: to.into(), ticks: ticks.collect() }
    }

    /// With these ticks alone, from the first to the last.
    pub(super) fn with_ticks(title: &str, place: fn(f64) -> f64, ticks: Vec<(f64, String)>) -> Self {
        let places: Vec<_> = ticks.into_iter().map(|(value, label)| (place(value), label)).collect();
        let end = |tick: Option<&(f64, String)>| tick.map_or(0.0, |(place, _)| *place);
        Self { title: title.to_owned(), place, from: end(places.first()), to: end(places.last()), ticks: places }
    }

    fn scale(&self) -> Scale {
        Scale { from: self.from, to: self.to, ticks: self.ticks.iter().map(|(place, _)| *place).collect() }
    }

    fn label(&self, place: f64) -> String {
        let tick = self.ticks.iter().find(|(tick, _)| (tick - place).abs() < 1e-9);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// The places of an axis, as plotters asks for them.
struct Scale {
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (place - self.from) / (self.to - self.from);
        low + (f64::from(high - low) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

/// 1, 2 or 5 times a power of ten, and not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|round| *round >= step).unwrap_or(power)
}

/// The chart; `description` says what it shows to those who do not see it.
pub(super) fn draw(size: (u32, u32), description: &str, x: &Axis, y: &Axis, lines: &[Line]) -> Markup {
    let mut svg = String::new();
    draw_into(&mut svg, size, x, y, lines).expect("a string can be drawn into");
    html! { div.chart role="img" aria-label=(description) { (PreEscaped(svg)) } }
}

fn draw_into(svg: &mut String, size: (u32, u32), x: &Axis, y: &Axis, lines: &[Line]) -> Result<(), DrawingError> {
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin(8)
        .margin_right(20)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(x.scale(), y.scale())?;
    chart
        .configure_mesh()
        .bold_line_style(GRID_COLOUR)
        .light_line_style(TRANSPARENT)
        .axis_style(AXIS_COLOUR)
        .label_style(FONT.into_font().color(&INK_COLOUR))
        .x_desc(&x.title)
        .y_desc(&y.title)
        .x_label_formatter(&|place| x.label(*place))
        .y_label_formatter(&|place| y.label(*place))
        .draw()?;
    for line in lines {
        let points = line.points.iter().map(|&(at, value)| ((x.place)(at), (y.place)(value)));
        // What is not on a logarithmic axis, such as zero, is not drawn.
        let points: Vec<_> = points.filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), line.slot.colour().stroke_width(LINE_WIDTH)))?;
        if line.dotted {
            let circle = |point| Circle::new(point, POINT_RADIUS, line.slot.colour().filled());
            chart.draw_series(points.into_iter().map(circle))?;
        }
    }
    area.present()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let axis = Axis::linear("", 87.0, |tick| format!("{tick}"));
        let labels: Vec<_> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(axis.to, 100.0);
    }

    #[test]
    fn a_logarithmic_axis_has_the_powers_of_ten_around_all_values() {
        let axis = Axis::logarithmic("", [0.0, 30.0, 4000.0], |tick| format!("{tick}"));
        assert_eq!((axis.from, axis.to, axis.ticks.len()), (1.0, 4.0, 4));
    }

    #[test]
    fn a_chart_of_nothing_is_empty() {
        let axis = |title| Axis::linear(title, 0.0, |tick| format!("{tick}"));
        let chart = draw(SMALL, "nothing", &axis("x"), &axis("y"), &[]).into_string();
        assert!(chart.contains("</svg>") && !chart.contains(r#"stroke-width="2""#), "axes alone");
    }
}
