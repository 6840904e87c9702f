//! The colours of contenders. SVG is drawn in those of a light page; the style sheet changes each for a dark one.

use std::fmt::Write as _;

use maud::{Markup, html};
use plotters::style::RGBColor;

use crate::contender::{Kind, Program};
use crate::report::Report;

/// A colour on a light page and on a dark one.
struct Shade {
    light: RGBColor,
    dark: RGBColor,
}

const fn shade(light: u32, dark: u32) -> Shade {
    Shade { light: colour(light), dark: colour(dark) }
}

const fn colour(rgb: u32) -> RGBColor {
    let [_, red, green, blue] = rgb.to_be_bytes();
    RGBColor(red, green, blue)
}

/// Neighbours differ also for those who see fewer colours, and all stand out from the page.
const SERIES: [Shade; 8] = [
    shade(0x2a78d6, 0x3987e5),
    shade(0xeb6834, 0xd95926),
    shade(0x1baf7a, 0x199e70),
    shade(0xeda100, 0xc98500),
    shade(0x4a3aa7, 0x9085e9),
    shade(0xe34948, 0xe66767),
    shade(0x008300, 0x43a047),
    shade(0xe87ba4, 0xd55181),
];
/// The floor, which nobody competes with.
const FLOOR: Shade = shade(0x8a8984, 0x8b8a85);
const GRID: Shade = shade(0xe4e3df, 0x383835);
const AXIS: Shade = shade(0x898781, 0x8a8983);
const INK: Shade = shade(0x52514e, 0xc3c2b7);

pub(super) const GRID_COLOUR: RGBColor = GRID.light;
pub(super) const AXIS_COLOUR: RGBColor = AXIS.light;
pub(super) const INK_COLOUR: RGBColor = INK.light;

/// Which of the colours a contender has: one of [`SERIES`] by its place in the report, or the floor's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(Option<usize>);

impl Slot {
    pub(super) fn of(report: &Report, kind: &Kind) -> Self {
        if kind.program == Program::Null {
            return Self(None);
        }
        let competitors = report.contenders.iter().filter(|contender| contender.kind.program != Program::Null);
        let place = competitors.map(|contender| &contender.kind).position(|one| one == kind).unwrap_or_default();
        Self(Some(place % SERIES.len()))
    }

    pub(super) fn colour(self) -> RGBColor {
        self.shade().light
    }

    /// The class of what has this colour as its background.
    pub(super) fn class(self) -> String {
        self.0.map_or("floor".to_owned(), |place| format!("series-{place}"))
    }

    fn shade(self) -> &'static Shade {
        self.0.map_or(&FLOOR, |place| &SERIES[place])
    }
}

/// A contender's name beside its colour.
pub(super) fn name(report: &Report, kind: &Kind) -> Markup {
    html! { span.name { span.swatch.(Slot::of(report, kind).class()) {} (kind) } }
}

/// All contenders, for charts.
pub(super) fn legend(report: &Report) -> Markup {
    html! {
        ul.legend aria-label="Colours" {
            @for contender in &report.contenders { li { (name(report, &contender.kind)) } }
        }
    }
}

/// The rules for colours.
pub(super) fn css() -> String {
    let slots = (0..SERIES.len()).map(|place| Slot(Some(place))).chain([Slot(None)]);
    let (mut light, mut dark) = (String::new(), String::new());
    for slot in slots {
        let (class, Shade { light: on_light, dark: on_dark }) = (slot.class(), slot.shade());
        let _ = writeln!(light, ".{class} {{ background: {} }}", hex(on_light));
        let _ = writeln!(dark, ".{class} {{ background: {} }}", hex(on_dark));
    }
    let drawn = SERIES.iter().chain([&FLOOR, &GRID, &AXIS, &INK]);
    for Shade { light: drawn, dark: shown } in drawn {
        for property in ["stroke", "fill"] {
            let _ = writeln!(dark, "svg [{property}=\"{}\"] {{ {property}: {} }}", hex(drawn), hex(shown));
        }
    }
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

/// As plotters writes it.
fn hex(RGBColor(red, green, blue): &RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
