//! `canary serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use canary_publisher::serve::Served;
use clap::Args;

use crate::error::{Failure, Kind};
use crate::output;
use crate::runtime::run;

const EXAMPLE: &str = "Example:
  canary serve site --listen 127.0.0.1:8787

then `canary verify http://127.0.0.1:8787/`, or open that address in a browser.

Only the files of a site are served, and only to who asks for this machine (localhost), or for the
address given with --listen.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Serve {
    /// The directory that holds the site
    #[arg(value_name = "DIR", default_value = "site")]
    site: PathBuf,
    /// Where to listen; this machine alone unless another address is given. Port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
}

impl Serve {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let io = |error: std::io::Error, what: String| {
            Failure::new(Kind::Io, format!("{what}: {error}"))
        };
        let site = Served::open(&self.site).map_err(|error| {
            io(error, self.site.display().to_string()).hint("run `canary publish --to DIR` first")
        })?;
        run(async {
            let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(|error| {
                io(error, format!("cannot listen on {}", self.listen))
                    .hint("choose another --listen")
            })?;
            let address =
                listener.local_addr().map_err(|error| io(error, self.listen.to_string()))?;
            output::progress(&format!("serving {} at http://{address}/", self.site.display()));
            site.serve(listener).await.map_err(|error| io(error, address.to_string()))
        })??;
        Ok(ExitCode::SUCCESS)
    }
}
