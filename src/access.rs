//! How a command reaches the running daemon.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use ringwire_client::{Address, Client};
use ringwire_config::{Api, Config, Purpose};
use ringwire_terminal::{Code, Failure};
use secrecy::{SecretString, zeroize::Zeroizing};

/// The longest token, in bytes.
const LONGEST_TOKEN: u64 = 4 << 10;

/// How the running daemon is reached.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for the running daemon")]
pub(crate) struct Access {
    /// API address: the path of a socket, or http://127.0.0.1:PORT [default: from the configuration, or
    /// /run/ringwire/ringwire.sock]
    #[arg(long, value_name = "ADDRESS", env = "RINGWIRE_API")]
    api: Option<String>,
    /// File with the API token; a socket needs none [default: $RINGWIRE_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Access {
    /// Whether an API was named, on the command line or in the environment.
    pub(crate) fn is_named(&self) -> bool {
        self.api.is_some()
    }

    /// A client of the API that was named, else of the one in the configuration at `config` or the default one.
    ///
    /// # Errors
    /// The address, the token or the configuration cannot be used. Whether anybody is there is not asked.
    pub(crate) fn client(&self, config: Option<&Path>) -> Result<Client, Failure> {
        let address = address(self.api.as_deref(), config)?;
        let token = match address {
            Address::Socket(_) => None,
            Address::Http(_) => self.token()?,
        };
        Client::new(address, token)
    }

    fn token(&self) -> Result<Option<SecretString>, Failure> {
        let Some(path) = &self.token_file else {
            let token = std::env::var("RINGWIRE_TOKEN").ok().map(Zeroizing::new);
            return Ok(token.filter(|token| !token.trim().is_empty()).map(|token| token.trim().into()));
        };
        let mut text = Zeroizing::new(String::new());
        let read = File::open(path).and_then(|file| file.take(LONGEST_TOKEN).read_to_string(&mut text));
        let failed =
            |why: String| Failure::new(Code::NoInput, anyhow!("--token-file {}: {why}", path.display()));
        read.map_err(|error| failed(error.to_string()))?;
        match text.trim() {
            "" => Err(failed("the file is empty".to_owned())),
            token => Ok(Some(token.into())),
        }
    }
}

/// Where the API is: the address `given`, else the one in the configuration at `config`, else the default socket.
///
/// A configuration that nobody named need not be there, nor be readable for this user.
///
/// # Errors
/// What was given is no address, the configuration cannot be used, or it says that there is no API.
fn address(given: Option<&str>, config: Option<&Path>) -> Result<Address, Failure> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Address::parse(given);
    }
    let path = ringwire_config::path(config.map(Path::to_owned));
    let unusable = File::open(&path).err().map(|error| error.kind());
    let optional = config.is_none() && ringwire_config::is_default(&path);
    if optional && matches!(unusable, Some(ErrorKind::NotFound | ErrorKind::PermissionDenied)) {
        return Ok(Address::Socket(Api::default_socket()));
    }
    configured(Config::load(&path, Purpose::Inspect)?.api.as_ref())
}

/// The address that a configuration gives: the socket, which asks for no token, where there is one.
fn configured(api: Option<&Api>) -> Result<Address, Failure> {
    let Some(api) = api else { return Ok(Address::Socket(Api::default_socket())) };
    match (&api.socket, api.listen) {
        (Some(socket), _) => Ok(Address::Socket(socket.clone())),
        (None, Some(listen)) => Address::parse(&format!("http://{listen}")),
        (None, None) => {
            let error =
                anyhow!("the configuration has no API: api.socket is empty and api.listen is not set");
            Err(Failure::new(Code::Config, error).hint("remove `socket = \"\"` from [api]"))
        }
    }
}
