//! RabbitMQ, with the name server of Erlang that it asks for.

use std::process::Command;

use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tempfile::TempDir;

use super::{Broker, Process, until};

/// Debian's own wrapper changes the user, and would have to be killed with its children.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

pub(crate) struct Rabbit {
    process: Process,
    names: Process,
    connection: Option<Connection>,
}

impl Rabbit {
    async fn channel(&mut self) -> Channel {
        let connection = Connection::connect(&self.url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        self.connection = Some(connection);
        channel
    }

    async fn is_ready(&self) {
        let url = self.url();
        until(super::super::LONG, async || {
            Connection::connect(&url, ConnectionProperties::default()).await.is_ok()
        })
        .await;
    }
}

impl Broker for Rabbit {
    async fn start() -> Option<Self> {
        let names = Process::start("epmd", |_, port| {
            let mut command = Command::new("epmd");
            command.args(["-address", "127.0.0.1", "-port", &port.to_string()]);
            command
        });
        let names = names.await?;
        let process =
            Process::start("rabbitmq-server", |directory, port| command(directory, port, names.port)).await?;
        let rabbit = Self { process, names, connection: None };
        rabbit.is_ready().await;
        Some(rabbit)
    }

    fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.process.port)
    }

    async fn prepare(&mut self, destination: &str) {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let channel = self.channel().await;
        channel.queue_declare(destination.into(), options, FieldTable::default()).await.unwrap();
    }

    async fn kill(&mut self) {
        self.process.kill();
    }

    async fn restart(&mut self) {
        let command = command(&self.process.directory, self.process.port, self.names.port);
        self.process.restart(command).await;
        self.is_ready().await;
    }

    async fn ids(&mut self, destination: &str) -> Vec<String> {
        let channel = self.channel().await;
        let mut ids = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) = channel.basic_get(destination.into(), options).await.unwrap() {
            ids.push(message.properties.message_id().as_ref().unwrap().to_string());
        }
        ids
    }
}

fn command(directory: &TempDir, port: u16, names: u16) -> Command {
    let mut command = Command::new(SERVER);
    command
        .env("ERL_EPMD_PORT", names.to_string())
        .env("RABBITMQ_NODENAME", format!("ringwire-{port}@localhost"))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", (port ^ 1).to_string())
        .env("RABBITMQ_MNESIA_BASE", directory.path().join("data"))
        .env("RABBITMQ_LOG_BASE", directory.path().join("log"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", directory.path().join("plugins"))
        .env("RABBITMQ_PID_FILE", directory.path().join("pid"))
        .env("HOME", directory.path());
    command
}
