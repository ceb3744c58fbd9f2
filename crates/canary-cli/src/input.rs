//! Files that a user names, each read whole and within its limit, or not at all.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use canary_durable::Content;
use canary_format::layout;
use canary_signer::config::MAX_CONFIG;

use crate::error::{Failure, Kind};
use crate::output;

/// The whole file; `None` where there is none.
pub(crate) fn read_if_there(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
    let shown = output::line(&path.display().to_string());
    match canary_durable::read(path, limit as u64) {
        Ok(Content::Bytes(bytes)) => Ok(Some(bytes)),
        Ok(Content::NotThere) => Ok(None),
        Ok(Content::TooLarge) => {
            Err(Failure::new(Kind::Config, format!("{shown} is larger than {limit} bytes")))
        }
        Err(error) => Err(Failure::new(Kind::Io, format!("{shown}: {error}"))),
    }
}

/// The whole file.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    read_if_there(path, limit)?.ok_or_else(|| {
        let shown = output::line(&path.display().to_string());
        Failure::new(Kind::Io, format!("there is no file {shown}"))
    })
}

/// The whole file as text.
pub(crate) fn read_text(path: &Path, limit: usize) -> Result<String, Failure> {
    text(path, read(path, limit)?)
}

/// Refuses to write over what is not of the kind that is written: a file that begins with other bytes, or no
/// file at all.
pub(crate) fn refuse_other_kind(path: &Path, begin: &[u8]) -> Result<(), Failure> {
    let shown = output::line(&path.display().to_string());
    let mut file = match canary_durable::open_regular(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::new(Kind::Io, format!("{shown}: {error}"))),
        Ok(file) => file,
    };
    let mut head = vec![0; begin.len()];
    match file.read_exact(&mut head) {
        Ok(()) if head == begin => Ok(()),
        _ => {
            Err(Failure::new(Kind::Io, format!("{shown} is there already, and is something else"))
                .hint("name a file that is not there"))
        }
    }
}

/// A publisher's `canary.toml`; nothing in it where there is none.
pub(crate) fn publisher_config(folder: &Path) -> Result<String, Failure> {
    let path = folder.join(layout::CONFIG);
    read_if_there(&path, MAX_CONFIG)?.map_or(Ok(String::new()), |bytes| text(&path, bytes))
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        let shown = output::line(&path.display().to_string());
        Failure::new(Kind::Config, format!("{shown} is not UTF-8"))
    })
}
