//! Options of a command to reach the API of the running daemon.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use ringwire_config::{Api, Config, Purpose};
use ringwire_terminal::{Code, Failure};
use secrecy::{SecretString, zeroize::Zeroizing};

use super::{address::ApiAddress, client::ApiClient};

/// The largest token file, in bytes.
const MAX_TOKEN_BYTES: u64 = 4 << 10;

/// The address and token of the API.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for the running daemon")]
pub struct ApiAccess {
    /// API address: the path of a socket, or http://127.0.0.1:PORT [default: from the configuration, or
    /// /run/ringwire/ringwire.sock]
    #[arg(long, value_name = "ADDRESS", env = "RINGWIRE_API")]
    api: Option<String>,
    /// File with the API token; a socket needs none [default: $RINGWIRE_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl ApiAccess {
    /// Whether an address was given on the command line or in the environment.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.api.is_some()
    }

    /// A client of the API that was given, otherwise of the one in the configuration at `config`, otherwise of the default
    /// one. It does not connect.
    ///
    /// # Errors
    /// The address, the token or the configuration is invalid.
    pub fn client(&self, config: Option<&Path>) -> Result<ApiClient, Failure> {
        let address = api_address(self.api.as_deref(), config)?;
        let token = match address {
            ApiAddress::Socket(_) => None,
            ApiAddress::Http(_) => self.read_token()?,
        };
        ApiClient::new(address, token)
    }

    fn read_token(&self) -> Result<Option<SecretString>, Failure> {
        let Some(path) = &self.token_file else {
            let token = std::env::var("RINGWIRE_TOKEN").ok().map(Zeroizing::new);
            return Ok(token.filter(|token| !token.trim().is_empty()).map(|token| token.trim().into()));
        };
        let mut text = Zeroizing::new(String::new());
        let read = File::open(path).and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_string(&mut text));
        let failed =
            |why: String| Failure::new(Code::NoInput, anyhow!("--token-file {}: {why}", path.display()));
        read.map_err(|error| failed(error.to_string()))?;
        match text.trim() {
            "" => Err(failed("the file is empty".to_owned())),
            token => Ok(Some(token.into())),
        }
    }
}

/// The address of the API: `given`, otherwise that in the configuration at `config`, otherwise the default socket.
///
/// The default configuration need not exist, nor be readable.
///
/// # Errors
/// The given address or the configuration is invalid, or the configuration disables the API.
fn api_address(given: Option<&str>, config: Option<&Path>) -> Result<ApiAddress, Failure> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return ApiAddress::parse(given);
    }
    let path = ringwire_config::path(config.map(Path::to_owned));
    let unusable = File::open(&path).err().map(|error| error.kind());
    let optional = config.is_none() && ringwire_config::is_default(&path);
    if optional && matches!(unusable, Some(ErrorKind::NotFound | ErrorKind::PermissionDenied)) {
        return Ok(ApiAddress::Socket(Api::default_socket()));
    }
    configured_address(Config::load(&path, Purpose::Inspect)?.api.as_ref())
}

/// The configured address: the socket if there is one, because it needs no token.
fn configured_address(api: Option<&Api>) -> Result<ApiAddress, Failure> {
    let Some(api) = api else { return Ok(ApiAddress::Socket(Api::default_socket())) };
    match (&api.socket, api.listen) {
        (Some(socket), _) => Ok(ApiAddress::Socket(socket.clone())),
        (None, Some(listen)) => ApiAddress::parse(&format!("http://{listen}")),
        (None, None) => {
            let error =
                anyhow!("the configuration has no API: api.socket is empty and api.listen is not set");
            Err(Failure::new(Code::Config, error).hint("remove `socket = \"\"` from [api]"))
        }
    }
}
