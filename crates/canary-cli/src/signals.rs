//! What the system tells a command that runs until it is told to stop.

use std::io;

/// What a running command is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// To stop: an interrupt, or the signal that ends a service.
    Stop,
    /// To read its configuration again: SIGHUP, or Ctrl-Break on Windows.
    Reload,
}

/// Signals are kept from when this is made: none is missed between two calls of [`Self::next`].
#[cfg(unix)]
pub(crate) struct Signals {
    hangup: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.hangup.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
        }
    }
}

/// Windows has no signals, but what a console and its session are told.
#[cfg(windows)]
pub(crate) struct Signals {
    again: tokio::signal::windows::CtrlBreak,
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self {
            again: ctrl_break()?,
            interrupt: ctrl_c()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    pub(crate) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.again.recv() => Told::Reload,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.close.recv() => Told::Stop,
            _ = self.shutdown.recv() => Told::Stop,
        }
    }
}
