//! Line differences (Myers, histogram) with git's choices among equal ones.
