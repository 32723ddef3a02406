//! The ordered patches of one kernel series.
