//! The listeners of the API: its socket and its port.

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

/// The API as it is served until it is closed.
pub(super) struct ApiListener {
    server: ApiServer,
    emitter: EventEmitter,
    /// The configured socket.
    socket: Option<PathBuf>,
    listen: Option<SocketAddr>,
    /// The socket that it listens at.
    bound: Option<PathBuf>,
    stop: CancellationToken,
    served: JoinSet<()>,
}

impl ApiListener {
    /// Opens the socket and the port of `api`, which serve `live` and `sources`. One that cannot be opened
    /// is reported, and the daemon goes on without it: calls matter more than the view of them.
    pub(super) async fn open(api: &Api, live: LiveState, emitter: EventEmitter, sources: ApiSources) -> Self {
        let server = ApiServer::new(live, emitter.clone(), sources, access(api));
        let stop = CancellationToken::new();
        let (socket, listen) = (api.socket.clone(), api.listen);
        let mut listener =
            Self { server, emitter, socket, listen, bound: None, stop, served: JoinSet::new() };
        if let Some(path) = &api.socket {
            match bind(path) {
                Ok(bound) => {
                    listener.emitter.emit(ApiEvent::SocketListening { socket: &path.display().to_string() });
                    listener.served.spawn(listener.server.serve_unix(bound, listener.stop.clone()));
                    listener.bound = Some(path.clone());
                }
                Err(error) if api.socket_is_named => {
                    listener.emitter.emit(ApiEvent::SocketUnavailable { error: &error });
                }
                Err(error) => {
                    listener.emitter.emit(ApiEvent::DefaultSocketUnavailable { error: &error });
                }
            }
        }
        if let Some(address) = api.listen {
            match TcpListener::bind(address).await {
                Ok(bound) => {
                    // With port 0 the system has chosen one.
                    let address = bound.local_addr().unwrap_or(address);
                    let (address, desk) = (address.to_string(), format!("http://{address}/"));
                    listener.emitter.emit(ApiEvent::Listening { address: &address, desk: &desk });
                    listener.served.spawn(listener.server.serve_tcp(bound, listener.stop.clone()));
                }
                Err(error) => {
                    let (address, error) = (address.to_string(), error.to_string());
                    listener.emitter.emit(ApiEvent::AddressUnavailable { address: &address, error: &error });
                }
            }
        }
        let server = listener.server.clone();
        let stop = listener.stop.clone();
        listener.served.spawn(async move {
            tokio::select! {
                () = server.publish_health() => {}
                () = stop.cancelled() => {}
            }
        });
        listener
    }

    /// Applies the tokens and origins of `api`. Socket and address stay as they are.
    pub(super) fn set_access(&self, api: &Api) {
        if api.listen != self.listen || (api.socket_is_named && api.socket != self.socket) {
            self.emitter.emit(ApiEvent::AddressChangeIgnored);
        }
        self.server.set_access(access(api));
    }

    /// Closes all connections.
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
    Access {
        tokens: api.tokens.iter().map(token).collect(),
        allow_origins: api.allow_origins.clone(),
        trusted_proxies: api.trusted_proxies.clone(),
    }
}

/// Listens at the socket `path`, in place of one of an earlier process.
fn bind(path: &Path) -> Result<UnixListener, String> {
    let with_path = |error: std::io::Error| format!("{}: {error}", path.display());
    match fs::symlink_metadata(path) {
        Ok(about) if !about.file_type().is_socket() => {
            return Err(format!("{}: there is something that is no socket", path.display()));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(format!("{}: another process answers there", path.display()));
        }
        Ok(_) => fs::remove_file(path).map_err(with_path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(with_path(error)),
    }
    let listener = UnixListener::bind(path).map_err(with_path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE)).map_err(with_path)?;
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
