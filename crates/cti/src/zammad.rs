//! Zammad's generic CTI endpoint.
