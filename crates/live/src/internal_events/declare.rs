//! Declares an area's events, so that tests can list them with their descriptions.

/// Declares an enum of events. Each event's documentation says when it is emitted; its fields are those of its log line.
macro_rules! internal_events {
    (
        $(#[doc = $about:literal])+
        pub enum $area:ident<$life:lifetime> {
            $(
                $(#[doc = $when:literal])+
                $event:ident $({ $($field:ident: $type:ty),* $(,)? })?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "fields are named as in the log line, and mean the same")]
        pub enum $area<$life> {
            $(
                $(#[doc = $when])+
                $event $({ $($field: $type),* })?
            ),*
        }

        #[cfg(test)]
        impl $area<'_> {
            /// The name of each event, and when it is emitted.
            pub(super) const ALL: &'static [(&'static str, &'static str)] =
                &[$((stringify!($event), concat!($($when),+))),*];

            pub(super) fn name(&self) -> &'static str {
                match self {
                    $(Self::$event { .. } => stringify!($event)),*
                }
            }
        }
    };
}
