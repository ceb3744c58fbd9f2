//! `[[silence]]` sections: what is held back, and when.

use canary_format::time::Timestamp;
use canary_verifier::report::Code;
use toml::Spanned;

use super::reader::Reader;
use super::sections::{Written, place};
use crate::silence::{Hide, Silence, Window};

/// In seconds; a leap year's.
const YEAR: i64 = 366 * 86_400;

/// A `[[silence]]`; the targets that it names are kept with their places, to be looked for.
pub(super) fn silence(
    reader: &mut Reader<'_, '_>,
    named: &mut Vec<Written<String>>,
) -> Option<Silence> {
    let targets = reader.strings("targets").unwrap_or_default();
    named.extend(
        targets.iter().map(|name| Written {
            place: place(reader.source, name),
            thing: name.get_ref().clone(),
        }),
    );
    let labels = reader.words("labels");
    let mut codes = Vec::new();
    for name in reader.strings("codes").unwrap_or_default() {
        match serde_json::from_value::<Code>(serde_json::Value::String(name.get_ref().clone())) {
            Ok(code) => codes.push(code),
            Err(_) => reader
                .source
                .mistake(name.span(), format!("no finding has the code {:?}", name.get_ref())),
        }
    }
    let hide = match reader.flag("danger_hide_authenticity") {
        Some(true) => Hide::Everything,
        _ => Hide::AllButAuthenticity,
    };
    reader.string("comment");
    let window = if reader.has("days") { weekly(reader) } else { once(reader) };
    if let Some(message) = window.as_ref().and_then(endless) {
        reader.source.remark(reader.span(), message);
    }
    Some(Silence {
        targets: targets.into_iter().map(Spanned::into_inner).collect(),
        labels,
        codes,
        window: window?,
        danger_hide_authenticity: hide,
    })
}

/// What is said of a silence that holds on and on: what it hides may never be told.
fn endless(window: &Window) -> Option<&'static str> {
    match window {
        Window::Once { from, to } if to - from > YEAR => Some("this silence is longer than a year"),
        Window::Weekly { days, from, to }
            if from == to && (0..7).all(|day| days.contains(&day)) =>
        {
            Some("this silence never ends")
        }
        _ => None,
    }
}

fn once(reader: &mut Reader<'_, '_>) -> Option<Window> {
    let instant = |text: &str| Timestamp::parse(text).map(Timestamp::unix);
    let form = "an instant such as \"2026-11-22T13:00:00Z\"";
    let (from, to) = (reader.parsed("from", form, instant), reader.parsed("to", form, instant));
    match (from, to) {
        (Some(from), Some(to)) if from < to => return Some(Window::Once { from, to }),
        (Some(_), Some(_)) => reader.source.mistake(reader.span(), "`to` must be after `from`"),
        _ => reader.source.mistake(reader.span(), "a silence has `from` and `to`"),
    }
    None
}

fn weekly(reader: &mut Reader<'_, '_>) -> Option<Window> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut days = Vec::new();
    for day in reader.strings("days").unwrap_or_default() {
        match NAMES.iter().zip(0_i64..).find(|(name, _)| *name == day.get_ref()) {
            Some((_, number)) => days.push(number),
            None => reader.source.mistake(day.span(), "days are mon, tue, wed, thu, fri, sat, sun"),
        }
    }
    if reader.strings("days").is_some_and(|days| days.is_empty()) {
        reader.source.mistake(reader.span_of("days"), "without days the silence never holds");
    }
    let time = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..24).contains(&hours) && (0..60).contains(&minutes))
            .then_some(hours * 3_600 + minutes * 60)
    };
    let form = "a time of the day in UTC such as \"02:30\"";
    let (from, to) = (reader.parsed("from", form, time), reader.parsed("to", form, time));
    Some(Window::Weekly { days, from: from?, to: to? })
}
