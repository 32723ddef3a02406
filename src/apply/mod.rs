//! Puts the hunks of a patch on files: exact context, offsets as git searches them, fuzz never.
