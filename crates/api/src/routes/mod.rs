//! The routes, one subject a file. Each file gives its routes by the role that they need.

pub(crate) mod calls;
pub(crate) mod channels;
pub(crate) mod charts;
pub(crate) mod commands;
pub(crate) mod components;
pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod session;
