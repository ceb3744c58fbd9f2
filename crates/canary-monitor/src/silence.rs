//! Silences and maintenance windows: what is held back, and when. They never hide what concerns
//! authenticity unless asked to in so many words.

use std::collections::BTreeMap;

use canary_verifier::report::Code;

use crate::target::Target;

/// Holds notices back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Names or URLs of targets; empty for all.
    pub targets: Vec<String>,
    /// Labels that a target must have.
    pub labels: BTreeMap<String, String>,
    /// Which findings; empty for all.
    pub codes: Vec<Code>,
    /// When.
    pub window: Window,
    /// Whether forged and contradicting canaries are held back too.
    pub danger_hide_authenticity: Hide,
}

/// Whether authenticity is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// Authenticity is always told.
    AllButAuthenticity,
    /// Everything is held back: asked for in so many words.
    Everything,
}

/// When a silence holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// From one instant to another.
    Once {
        /// Its first second.
        from: i64,
        /// The first second after it.
        to: i64,
    },
    /// Every week, in UTC.
    Weekly {
        /// Days from Monday = 0.
        days: Vec<i64>,
        /// Seconds of the day at which it begins.
        from: i64,
        /// Seconds of the day at which it ends; where that is not after `from`, on the day after.
        to: i64,
    },
}

impl Window {
    /// Whether it holds at an instant.
    pub fn holds(&self, now: i64) -> bool {
        match self {
            Self::Once { from, to } => (*from..*to).contains(&now),
            Self::Weekly { days, from, to } => {
                let second = now.rem_euclid(86_400);
                // 1970-01-01 was a Thursday.
                let day = (now.div_euclid(86_400) + 3).rem_euclid(7);
                if from < to {
                    days.contains(&day) && (*from..*to).contains(&second)
                } else {
                    (days.contains(&day) && second >= *from)
                        || (days.contains(&(day + 6).rem_euclid(7)) && second < *to)
                }
            }
        }
    }
}

impl Silence {
    /// Whether it holds this target's finding back at an instant.
    pub fn holds(&self, target: &Target, code: Code, now: i64) -> bool {
        let named = self.targets.is_empty()
            || self.targets.iter().any(|name| *name == target.name || *name == target.url);
        let labelled =
            self.labels.iter().all(|(name, value)| target.labels.get(name) == Some(value));
        let coded = self.codes.is_empty() || self.codes.contains(&code);
        let may = !code.is_authenticity() || self.danger_hide_authenticity == Hide::Everything;
        named && labelled && coded && may && self.window.holds(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekly_window_runs_over_midnight() {
        // 1970-01-05 was a Monday.
        let monday = 4 * 86_400;
        let window = Window::Weekly { days: vec![0], from: 22 * 3_600, to: 2 * 3_600 };
        let holds = |hours: i64| window.holds(monday + hours * 3_600);
        assert_eq!(
            [holds(21), holds(22), holds(25), holds(26), holds(-1)],
            [false, true, true, false, false]
        );
    }
}
