//! nats-server with JetStream.

use std::process::Command;

use async_nats::jetstream::{self, stream};
use tempfile::TempDir;

use super::{Broker, Process};

pub(crate) struct Nats {
    process: Process,
    user: Option<&'static str>,
}

impl Nats {
    /// One that wants a password.
    pub(crate) async fn start_with_password() -> Option<Self> {
        Self::start_for(Some("bob")).await
    }

    async fn start_for(user: Option<&'static str>) -> Option<Self> {
        let process = Process::start("nats-server", |directory, port| command(directory, port, user)).await?;
        Some(Self { process, user })
    }

    async fn context(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.url()).await.unwrap())
    }
}

impl Broker for Nats {
    async fn start() -> Option<Self> {
        Self::start_for(None).await
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.process.port)
    }

    async fn prepare(&mut self, destination: &str) {
        let config = stream::Config {
            name: destination.to_owned(),
            subjects: vec![destination.to_owned()],
            ..stream::Config::default()
        };
        self.context().await.create_stream(config).await.unwrap();
    }

    async fn kill(&mut self) {
        self.process.kill();
    }

    async fn restart(&mut self) {
        let command = command(&self.process.directory, self.process.port, self.user);
        self.process.restart(command).await;
    }

    async fn ids(&mut self, destination: &str) -> Vec<String> {
        let mut stream = self.context().await.get_stream(destination).await.unwrap();
        let state = stream.info().await.unwrap().state.clone();
        let mut ids = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            ids.push(message.headers.get("Nats-Msg-Id").unwrap().to_string());
        }
        ids
    }
}

fn command(directory: &TempDir, port: u16, user: Option<&str>) -> Command {
    let mut command = Command::new("nats-server");
    command.args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(directory.path());
    if let Some(user) = user {
        command.args(["--user", user, "--pass", "swordfish"]);
    }
    command
}
