//! The status page as static files.

use std::fs;
use std::path::Path;

use canary_monitor::server::{Links, PAGE, SORTS, STYLE, Table, all, index, target_page};
use canary_monitor::store::Store;
use canary_monitor::target::TargetId;
use canary_monitor::textfile;
use canary_monitor::worker::wall_clock;

use super::super::store_failure;
use crate::error::{Failure, Kind};

/// Lines of a timeline on a page.
const EVENTS: usize = 500;

/// Writes the pages, each whole or not at all, and gives their number. Files of other names stay.
pub(super) async fn write<S: Store>(store: &S, folder: &Path) -> Result<usize, Failure> {
    let failed = |error| store_failure(&error);
    let now = wall_clock();
    let mut lines = all(store, now).await.map_err(failed)?;
    let mut pages = 0;
    let mut put = |name: &str, text: &str| {
        pages += 1;
        let path = folder.join(name);
        textfile::write(&path, text)
            .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))
    };
    fs::create_dir_all(folder.join("target"))
        .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", folder.display())))?;
    put("style.css", STYLE)?;
    for line in &lines {
        let Ok(id) = i64::from_str_radix(&line.id, 16) else { continue };
        let id = TargetId(id);
        let events = store.events(id, EVENTS).await.map_err(failed)?;
        let sightings = store.sightings(id).await.map_err(failed)?;
        let page = target_page(line, &events, &sightings, (Links::Files, now));
        put(&Links::Files.target(&line.id), &page)?;
    }
    // Last: what it links to is there.
    let total = lines.len();
    for sort in SORTS {
        sort.sort(&mut lines);
        for (page, part) in lines.chunks(PAGE).enumerate() {
            let table = Table { sort, page, total, links: Links::Files };
            put(&Links::Files.table(sort, page), &index(part, table, now))?;
        }
        if lines.is_empty() {
            let table = Table { sort, page: 0, total, links: Links::Files };
            put(&Links::Files.table(sort, 0), &index(&[], table, now))?;
        }
    }
    Ok(pages)
}
