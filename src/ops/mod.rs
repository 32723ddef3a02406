//! What each verb of the command line does: options in, report out.
