//! The peers of the demo: a PBX that plays recordings, and a Zammad that keeps its state machine.
