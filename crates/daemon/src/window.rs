//! The windows of the daemon: the socket and the port at which it can be asked what is going on.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use ringwire_api::{Access, ApiServer, ApiSources, Role, Token};
use ringwire_config::{Api, ApiRole};
use ringwire_live::{ApiEvent, EventEmitter, LiveState};
use tokio::{
    net::{TcpListener, UnixListener},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Who may use the socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// What is served until it is closed.
pub(super) struct Window {
    server: ApiServer,
    emitter: EventEmitter,
    /// Where it was to be.
    socket: Option<PathBuf>,
    listen: Option<SocketAddr>,
    /// The socket that it has.
    bound: Option<PathBuf>,
    stop: CancellationToken,
    served: JoinSet<()>,
}

impl Window {
    /// Opens the socket and the port of `api`, at which `live` and `sources` can be asked. One that cannot be had
    /// is reported, and the daemon goes on without it: calls matter more than the view of them.
    pub(super) async fn open(api: &Api, live: LiveState, emitter: EventEmitter, sources: ApiSources) -> Self {
        let server = ApiServer::new(live, emitter.clone(), sources, access(api));
        let stop = CancellationToken::new();
        let (socket, listen) = (api.socket.clone(), api.listen);
        let mut window = Self { server, emitter, socket, listen, bound: None, stop, served: JoinSet::new() };
        if let Some(path) = &api.socket {
            match bind(path) {
                Ok(listener) => {
                    window.emitter.emit(ApiEvent::SocketListening { socket: &path.display().to_string() });
                    window.served.spawn(window.server.serve_unix(listener, window.stop.clone()));
                    window.bound = Some(path.clone());
                }
                Err(error) if api.socket_is_named => {
                    window.emitter.emit(ApiEvent::SocketUnavailable { error: &error });
                }
                Err(error) => {
                    window.emitter.emit(ApiEvent::DefaultSocketUnavailable { error: &error });
                }
            }
        }
        if let Some(address) = api.listen {
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let (address, desk) = (address.to_string(), format!("http://{address}/"));
                    window.emitter.emit(ApiEvent::Listening { address: &address, desk: &desk });
                    window.served.spawn(window.server.serve_tcp(listener, window.stop.clone()));
                }
                Err(error) => {
                    let (address, error) = (address.to_string(), error.to_string());
                    window.emitter.emit(ApiEvent::AddressUnavailable { address: &address, error: &error });
                }
            }
        }
        let server = window.server.clone();
        let stop = window.stop.clone();
        window.served.spawn(async move {
            tokio::select! {
                () = server.publish_health() => {}
                () = stop.cancelled() => {}
            }
        });
        window
    }

    /// Lets in from here on who may by `api`. Where it can be asked stays as it was.
    pub(super) fn change(&self, api: &Api) {
        if api.listen != self.listen || (api.socket_is_named && api.socket != self.socket) {
            self.emitter.emit(ApiEvent::AddressChangeIgnored);
        }
        self.server.set_access(access(api));
    }

    /// Closes: those who listen are let go.
    pub(super) async fn close(mut self) {
        self.stop.cancel();
        while self.served.join_next().await.is_some() {}
        if let Some(socket) = self.bound {
            // The next daemon puts another one there anyway.
            let _ = fs::remove_file(socket);
        }
    }
}

fn access(api: &Api) -> Access {
    let token = |token: &ringwire_config::ApiToken| Token {
        name: token.name.clone(),
        role: match token.role {
            ApiRole::Viewer => Role::Viewer,
            ApiRole::Agent => Role::Agent,
            ApiRole::Admin => Role::Admin,
        },
        secret: token.secret.clone(),
    };
    Access { tokens: api.tokens.iter().map(token).collect(), allow_origins: api.allow_origins.clone() }
}

/// Listens at the socket `path`, in place of one that an earlier process left.
fn bind(path: &Path) -> Result<UnixListener, String> {
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    match fs::symlink_metadata(path) {
        Ok(about) if !about.file_type().is_socket() => {
            return Err(format!("{}: there is something that is no socket", path.display()));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(format!("{}: another process answers there", path.display()));
        }
        Ok(_) => fs::remove_file(path).map_err(said)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(said(error)),
    }
    let listener = UnixListener::bind(path).map_err(said)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE)).map_err(said)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_left_is_replaced_and_one_that_answers_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ringwire.sock");
        drop(bind(&path).unwrap());
        assert!(path.exists(), "the file stays");
        let living = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        assert!(bind(&path).unwrap_err().contains("another process answers there"));
        drop(living);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(bind(&path).unwrap_err().contains("no socket"));
    }
}
