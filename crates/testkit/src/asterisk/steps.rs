//! Runs the steps of a scripted connection.

use std::future::pending;
use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast;

use super::script::ScriptStep;
use ringwire_demo::player::{ActionReader, ClientAction};

/// Runs `steps` on `stream`, and closes the connection after the last one or when the client closes it.
pub(super) async fn run_steps(
    stream: TcpStream,
    steps: Vec<ScriptStep>,
    actions: &broadcast::Sender<ClientAction>,
) -> io::Result<()> {
    let (input, output) = stream.into_split();
    let mut connection = ScriptedConnection { input: ActionReader::new(input), output, last: None, actions };
    for step in steps {
        match step {
            ScriptStep::Send(bytes) => connection.output.write_all(&bytes).await?,
            ScriptStep::Await(name) => connection.read_until(&[&name]).await?,
            ScriptStep::Answer { response, headers } => connection.respond(&response, &headers).await?,
            ScriptStep::AcceptLogin => connection.answer_login("Success", "Authentication accepted").await?,
            ScriptStep::RefuseLogin => connection.answer_login("Error", "Authentication failed").await?,
            ScriptStep::Ignore => connection.read_until(&[]).await?,
            ScriptStep::Hold(gate) => gate.opened().await,
            ScriptStep::Stall => pending().await,
            ScriptStep::Reset => {
                connection.output.as_ref().set_zero_linger()?;
                // Dropping it would close the connection normally instead of resetting it.
                connection.output.forget();
                return Ok(());
            }
        }
    }
    connection.output.shutdown().await
}

struct ScriptedConnection<'a> {
    input: ActionReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
    last: Option<ClientAction>,
    actions: &'a broadcast::Sender<ClientAction>,
}

impl ScriptedConnection<'_> {
    /// Reads until an action has one of `names`.
    async fn read_until(&mut self, names: &[&str]) -> io::Result<()> {
        loop {
            let action = self.input.next_action().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let found = names.iter().any(|name| action.has_name(name));
            // It fails if nobody subscribed.
            let _ = self.actions.send(action.clone());
            self.last = Some(action);
            if found {
                return Ok(());
            }
        }
    }

    async fn respond(&mut self, response: &str, headers: &[(String, String)]) -> io::Result<()> {
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

    async fn answer_login(&mut self, response: &str, message: &str) -> io::Result<()> {
        self.read_until(&["Login", "Challenge"]).await?;
        while self.last.as_ref().is_some_and(|action| action.has_name("Challenge")) {
            self.respond("Success", &[("Challenge".into(), "123456789".into())]).await?;
            self.read_until(&["Login", "Challenge"]).await?;
        }
        self.respond(response, &[("Message".into(), message.into())]).await
    }
}
