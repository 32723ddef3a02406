use super::super::sample;
use super::*;
