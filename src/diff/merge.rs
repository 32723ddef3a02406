//! Three-way merge of text, decided as git decides it.
