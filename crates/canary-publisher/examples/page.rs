//! Renders the files for people of a site's folder, to look at them: `page SITE OUT`.
//!
//! Nothing is verified here: `canary publish` renders only what it verified.

use std::error::Error;
use std::fs;
use std::path::Path;

use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::layout::{CHECKPOINT, issue_path};
use canary_publisher::page::{History, Series, Shown, render};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(site), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: page SITE OUT".into());
    };
    let site = Path::new(&site);
    let mut read = Vec::new();
    for number in 1.. {
        let Ok(bytes) = fs::read(site.join(issue_path(number))) else { break };
        let envelope = Envelope::parse(&bytes)?;
        let issue = Issue::parse(envelope.payload())?;
        read.push((issue, envelope));
    }
    let checkpoint = fs::read_to_string(site.join(CHECKPOINT))?;
    let issues: Vec<Shown<'_>> =
        read.iter().map(|(issue, envelope)| Shown { issue, envelope }).collect();
    let (Some(history), Some(newest)) = (History::of(&issues), issues.last()) else {
        return Err("there is no issue".into());
    };
    let carried: Vec<Envelope> = read.iter().map(|(_, envelope)| envelope.clone()).collect();
    let carried = if history.is_carried() { carried.as_slice() } else { &[] };
    let series = Series { history: &history, newest: *newest, carried, checkpoint: &checkpoint };
    for (path, bytes) in render(&series) {
        let path = Path::new(&out).join(path);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(path, bytes)?;
    }
    Ok(())
}
