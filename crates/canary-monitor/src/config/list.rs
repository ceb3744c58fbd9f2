//! A list of targets for large fleets: a pin, a URL prefix or a host a line, then perhaps a name. Empty
//! lines and lines that begin with `#` mean nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use super::mistake::{ConfigError, Mistake};
use super::targets::{TargetList, pin, url_prefix};
use crate::fleet::FleetBuilder;
use crate::target::Target;

/// Mistakes named of one list.
const MAX_MISTAKES: usize = 100;

pub(super) fn read(
    list: &TargetList,
    fleet: &mut FleetBuilder,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: list.path.clone(), source };
    let file = BufReader::new(File::open(&list.path).map_err(unreadable)?);
    let mut named = 0;
    for (index, line) in file.lines().enumerate() {
        let line = line.map_err(unreadable)?;
        let Err((column, message)) = read_line(&line, list, fleet) else { continue };
        if named == MAX_MISTAKES {
            break;
        }
        named += 1;
        mistakes.push(Mistake { file: list.path.clone(), line: index + 1, column, message });
    }
    Ok(())
}

fn read_line(
    line: &str,
    list: &TargetList,
    fleet: &mut FleetBuilder,
) -> Result<(), (usize, String)> {
    let indent = line.len() - line.trim_start().len();
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let column = indent + 1;
    let (what, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (url, pin) = if what.contains('#') {
        let pin = pin(what).map_err(|message| (column, message))?;
        (pin.url.clone(), Some(pin))
    } else {
        let url = url_prefix(what);
        (url.ok_or_else(|| (column, format!("not a host or URL prefix: {what:?}")))?, None)
    };
    let mut target = Target::new(&url, Arc::clone(&list.policy));
    target.pin = pin;
    target.labels.clone_from(&list.labels);
    if !name.trim().is_empty() {
        name.trim().clone_into(&mut target.name);
    }
    fleet.add(&target).map_err(|error| (column, error.to_string()))
}
