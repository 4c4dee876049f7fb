//! mosquitto, with a subscriber whose session it keeps.

use std::{fs, process::Command, time::Duration};

use rumqttc::v5::{
    AsyncClient, Event, EventLoop, Incoming, MqttOptions,
    mqttbytes::{QoS, v5::Publish},
};
use tempfile::TempDir;
use tokio::time::timeout;

use super::{Broker, Process};

pub(crate) struct Mosquitto(Process);

impl Mosquitto {
    /// One that wants a password, which nobody has.
    pub(crate) async fn start_with_password() -> Option<Self> {
        Self::start_for(false).await
    }

    async fn start_for(is_open: bool) -> Option<Self> {
        // It is not on the path of everybody.
        Process::start("mosquitto", |directory, port| command(directory, port, is_open)).await.map(Self)
    }

    /// The subscriber: while it is away, messages are kept for it.
    fn subscriber(&self) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new("subscriber", "127.0.0.1", self.0.port);
        options.set_clean_start(false).set_session_expiry_interval(Some(3600));
        AsyncClient::new(options, 8)
    }
}

impl Broker for Mosquitto {
    async fn start() -> Option<Self> {
        Self::start_for(true).await
    }

    fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.0.port)
    }

    async fn prepare(&mut self, destination: &str) {
        let (client, mut events) = self.subscriber();
        client.subscribe(destination, QoS::AtLeastOnce).await.unwrap();
        while !matches!(events.poll().await.unwrap(), Event::Incoming(Incoming::SubAck(_))) {}
        client.disconnect().await.unwrap();
        while events.poll().await.is_ok() {}
    }

    async fn kill(&mut self) {
        // What it has confirmed is on disk a second later.
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.0.kill();
    }

    async fn restart(&mut self) {
        let command = command(&self.0.directory, self.0.port, true);
        self.0.restart(command).await;
    }

    async fn ids(&mut self, destination: &str) -> Vec<String> {
        let (client, mut events) = self.subscriber();
        let mut ids = Vec::new();
        let all = async {
            loop {
                match events.poll().await.unwrap() {
                    Event::Incoming(Incoming::ConnAck(_)) => {
                        client.publish(destination, QoS::AtLeastOnce, false, "end").await.unwrap();
                    }
                    Event::Incoming(Incoming::Publish(message)) if message.payload == "end" => break,
                    Event::Incoming(Incoming::Publish(message)) => ids.push(id(&message)),
                    _ => {}
                }
            }
        };
        timeout(super::super::LONG, all).await.unwrap();
        ids
    }
}

fn id(message: &Publish) -> String {
    let properties = &message.properties.as_ref().unwrap().user_properties;
    properties.iter().find(|(name, _)| name == "idempotency-key").unwrap().1.clone()
}

fn command(directory: &TempDir, port: u16, is_open: bool) -> Command {
    let file = directory.path().join("mosquitto.conf");
    let store = directory.path().display();
    fs::write(
        &file,
        format!(
            "listener {port} 127.0.0.1\nallow_anonymous {is_open}\npersistence true\npersistence_location {store}/\n\
             autosave_on_changes true\nautosave_interval 1\nuser root\nmax_queued_messages 0\nmax_inflight_messages 0\n"
        ),
    )
    .unwrap();
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(file);
    // Debian has it where only root looks.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    command
}
