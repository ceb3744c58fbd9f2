//! The status page as static files.

use std::fs;
use std::path::Path;

use canary_durable::Access;
use canary_monitor::fleet::Fleet;
use canary_monitor::server::{
    Links, PAGE, Part, SORTED, SORTS, STYLE, Table, all, index, page_of, stretch,
};
use canary_monitor::status::{self, Line, Now};
use canary_monitor::store::configured::ConfiguredStore;
use canary_monitor::store::{Order, Store as _, Stored};
use canary_monitor::worker::wall_clock;

use super::super::store_failure;
use crate::error::{Failure, Kind};

/// Writes the pages, each whole or not at all, and gives their number. Files of other names stay.
pub(super) async fn write(
    store: &ConfiguredStore,
    fleet: &Fleet,
    folder: &Path,
) -> Result<usize, Failure> {
    let failed = |error| store_failure(&error);
    let now = Now { fleet, at: wall_clock() };
    let total = store.counts().await.map_err(failed)?.watched();
    let mut pages = 0;
    let mut put = |name: &str, text: &str| {
        pages += 1;
        let path = folder.join(name);
        canary_durable::replace_unflushed(&path, text.as_bytes(), Access::Shared)
            .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))
    };
    fs::create_dir_all(folder.join("target"))
        .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", folder.display())))?;
    put("style.css", STYLE)?;
    let mut after = None;
    loop {
        let stored = store.list(Order::Identity, after, PAGE).await.map_err(failed)?;
        for one in &stored {
            let line = status::line(one, now);
            let page = page_of(store, &line, one.id, &one.memory, (Links::Files, now.at)).await;
            put(&Links::Files.target(&line.id), &page.map_err(failed)?)?;
        }
        after = stored.last().map(Stored::mark);
        if stored.len() < PAGE {
            break;
        }
    }
    // Last: what it links to is there.
    let mut table = |sort, number, lines: &[Line]| {
        let table = Table { sort, part: Part::Numbered(number), total, links: Links::Files };
        put(&Links::Files.table(sort, number), &index(lines, table, now.at))
    };
    let mut lines = match total <= SORTED {
        true => all(store, now).await.map_err(failed)?,
        false => Vec::new(),
    };
    for sort in SORTS {
        sort.sort(&mut lines);
        for (number, part) in lines.chunks(PAGE).enumerate() {
            table(sort, number, part)?;
        }
        let mut after = None;
        for number in 0.. {
            if !lines.is_empty() {
                break;
            }
            let (part, next) = stretch(store, sort, after, now).await.map_err(failed)?;
            table(sort, number, &part)?;
            if next.is_none() {
                break;
            }
            after = next;
        }
    }
    Ok(pages)
}
