//! Misbehaving peers for fault tests: an Asterisk and a receiver.
