//! A connection that goes by steps.

use std::future::pending;
use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast;

use super::script::ScriptStep;
use ringwire_demo::player::{ActionReader, ClientAction};

/// Does `steps` on `stream`; the connection is closed after the last, or when the client closes it.
pub(super) async fn run_steps(
    stream: TcpStream,
    steps: Vec<ScriptStep>,
    actions: &broadcast::Sender<ClientAction>,
) -> io::Result<()> {
    let (input, output) = stream.into_split();
    let mut connection = Connection { input: ActionReader::new(input), output, last: None, actions };
    for step in steps {
        match step {
            ScriptStep::Send(bytes) => connection.output.write_all(&bytes).await?,
            ScriptStep::Await(name) => connection.until(&[&name]).await?,
            ScriptStep::Answer { response, headers } => connection.answer(&response, &headers).await?,
            ScriptStep::AcceptLogin => connection.log_in("Success", "Authentication accepted").await?,
            ScriptStep::RefuseLogin => connection.log_in("Error", "Authentication failed").await?,
            ScriptStep::Ignore => connection.until(&[]).await?,
            ScriptStep::Hold(gate) => gate.opened().await,
            ScriptStep::Stall => pending().await,
            ScriptStep::Reset => {
                connection.output.as_ref().set_zero_linger()?;
                // Dropped, it would close in peace.
                connection.output.forget();
                return Ok(());
            }
        }
    }
    connection.output.shutdown().await
}

struct Connection<'a> {
    input: ActionReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
    last: Option<ClientAction>,
    actions: &'a broadcast::Sender<ClientAction>,
}

impl Connection<'_> {
    /// Reads until an action has one of `names`.
    async fn until(&mut self, names: &[&str]) -> io::Result<()> {
        loop {
            let action = self.input.next_action().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let found = names.iter().any(|name| action.has_name(name));
            // Nobody need watch.
            let _ = self.actions.send(action.clone());
            self.last = Some(action);
            if found {
                return Ok(());
            }
        }
    }

    async fn answer(&mut self, response: &str, headers: &[(String, String)]) -> io::Result<()> {
        let mut text = format!("Response: {response}\r\n");
        if let Some(id) = self.last.as_ref().and_then(|action| action.get("ActionID")) {
            text.push_str(&format!("ActionID: {id}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.output.write_all(text.as_bytes()).await
    }

    async fn log_in(&mut self, response: &str, message: &str) -> io::Result<()> {
        self.until(&["Login", "Challenge"]).await?;
        while self.last.as_ref().is_some_and(|action| action.has_name("Challenge")) {
            self.answer("Success", &[("Challenge".into(), "123456789".into())]).await?;
            self.until(&["Login", "Challenge"]).await?;
        }
        self.answer(response, &[("Message".into(), message.into())]).await
    }
}
