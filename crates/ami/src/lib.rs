//! The wire: Asterisk Manager Interface framing, packets, actions and session.
