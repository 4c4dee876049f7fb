//! ringwire: joins an Asterisk PBX to the systems people work in.
fn main() {}
