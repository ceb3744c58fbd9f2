//! Tells the service manager (systemd's `sd_notify` protocol) that the monitor is ready and alive.

/// The monitor has started.
pub fn ready() {
    tell("READY=1\nSTATUS=watching");
}

/// The monitor does its work: feeds the watchdog.
pub fn alive() {
    tell("WATCHDOG=1");
}

/// The monitor is reading its configuration again.
pub fn reloading() {
    tell("STATUS=reloading");
}

/// The monitor is stopping.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Says nothing where no service manager listens.
#[cfg(unix)]
fn tell(state: &str) {
    use std::os::unix::net::UnixDatagram;
    let Ok(path) = std::env::var("NOTIFY_SOCKET") else { return };
    let Ok(socket) = UnixDatagram::unbound() else { return };
    #[cfg(target_os = "linux")]
    if let Some(name) = path.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt;
        if let Ok(address) = std::os::unix::net::SocketAddr::from_abstract_name(name) {
            let _ = socket.send_to_addr(state.as_bytes(), &address);
        }
        return;
    }
    let _ = socket.send_to(state.as_bytes(), path);
}

/// Elsewhere no service manager speaks this protocol.
#[cfg(not(unix))]
fn tell(_: &str) {}
