//! A list of targets for large fleets: a pin, a URL prefix or a host a line, then perhaps a name. Empty
//! lines and lines that begin with `#` mean nothing.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::sync::Arc;

use super::mistake::Mistake;
use super::reader::regular;
use super::targets::{TargetList, pin, url_prefix};
use crate::fleet::FleetBuilder;
use crate::target::Target;

/// Mistakes named of one list.
const MAX_MISTAKES: usize = 100;
/// The greatest length of a line in bytes: a pin and a name are far below.
const MAX_LINE: u64 = 16 << 10;

pub(super) fn read(list: &TargetList, fleet: &mut FleetBuilder, mistakes: &mut Vec<Mistake>) {
    if let Err(error) = read_lines(list, fleet, mistakes) {
        let message = format!("cannot read {}: {error}", list.path.display());
        mistakes.push(Mistake { message, ..list.place.clone() });
    }
}

fn read_lines(
    list: &TargetList,
    fleet: &mut FleetBuilder,
    mistakes: &mut Vec<Mistake>,
) -> io::Result<()> {
    let mut file = BufReader::new(regular(&list.path)?);
    let (mut bytes, mut named) = (Vec::new(), 0);
    for number in 1.. {
        bytes.clear();
        if file.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() as u64 > MAX_LINE {
            return Err(io::Error::other(format!("line {number} is longer than any target's")));
        }
        let mistake = match Mistake::text(&list.path, &bytes) {
            Ok(line) => match read_line(line, list, fleet) {
                Ok(()) => continue,
                Err((column, message)) => {
                    Mistake { file: list.path.clone(), line: number, column, message }
                }
            },
            Err(mistake) => Mistake { line: number, ..mistake },
        };
        if named == MAX_MISTAKES {
            break;
        }
        named += 1;
        mistakes.push(mistake);
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
