//! The host of the demonstration: a web server on this machine that serves one folder or another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use canary_publisher::serve::Served;

use super::{copy, io};
use crate::error::{Failure, Kind};

pub(super) struct Host {
    url: String,
    served: PathBuf,
}

impl Host {
    /// Serves what is put into a folder, on a free port of this machine alone, until the command ends.
    pub(super) fn start(served: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(served).map_err(|error| io(served, &error))?;
        let (send, receive) = mpsc::channel();
        let folder = served.to_owned();
        thread::spawn(move || {
            let run = || -> std::io::Result<()> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
                    let _ = send.send(listener.local_addr());
                    Served::open(&folder)?.serve(listener).await
                })
            };
            // Without an address the other side sees the channel closed.
            let _ = run();
        });
        let address = receive.recv().ok().and_then(Result::ok);
        let Some(address) = address else {
            return Err(Failure::new(Kind::Io, "cannot listen on 127.0.0.1")
                .hint("the demonstration needs a free port on this machine"));
        };
        Ok(Self { url: format!("http://{address}/"), served: served.to_owned() })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Puts another site in the place of the one served.
    pub(super) fn serve(&self, site: &Path) -> Result<(), Failure> {
        for entry in fs::read_dir(&self.served).map_err(|error| io(&self.served, &error))? {
            let path = entry.map_err(|error| io(&self.served, &error))?.path();
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| io(&path, &error))?;
        }
        copy(site, &self.served)
    }
}
