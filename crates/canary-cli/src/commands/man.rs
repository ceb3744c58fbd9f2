//! `canary man`.

use std::path::PathBuf;
use std::process::ExitCode;

use canary_durable::Access;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;

use crate::error::{Failure, Kind};
use crate::output;

const EXAMPLE: &str = "Examples:
  canary man | man -l -
  canary man trust add | man -l -
  canary man --out ~/.local/share/man/man1";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Man {
    /// The command whose page to print; without one, that of `canary` itself
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,
    /// Write the pages of all commands to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut root = crate::Canary::command().disable_help_subcommand(true);
        root.build();
        if let Some(folder) = &self.out {
            canary_durable::create_folder(folder, Access::Shared).map_err(|error| {
                Failure::new(Kind::Io, format!("{}: {error}", folder.display()))
            })?;
            let mut pages = Vec::new();
            collect(&root, &mut pages)?;
            for (name, page) in &pages {
                let path = folder.join(name);
                canary_durable::replace(&path, page, Access::Shared).map_err(|error| {
                    Failure::new(Kind::Io, format!("{}: {error}", path.display()))
                })?;
            }
            output::progress(&format!(
                "{} in {}",
                output::count(pages.len(), "page"),
                folder.display()
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let mut command = &root;
        for name in &self.command {
            command = command.find_subcommand(name).ok_or_else(|| {
                Failure::new(Kind::Usage, format!("there is no command {name:?}"))
                    .hint("`canary help` lists them")
            })?;
        }
        let (_, bytes) = page(command)?;
        output::result(&String::from_utf8_lossy(&bytes));
        Ok(ExitCode::SUCCESS)
    }
}

/// The page of a command and those of all below it.
fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    pages.push(page(command)?);
    command.get_subcommands().try_for_each(|below| collect(below, pages))
}

/// The name of a page's file, and the page.
fn page(command: &Command) -> Result<(String, Vec<u8>), Failure> {
    let source = concat!("canary ", env!("CARGO_PKG_VERSION"));
    let man = Page::new(command.clone()).source(source).manual("Warrant canaries");
    let mut bytes = Vec::new();
    man.render(&mut bytes).map_err(|error| Failure::from_error(Kind::Io, &error))?;
    Ok((man.get_filename(), bytes))
}
